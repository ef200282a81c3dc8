/** Compares an ended call with its script. */

import { BYTES_PER_MS } from "../../audio/line_format.js";
import { isObject } from "../../json.ts";
import type { CallOutcome } from "../caller/place_call.ts";
import { findAudio } from "./audio_search.ts";
import { type Difference, differences, formatDifference, sessionDifferences } from "./differences.ts";
import { detectKeys } from "./dtmf_detector.ts";
import type { Script } from "./script.ts";
import type { ScriptProgress, TurnRecord } from "./script_progress.ts";
import type { TurnExpectation } from "./script_schema.ts";
import type { ScriptedModel } from "./scripted_model.ts";

/** The result of one step. */
export interface Step {
  /** `case.json:12`; empty for the step of the whole call. */
  readonly location: string;
  readonly actor: "model" | "caller" | "call";
  readonly title: string;
  readonly state: "ok" | "failed" | "not reached";
  /** `expected …, got …` */
  readonly problems: readonly string[];
  /** What else happened: errors of tools that the script does not expect. */
  readonly notes?: readonly string[];
}

/** Tolerance of the audio search at the end of the speech (ms). */
const TOLERANCE_MS = 60;

/** One step for each turn, and one for the call. */
export function evaluateScript(progress: ScriptProgress, model: ScriptedModel, outcome: CallOutcome): Step[] {
  const { script, records } = progress;
  const wasStopped = progress.stopped.aborted;
  const heard = heardMsByTurn(records, outcome);
  const firstMissing = records.find(({ startedAt, problems }) =>
    startedAt === undefined && problems.length === 0
  );
  const steps = records.map((record): Step => {
    const { turn: { location, actor, title }, startedAt } = record;
    const problems = [...record.problems, ...turnProblems(record, heard.get(record) ?? 0)];
    // The first missing turn gets the reason, unless a problem stopped the rehearsal.
    if (record === firstMissing && !wasStopped) problems.push(`not reached: ${describeEnding(outcome)}`);
    const state = problems.length > 0 ? "failed" : startedAt === undefined ? "not reached" : "ok";
    const notes = toolErrors(record);
    return { location, actor, title, state, problems, ...(notes.length > 0 ? { notes } : {}) };
  });
  const problems = [
    ...progress.problems,
    ...wasStopped ? [] : endingProblems(script, outcome),
    ...callDifferences(script, model, outcome, records, heard).map(formatDifference),
  ];
  const isReached = !wasStopped || progress.problems.length > 0;
  return [...steps, {
    location: "",
    actor: "call",
    title: describeEnding(outcome),
    state: problems.length > 0 ? "failed" : isReached ? "ok" : "not reached",
    problems,
  }];
}

/** The heard part of each turn of the model (ms). */
function heardMsByTurn(records: readonly TurnRecord[], { callers }: CallOutcome): Map<TurnRecord, number> {
  const heard = new Map<TurnRecord, number>();
  const searchedUntil = callers.map(() => 0);
  for (const record of records) {
    const { turn: { speech, actor }, startedAt } = record;
    if (actor !== "model" || !speech || startedAt === undefined) continue;
    for (const [i, caller] of callers.entries()) {
      const from = Math.max(searchedUntil[i] ?? 0, BYTES_PER_MS * (startedAt - caller.startedAt));
      const match = findAudio(speech, caller.recording.heard, from);
      if (!match) continue;
      heard.set(record, match.length / BYTES_PER_MS);
      searchedUntil[i] = match.at + match.length;
      break;
    }
  }
  return heard;
}

/** The output that the script expects of each function call. */
function expectedOutputs({ output, outputs }: TurnExpectation): readonly unknown[] {
  return outputs ?? (output === undefined ? [] : [output]);
}

