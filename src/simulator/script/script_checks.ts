/** Finds contradictions in a well-formed script. */

import type { Path } from "../../jsonc.ts";
import { speakingMs } from "../synthetic_voice.ts";
import { matches, parsePattern } from "./differences.ts";
import { callsOf } from "./script.ts";
import type { ModelDocument, ScriptDocument, TurnDocument, TurnExpectation } from "./script_schema.ts";

export interface ScriptProblem {
  readonly path: Path;
  /** `found …; allowed: …` */
  readonly text: string;
}

export function* findProblems(script: ScriptDocument): Generator<ScriptProblem> {
  const { turns, expect = {} } = script;
  for (const [i, turn] of turns.entries()) {
    const path = ["turns", i];
    yield* turnProblems(turn, path);
    const previousTurn = turns[i - 1];
    if (previousTurn?.caller?.hangUp) {
      yield { path, text: "found a turn after the caller hung up; allowed: none" };
    }
    if (turn.caller?.interrupt !== undefined) {
      yield* interruptProblems(turn.caller.interrupt, previousTurn, [...path, "caller", "interrupt"]);
    }
  }
  const last = turns.at(-1)?.caller;
  // The service answers the caller's last words, so the script needs a turn of the model after them.
  if (last && (last.say !== undefined || last.wav !== undefined) && !last.hangUp) {
    const text =
      "found speech without an answer at the end; allowed: a turn of the model after it, or hangUp with it";
    yield { path: ["turns", turns.length - 1], text };
  }
  yield* patternProblems(script, []);
  if (expect.ending === "rejected" && turns.length > 0) {
    yield { path: ["turns"], text: "found turns of a call that is rejected; allowed: an empty list" };
  }
  const modelTexts = turns.flatMap(({ model }) => model?.say ? [model.say] : []);
  for (const [i, text] of (expect.heard ?? []).entries()) {
    if (isPattern(text) ? modelTexts.some((one) => matches(text, one)) : modelTexts.includes(text)) continue;
    const problem = `found ${JSON.stringify(text)}; allowed: the text of a turn of the model`;
    yield { path: ["expect", "heard", i], text: problem };
  }
}

function* turnProblems({ model, caller, expect }: TurnDocument, path: Path): Generator<ScriptProblem> {
  if (Boolean(model) === Boolean(caller)) {
    yield { path, text: `found ${model ? "both" : "neither"}; allowed: one of model, caller` };
    return;
  }
  if (model) yield* modelProblems(model, expect ?? {}, path);
  if (!caller) return;
  const at = (name: string, text: string) => ({ path: [...path, "caller", name], text });
  if (expect) {
    yield { path: [...path, "expect"], text: "found an expectation; allowed: in turns of the model" };
  }
  if (Object.values(caller).every((value) => value === undefined || value === 0)) {
    yield { path: [...path, "caller"], text: "found no action; allowed: say, wav, press, pause, hangUp" };
  }
  const { interrupt, say, wav } = caller;
  if (interrupt !== undefined && say === undefined && wav === undefined) {
    yield at("interrupt", "found nothing to interrupt with; allowed: with say or wav");
  }
  if (wav !== undefined && typeof say === "number") {
    yield at("say", "found milliseconds beside a WAV; allowed: the WAV's text, or nothing");
  }
}

function* modelProblems(
  model: ModelDocument,
  expect: TurnExpectation,
  path: Path,
): Generator<ScriptProblem> {
  const { say, wav, call, calls: callList, approval, mcp, fail } = model;
  const calls = callsOf(model);
  const at = (section: string, name: string, text: string) => ({ path: [...path, section, name], text });
  if (say === undefined && wav === undefined && calls.length === 0 && !approval && !mcp && !fail) {
    const text =
      'found no action; allowed: say, wav, call, calls, mcp, approval, fail; say "" for an empty response';
    yield { path: [...path, "model"], text };
  }
  if (call && callList) yield at("model", "calls", "found call and calls; allowed: one of them");
  if (fail) {
    if (Object.values(fail).filter((value) => value !== undefined).length !== 1) {
      yield at("model", "fail", "found none or several; allowed: one of response, error, close, hang");
    }
    if (fail.error !== undefined && (say || wav !== undefined || calls.length > 0 || approval || mcp)) {
      yield at("model", "fail", "found an error beside a response; allowed: an error alone");
    }
  }
  const { output, outputs, approved, heard } = expect;
  if (output !== undefined && calls.length !== 1) {
    const text = `found it for ${calls.length} calls; allowed: for one; use outputs for several`;
    yield at("expect", "output", text);
  }
  if (outputs && outputs.length !== calls.length) {
    yield at("expect", "outputs", `found ${outputs.length} for ${calls.length} calls; allowed: one for each`);
  }
  if (approved !== undefined && !approval) {
    yield at("expect", "approved", "found it without an approval; allowed: with approval");
  }
  if (heard !== undefined && !say && wav === undefined) {
    yield at("expect", "heard", "found it without speech; allowed: with say or wav");
  }
  if (Array.isArray(heard) && heard[0] > heard[1]) {
    yield at("expect", "heard", "found a minimum above the maximum; allowed: [from, to]");
  }
}

function* interruptProblems(
  ms: number,
  previousTurn: TurnDocument | undefined,
  path: Path,
): Generator<ScriptProblem> {
  const { say, wav } = previousTurn?.model ?? {};
  if (!say && wav === undefined) {
    yield { path, text: "found nothing to interrupt; allowed: right after a turn in which the model speaks" };
  } else if (wav === undefined && say && speakingMs(say) <= ms) {
    yield { path, text: `found ${ms} ms into an answer of ${speakingMs(say)} ms; allowed: less than that` };
  }
}

function* patternProblems(value: unknown, path: Path): Generator<ScriptProblem> {
  if (typeof value === "string") {
    if (path.includes("expect") && !isPattern(value) && /^\/.+\/[a-z]*$/s.test(value)) {
      const text = `found ${JSON.stringify(value)}; allowed: a regular expression, with the flags i, m, s, u`;
      yield { path, text };
    }
  } else if (typeof value === "object" && value !== null) {
    for (const [key, part] of Object.entries(value)) {
      yield* patternProblems(part, [...path, Array.isArray(value) ? Number(key) : key]);
    }
  }
}

function isPattern(text: string): boolean {
  try {
    return parsePattern(text) !== undefined;
  } catch {
    return false;
  }
}
