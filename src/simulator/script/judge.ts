/** What became of a script, once its call is over. */

import type { CallOutcome } from "../caller/place_call.ts";
import { type Difference, differences } from "./match.ts";
import { findHeard } from "./heard.ts";
import { keysHeard } from "./keypad_tones.ts";
import { inWords, type ScriptedMind } from "./mind.ts";
import type { Prompter, TurnRecord } from "./prompter.ts";
import type { Script } from "./script.ts";
import { sessionDifferences } from "./session.ts";

/** How one step went. */
export interface Step {
  /** Where in the script: `case.json:12`; empty for what is expected of the call. */
  readonly where: string;
  /** Whose turn it is; the call's for what is expected of it. */
  readonly who: "model" | "caller" | "call";
  readonly title: string;
  readonly state: "ok" | "failed" | "not reached";
  /** What is wrong: expected …, got …. */
  readonly problems: readonly string[];
}

/** So much at the end of what was said may be lost to what finds it (ms). */
const ALL_BUT_MS = 60;

/** Judges each turn, and the call. */
export function judge(prompter: Prompter, mind: ScriptedMind, outcome: CallOutcome): Step[] {
  const { script, records } = prompter;
  const wasStopped = prompter.stopped.aborted;
  const heard = hearings(records, outcome);
  const broke = records.find(({ beganAt, problems }) => beganAt === undefined && problems.length === 0);
  const steps = records.map((record): Step => {
    const { turn, beganAt } = record;
    const problems = [...record.problems, ...lateProblems(record, heard.get(record) ?? 0)];
    // Of the first turn that did not come it is told why, unless something else ended the rehearsal.
    if (record === broke && !wasStopped) {
      problems.push(`it never came: ${endInWords(outcome)}`);
    }
    const state = problems.length > 0 ? "failed" : beganAt === undefined ? "not reached" : "ok";
    return { where: turn.where, who: turn.who, title: turn.title, state, problems };
  });
  const problems = [
    ...prompter.problems,
    ...wasStopped ? [] : endProblems(script, outcome),
    ...callDifferences(script, mind, outcome, records, heard).map(inWords),
  ];
  const isReached = !wasStopped || prompter.problems.length > 0;
  return [...steps, {
    where: "",
    who: "call",
    title: endInWords(outcome),
    state: problems.length > 0 ? "failed" : isReached ? "ok" : "not reached",
    problems,
  }];
}

/** How many ms of each turn of the model were heard. */
function hearings(records: readonly TurnRecord[], { callers }: CallOutcome): Map<TurnRecord, number> {
  const found = new Map<TurnRecord, number>();
  const from = callers.map(() => 0);
  for (const record of records) {
    const { turn: { speech, who }, beganAt } = record;
    if (who !== "model" || !speech || beganAt === undefined) continue;
    for (const [i, { recording, startedAt }] of callers.entries()) {
      const earliest = Math.max(from[i] ?? 0, 8 * (beganAt - startedAt));
      const hearing = findHeard(speech, recording.heard, earliest);
      if (!hearing) continue;
      found.set(record, hearing.length / 8);
      from[i] = hearing.at + hearing.length;
      break;
    }
  }
  return found;
}

/** What is known of a turn only now: what its calls came to, and how much of it was heard. */
function* lateProblems({ turn, beganAt, outputs, approved }: TurnRecord, heardMs: number): Generator<string> {
  if (turn.who !== "model" || beganAt === undefined) return;
  const { expect, calls, speech } = turn;
  const wanted = expect.outputs ?? (expect.output === undefined ? [] : [expect.output]);
  for (const [i, expected] of wanted.entries()) {
    const path = wanted.length > 1 ? `outputs[${i}]` : "output";
    const text = outputs[i];
    if (text === undefined) yield `${path}: expected one of ${calls[i]?.name}, got none`;
    else yield* differences(expected, parsed(text), path).map(inWords);
  }
  if (expect.approved !== undefined && approved !== expect.approved) {
    yield `approved: expected ${expect.approved}, got ${approved ?? "no answer"}`;
  }
  const allMs = (speech?.length ?? 0) / 8;
  const { heard } = expect;
  const got = `${Math.round(heardMs)} of ${Math.round(allMs)} ms`;
  const isAll = heardMs >= allMs - ALL_BUT_MS;
  if (Array.isArray(heard)) {
    const [least, most] = heard;
    if (heardMs < least || heardMs > most) yield `heard: expected ${least} to ${most} ms, got ${got}`;
  } else if (heard && heard !== (isAll ? "all" : heardMs > 0 ? "part" : "nothing")) {
    yield `heard: expected ${heard}, got ${got}`;
  }
}

function endProblems({ expect }: Script, { ending, problem }: CallOutcome): string[] {
  if (expect.ending === undefined) return problem === undefined ? [] : [problem];
  if (expect.ending === ending) return [];
  return [`ending: expected ${expect.ending}, got ${ending}${problem === undefined ? "" : ` (${problem})`}`];
}

function callDifferences(
  { expect }: Script,
  mind: ScriptedMind,
  { callers, verbs }: CallOutcome,
  records: readonly TurnRecord[],
  heard: Map<TurnRecord, number>,
): Difference[] {
  const found: Difference[] = [];
  if (expect.verbs) {
    const wanted = expect.verbs.map((verb) => typeof verb === "string" ? { verb } : verb);
    const met = verbs.map((verb) => verb.verb);
    found.push(
      ...wanted.length === verbs.length
        ? differences(wanted, verbs, "verbs")
        : [{ path: "verbs", expected: JSON.stringify(expect.verbs), got: JSON.stringify(met) }],
    );
  }
  if (expect.heard) {
    const texts = records.filter((record) => (heard.get(record) ?? 0) > 0)
      .map(({ turn }) => turn.who === "model" ? turn.text : "");
    found.push(...differences(expect.heard, texts, "heard"));
  }
  if (expect.digits !== undefined) {
    const digits = callers.map(({ recording }) => keysHeard(recording.heard)).join("");
    found.push(...differences(expect.digits, digits, "digits"));
  }
  if (expect.session) {
    found.push(
      ...mind.firstConfig
        ? sessionDifferences(expect.session, mind.firstConfig)
        : [{ path: "session", expected: "settings", got: "none: no session was configured" }],
    );
  }
  return found;
}

function endInWords({ ending }: CallOutcome): string {
  switch (ending) {
    case "caller":
      return "the caller hung up";
    case "service":
      return "the service ended the call";
    case "transferred":
      return "the call was transferred";
    case "rejected":
      return "the call was rejected";
    case "broken":
      return "the call broke off";
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
