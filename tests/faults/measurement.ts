import type { CallScript } from "./call_script.ts";
import type { CellCallResult } from "./cell_call.ts";
import type { Phase } from "./fault.ts";
import type { NumberedCaller } from "./numbered_caller.ts";
import { type NumberedModel, TOOL_RESULT } from "./numbered_model.ts";
import type { OperatorServer } from "./operator_server.ts";
import type { SessionLog } from "./session_log.ts";
import type { Voice } from "./voice.ts";

/** What one cell showed. Times are in ms, frames are 20 ms. */
export interface Measurement {
  /** `goes on`: the caller finished the script and hung up. */
  readonly outcome: "goes on" | "service ended" | "too long" | "fault not reached";
  /** What Twilio said. */
  readonly said: string;
  /** Frames of the caller that no session received, and those of speech among them. */
  readonly lost: number;
  readonly lostSpeech: number;
  /** Frames that one session received twice. */
  readonly doubled: number;
  /** Frames that a later session received again. */
  readonly repeated: number;
  /** Longest time without a sound of either side, from the fault to the end. */
  readonly silenceMs: number;
  /** From the fault to the next configured session; undefined without one. */
  readonly recoveryMs: number | undefined;
  /** From the dial of that session to its confirmation. */
  readonly handshakeMs: number;
  /** From the fault to the first sound of a reply planned after it. */
  readonly audioMs: number | undefined;
  /** Utterances without a reply that was heard. */
  readonly unanswered: number;
  readonly sessions: number;
  readonly streams: number;
  /** Facts that were known before the fault, and that the next session did not get. */
  readonly unknown: readonly string[];
  readonly toolRuns: number;
  /** Numbers dialled for transfers. */
  readonly dials: number;
  readonly records: number;
  readonly webhooks: number;
  /** Turns of the caller in the record, and utterances spoken. */
  readonly recordedTurns: number;
  readonly spokenTurns: number;
  readonly socketsLeft: number;
  /** Errors of the model and warnings of Twilio: messages of Parley they refused. */
  readonly refusedMessages: number;
  /** How late timers of this process fired at most, from the fault on. */
  readonly lagMs: number;
}

export interface CellRun {
  readonly phase: Phase;
  readonly script: CallScript;
  readonly voice: Voice;
  readonly caller: NumberedCaller;
  readonly model: NumberedModel;
  readonly operator: OperatorServer;
  readonly ended: CellCallResult;
  readonly faultAt: number | undefined;
  readonly endedAt: number;
  readonly records: number;
  readonly recordedTurns: number;
  readonly socketsLeft: number;
  readonly lagMs: number;
}

/** Frames so close to the end of a stream may still be on their way (ms). */
const IN_TRANSIT_MS = 1_000;
/** Part of a reply that must be heard before the next session has to know it (frames). */
const NOTEWORTHY_FRAMES = 25;

export function measure(run: CellRun): Measurement {
  const { caller, model, operator, ended, faultAt, endedAt, voice } = run;
  const lost = lostFrames(run);
  const next = faultAt === undefined
    ? undefined
    : model.sessions.find(({ index, readyAt }) => readyAt !== undefined && readyAt > faultAt && index > 0);
  const spoken = new Set(caller.sent.flatMap(({ utterance }) => utterance ?? []));
  return {
    outcome: outcomeOf(run),
    said: ended.said.join(" "),
    lost: lost.length,
    lostSpeech: lost.filter((frame) => caller.sent[frame]?.utterance !== undefined).length,
    doubled: model.sessions.reduce((sum, { frames }) => sum + frames.length - new Set(frames).size, 0),
    repeated: repeatedFrames(model.sessions),
    silenceMs: longestGap(
      [...caller.sounds.filter((at) => at > (faultAt ?? 0)), endedAt],
      faultAt ?? endedAt,
    ),
    recoveryMs: next?.readyAt !== undefined && faultAt !== undefined
      ? Math.round(next.readyAt - faultAt)
      : undefined,
    handshakeMs: next?.readyAt === undefined ? 0 : Math.round(next.readyAt - next.openedAt),
    audioMs: faultAt === undefined ? undefined : newAudioMs(voice, caller, faultAt),
    unanswered: [...spoken].filter((utterance) => !isAnswered(utterance, run)).length,
    sessions: model.sessions.filter(({ readyAt }) => readyAt !== undefined).length,
    streams: caller.streams,
    unknown: next && faultAt !== undefined ? unknownFacts(run, next, faultAt) : [],
    toolRuns: operator.toolRuns,
    dials: ended.result.verbs.filter(({ verb }) => verb === "Dial").length,
    records: run.records,
    webhooks: operator.webhooks.filter(({ type }) => type === "call.ended").length,
    recordedTurns: run.recordedTurns,
    spokenTurns: spoken.size,
    socketsLeft: run.socketsLeft,
    refusedMessages: caller.warnings + model.sessions.reduce((sum, { errors }) => sum + errors.length, 0),
    lagMs: run.lagMs,
  };
}