/** Problems found after a turn: function outputs, and the heard part. */
function* turnProblems(
  { turn, startedAt, outputs, approved }: TurnRecord,
  heardMs: number,
): Generator<string> {
  if (turn.actor !== "model" || startedAt === undefined) return;
  const { expect, calls, speech } = turn;
  const expected = expectedOutputs(expect);
  for (const [i, output] of expected.entries()) {
    const path = expected.length > 1 ? `outputs[${i}]` : "output";
    const text = outputs[i];
    if (text === undefined) yield `${path}: expected one of ${calls[i]?.name}, got none`;
    else yield* differences(output, parsedJson(text), path).map(formatDifference);
  }
  if (expect.approved !== undefined && approved !== expect.approved) {
    yield `approved: expected ${expect.approved}, got ${approved ?? "no answer"}`;
  }
  const totalMs = (speech?.length ?? 0) / BYTES_PER_MS;
  const { heard } = expect;
  const actual = `${Math.round(heardMs)} of ${Math.round(totalMs)} ms`;
  const heardAll = heardMs >= totalMs - TOLERANCE_MS;
  if (Array.isArray(heard)) {
    const [min, max] = heard;
    if (heardMs < min || heardMs > max) yield `heard: expected ${min} to ${max} ms, got ${actual}`;
  } else if (heard && heard !== (heardAll ? "all" : heardMs > 0 ? "part" : "nothing")) {
    yield `heard: expected ${heard}, got ${actual}`;
  }
}

/** The errors with which tools answered, as far as the script expects none. */
function toolErrors({ turn, outputs }: TurnRecord): string[] {
  if (turn.actor !== "model") return [];
  const { expect, calls } = turn;
  const expected = expectedOutputs(expect);
  return outputs.flatMap((text, i) => {
    const output = text === undefined ? undefined : parsedJson(text);
    const wanted = expected[i];
    const isExpected = typeof wanted === "string" || isObject(wanted) && "error" in wanted;
    if (isExpected || !isObject(output) || typeof output.error !== "string") return [];
    return [`${calls[i]?.name} answered with the error ${JSON.stringify(output.error)}`];
  });
}

function endingProblems({ expect }: Script, { ending, problem }: CallOutcome): string[] {
  if (expect.ending === undefined) return problem === undefined ? [] : [problem];
  if (expect.ending === ending) return [];
  return [`ending: expected ${expect.ending}, got ${ending}${problem === undefined ? "" : ` (${problem})`}`];
}

function callDifferences(
  { expect }: Script,
  model: ScriptedModel,
  { callers, verbs }: CallOutcome,
  records: readonly TurnRecord[],
  heard: Map<TurnRecord, number>,
): Difference[] {
  const result: Difference[] = [];
  if (expect.verbs) {
    const expected = expect.verbs.map((verb) => typeof verb === "string" ? { verb } : verb);
    const actualVerbs = JSON.stringify(verbs.map(({ verb }) => verb));
    if (expected.length === verbs.length) result.push(...differences(expected, verbs, "verbs"));
    else result.push({ path: "verbs", expected: JSON.stringify(expect.verbs), actual: actualVerbs });
  }
  if (expect.heard) {
    const texts = records.filter((record) => (heard.get(record) ?? 0) > 0)
      .map(({ turn }) => turn.actor === "model" ? turn.text : "");
    result.push(...differences(expect.heard, texts, "heard"));
  }
  if (expect.digits !== undefined) {
    const digits = callers.map(({ recording }) => detectKeys(recording.heard)).join("");
    result.push(...differences(expect.digits, digits, "digits"));
  }
  if (expect.session && model.firstConfig) {
    result.push(...sessionDifferences(expect.session, model.firstConfig));
  } else if (expect.session) {
    result.push({ path: "session", expected: "settings", actual: "none: no session was configured" });
  }
  return result;
}

function describeEnding({ ending }: CallOutcome): string {
  switch (ending) {
    case "caller":
      return "the caller hung up";
    case "service":
      return "the service ended the call";
    case "transferred":
      return "the call was transferred";
    case "rejected":
      return "the call was rejected";
    case "failed":
      return "the call failed";
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
