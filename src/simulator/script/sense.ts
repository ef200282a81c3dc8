/** Finds what a script asks for that can never come. */

import { matches, patternIn } from "./match.ts";
import type { Written, WrittenTurn } from "./schema.ts";
import { callsOf } from "./script.ts";
import type { Path } from "../../jsonc.ts";
import type { Problem } from "./source.ts";
import { msToSay } from "./voice.ts";

/** What makes no sense in a script of the right form. */
export function* nonsenseIn(script: Written): Generator<Problem> {
  const { turns, expect = {} } = script;
  for (const [i, turn] of turns.entries()) {
    const path = ["turns", i];
    yield* ownNonsense(turn, path);
    const before = turns[i - 1];
    if (before?.caller?.hangUp) {
      yield { path, text: "found a turn after the caller hung up; allowed: nothing" };
    }
    if (turn.caller?.interrupt !== undefined) {
      yield* badInterruption(turn.caller.interrupt, before, [...path, "caller", "interrupt"]);
    }
  }
  yield* badEnd(turns.at(-1), turns.length - 1);
  yield* wrongPatterns(script, []);
  if (expect.ending === "rejected" && turns.length > 0) {
    yield { path: ["turns"], text: "found turns of a call that is rejected; allowed: an empty list" };
  }
  const said = turns.flatMap(({ model }) => model?.say ? [model.say] : []);
  for (const [i, text] of (expect.heard ?? []).entries()) {
    if (isPattern(text) && said.some((one) => matches(text, one))) continue;
    if (!said.includes(text)) {
      yield {
        path: ["expect", "heard", i],
        text: `found ${JSON.stringify(text)}; allowed: what a turn of the model says`,
      };
    }
  }
}

function* ownNonsense({ model, caller, expect }: WrittenTurn, path: Path): Generator<Problem> {
  if (Boolean(model) === Boolean(caller)) {
    yield { path, text: "found a turn of both or of nobody; allowed: one of model, caller" };
    return;
  }
  if (caller) {
    if (expect) {
      yield { path: [...path, "expect"], text: "found an expectation; allowed: in turns of the model" };
    }
    if (Object.values(caller).every((value) => value === undefined || value === 0)) {
      yield {
        path: [...path, "caller"],
        text: "found nothing to do; allowed: say, wav, press, pause, hangUp",
      };
    }
    const { interrupt, say, wav } = caller;
    if (interrupt !== undefined && say === undefined && wav === undefined) {
      yield {
        path: [...path, "caller", "interrupt"],
        text: "found no words to interrupt with; allowed: with say or wav",
      };
    }
    if (wav !== undefined && typeof say === "number") {
      yield {
        path: [...path, "caller", "say"],
        text: "found milliseconds beside a WAV; allowed: its text, or nothing",
      };
    }
    return;
  }
  if (model) yield* modelNonsense(model, expect ?? {}, path);
}

function* modelNonsense(
  model: NonNullable<WrittenTurn["model"]>,
  expect: NonNullable<WrittenTurn["expect"]>,
  path: Path,
): Generator<Problem> {
  const { say, wav, call, calls: several, approval, fail } = model;
  const calls = callsOf(model);
  const at = (...more: Path) => [...path, ...more];
  if (say === undefined && wav === undefined && calls.length === 0 && !approval && !fail) {
    yield {
      path: at("model"),
      text: 'found nothing to do; allowed: say, wav, call, calls, approval, fail; say "" for nothing',
    };
  }
  if (call && several) {
    yield { path: at("model", "calls"), text: "found call and calls; allowed: one of them" };
  }
  if (fail) {
    const ways = Object.values(fail).filter((value) => value !== undefined).length;
    if (ways !== 1) {
      yield {
        path: at("model", "fail"),
        text: "found no single way; allowed: one of response, error, close, hang",
      };
    }
    if (fail.error !== undefined && (say || wav !== undefined || calls.length > 0 || approval)) {
      yield {
        path: at("model", "fail"),
        text: "found an error instead of a response that says something; allowed: nothing else",
      };
    }
  }
  const { output, outputs, approved, heard } = expect;
  if (output !== undefined && calls.length !== 1) {
    yield {
      path: at("expect", "output"),
      text: `found it for ${calls.length} calls; allowed: for one; outputs is for several`,
    };
  }
  if (outputs && outputs.length !== calls.length) {
    yield {
      path: at("expect", "outputs"),
      text: `found ${outputs.length} for ${calls.length} calls; allowed: one for each`,
    };
  }
  if (approved !== undefined && !approval) {
    yield {
      path: at("expect", "approved"),
      text: "found it where nothing is asked for; allowed: with approval",
    };
  }
  if (heard !== undefined && !say && wav === undefined) {
    yield { path: at("expect", "heard"), text: "found it where nothing is said; allowed: with say or wav" };
  }
  if (Array.isArray(heard) && heard[0] > heard[1]) {
    yield { path: at("expect", "heard"), text: "found more at least than at most; allowed: [from, to]" };
  }
}

function* badInterruption(ms: number, before: WrittenTurn | undefined, path: Path): Generator<Problem> {
  const { say, wav } = before?.model ?? {};
  if (!say && wav === undefined) {
    yield {
      path,
      text: "found nothing to interrupt; allowed: right after a turn in which the model says something",
    };
  } else if (wav === undefined && say && msToSay(say) <= ms) {
    yield { path, text: `found ${ms} ms into an answer of ${msToSay(say)} ms; allowed: less than that` };
  }
}

/** The caller's last words are answered: there has to be an answer. */
function* badEnd(last: WrittenTurn | undefined, i: number): Generator<Problem> {
  const caller = last?.caller;
  if (caller && (caller.say !== undefined || caller.wav !== undefined) && !caller.hangUp) {
    yield {
      path: ["turns", i],
      text:
        "found words at the end that nobody answers; allowed: a turn of the model after them, or hangUp with them",
    };
  }
}

function* wrongPatterns(value: unknown, path: Path): Generator<Problem> {
  if (typeof value === "string") {
    if (path.includes("expect") && !isPattern(value) && /^\/.+\/[a-z]*$/s.test(value)) {
      yield {
        path,
        text: `found ${JSON.stringify(value)}; allowed: a regular expression, with the flags i, m, s, u`,
      };
    }
  } else if (typeof value === "object" && value !== null) {
    for (const [key, part] of Object.entries(value)) {
      yield* wrongPatterns(part, [...path, Array.isArray(value) ? Number(key) : key]);
    }
  }
}

function isPattern(text: string): boolean {
  try {
    return patternIn(text) !== undefined;
  } catch {
    return false;
  }
}