function outcomeOf({ ended, faultAt }: CellRun): Measurement["outcome"] {
  if (faultAt === undefined) return "fault not reached";
  if (ended.timedOut) return "too long";
  return ended.result.ending === "caller" ? "goes on" : "service ended";
}

/** Frames that no session received. After a goodbye has begun, nobody has to listen. */
function lostFrames({ caller, model, voice }: CellRun): number[] {
  const received = new Set(model.sessions.flatMap(({ frames }) => frames));
  const goodbyeAt = voice.replies.find(({ request }) => request === "goodbye")?.plannedAt ?? Infinity;
  return [...caller.sent.entries()].filter(([frame, { at }]) =>
    !received.has(frame) && at < goodbyeAt &&
    caller.streamEnds.every((endAt) => at < endAt - IN_TRANSIT_MS || at > endAt)
  ).map(([frame]) => frame);
}

function repeatedFrames(sessions: readonly SessionLog[]): number {
  const seen = new Set<number>();
  let repeated = 0;
  for (const { frames } of sessions) {
    const own = new Set(frames);
    for (const frame of own) if (seen.has(frame)) repeated++;
    for (const frame of own) seen.add(frame);
  }
  return repeated;
}

/** @param times In order. */
export function longestGap(times: readonly number[], from: number): number {
  let longest = 0, last = from;
  for (const at of times) {
    longest = Math.max(longest, at - last);
    last = at;
  }
  return Math.round(longest);
}

function newAudioMs({ replies }: Voice, { heard }: NumberedCaller, faultAt: number): number | undefined {
  const times = replies.filter(({ plannedAt }) => plannedAt > faultAt)
    .flatMap(({ firstFrame }) => heard.get(firstFrame) ?? []);
  return times.length === 0 ? undefined : Math.round(Math.min(...times) - faultAt);
}

function isAnswered(utterance: number, { voice, caller }: CellRun): boolean {
  return voice.replies.some(({ answers, firstFrame }) =>
    answers.includes(utterance) && caller.heard.has(firstFrame)
  );
}

/** What the caller had heard and what the tool had returned, unless the next session was told. */
function unknownFacts(
  { voice, caller, operator, model }: CellRun,
  next: SessionLog,
  faultAt: number,
): string[] {
  const heard = voice.replies.filter(({ firstFrame }) => {
    const at = caller.heard.get(firstFrame + NOTEWORTHY_FRAMES - 1);
    return at !== undefined && at < faultAt;
  });
  const facts = heard.filter(({ name }) => !next.knows(name)).map(({ name }) => name);
  for (const [transcript, at] of model.transcribedAt) {
    if (at < faultAt && !next.knows(transcript)) facts.push(transcript);
  }
  const last = model.sessions.findLast(({ readyAt }) => readyAt !== undefined);
  const isToolKnown = operator.toolDoneAt === undefined || last === undefined ||
    last.knows(TOOL_RESULT) || last.outputs.some((output) => output.includes(TOOL_RESULT));
  return isToolKnown ? facts : [...facts, "the tool's result"];
}
