/** `parley rehearse`: one complete call against a server, without a phone. */

import { encodeMulaw } from "../../audio/g711.js";
import type { Clock } from "../../clock.ts";
import { samplePhrase } from "../synthetic_voice.ts";
import { callTarget, type CallTargetOptions } from "./call_target.ts";
import { placeCall } from "./place_call.ts";
import type { Progress, SimulatedCaller, StreamCounts } from "./simulated_caller.ts";
import { audibleSpan } from "./speech_tracker.ts";
import type { TimelineEntry } from "./timeline.ts";
import { type BargeIn, type CallerTurn, UnscriptedCaller } from "./unscripted_caller.ts";

const PROGRESS_MS = 200;

export interface RehearseOptions extends CallTargetOptions {
  /** The caller's speech in each turn: 8 kHz samples. Default: a synthetic phrase of about 2 s. */
  speech?: Int16Array | undefined;
  /** Number of turns, barge-ins not counted. Default: 1. */
  turns?: number | undefined;
  /** Barge in on the first answer this many ms after it began. */
  interruptMs?: number | undefined;
  /** Hang up after this many seconds of media stream. Default: 120. */
  maxSeconds?: number | undefined;
  /** Hangs up when it aborts. */
  signal?: AbortSignal | undefined;
  /** Called five times a second during the media stream. */
  onProgress?(progress: Progress): void;
}

/** A rehearsed call. Times are ms since the media stream's start. */
export interface Rehearsal {
  /** The call was placed, the assistant was heard, and every turn was answered. */
  completed: boolean;
  /** The problem and its remedy; absent when the call completed. */
  problem?: string;
  callSid: string;
  /** Absent when no stream was opened. */
  streamSid?: string;
  timeline: TimelineEntry[];
  turns: CallerTurn[];
  bargeIn?: BargeIn;
  /** Audio buffered at Twilio while there was some (ms); `typicalMs` is the median. */
  lead: { typicalMs: number; maxMs: number };
  counts: StreamCounts;
  /** As heard, on one clock. */
  recording: Recording;
}

/** Both sides of a call as 8 kHz samples. */
export interface Recording {
  readonly spoken: Int16Array;
  readonly heard: Int16Array;
}

export const NO_AUDIO: Recording = { spoken: new Int16Array(), heard: new Int16Array() };

/**
 * Places one call and speaks through it. Of several media streams the first is measured.
 *
 * @throws {TypeError} if an option is invalid. Problems of the call are in the result.
 */
export async function rehearse(options: RehearseOptions): Promise<Rehearsal> {
  const { maxSeconds = 120, turns = 1, interruptMs, signal, onProgress } = options;
  const speech = encodeMulaw(options.speech ?? samplePhrase());
  if (!audibleSpan(speech)) throw new TypeError("Cannot rehearse: the caller's recording is silent");
  const { statusCallback: _, ...target } = callTarget(options);
  const ended = new AbortController();
  let role: UnscriptedCaller | undefined;
  const { callers: [caller], timeline, problem } = await placeCall({
    ...target,
    createRole({ assistantSpeech }) {
      const maxMs = maxSeconds * 1000;
      const newRole = new UnscriptedCaller({ speech, turns, interruptMs, maxMs }, assistantSpeech);
      role ??= newRole;
      return newRole;
    },
    signal,
    onStream: (caller) => reportProgress(target.clock, caller, onProgress, ended.signal),
  }).finally(() => ended.abort());
  const failure = problem ??
    (caller && role && shortcomingOf(caller, role, interruptMs, signal?.aborted));
  const leads = caller?.leads.toSorted((a, b) => a - b) ?? [];
  return {
    completed: failure === undefined,
    ...(failure !== undefined && { problem: failure }),
    callSid: target.callSid,
    ...(caller && { streamSid: caller.streamSid }),
    timeline: timeline.entries,
    turns: role?.turns ?? [],
    ...(role?.bargeIn && { bargeIn: role.bargeIn }),
    lead: { typicalMs: leads[leads.length >> 1] ?? 0, maxMs: caller?.maxLeadMs ?? 0 },
    counts: caller?.counts ?? NO_COUNTS,
    recording: caller?.recording ?? NO_AUDIO,
  };
}

const NO_COUNTS: StreamCounts = {
  framesSent: 0,
  mediaReceived: 0,
  mediaMs: 0,
  marksReceived: 0,
  marksReturned: 0,
  clears: 0,
  warnings: 0,
};

/** Why a call that ended normally does not count as completed. */
function shortcomingOf(
  { counts }: SimulatedCaller,
  { turns, bargeIn, hangUpReason }: UnscriptedCaller,
  interruptMs: number | undefined,
  cancelled = false,
): string | undefined {
  if (cancelled) return "The rehearsal was cancelled";
  if (counts.mediaReceived === 0) return "The server sent no audio: look for errors in its log";
  if (turns.length === 0) return "The call ended before the caller spoke";
  const unanswered = turns.findIndex((turn) => turn.answerStartMs === undefined);
  if (unanswered >= 0) {
    return `The caller's turn ${unanswered + 1} was not answered (${
      hangUpReason ?? "the server ended the call"
    })`;
  }
  if (interruptMs !== undefined && !bargeIn) {
    return `The answer was shorter than ${interruptMs} ms: the caller could not interrupt it`;
  }
}

/** Reports a caller's progress until `ended` aborts. */
export function reportProgress(
  clock: Clock,
  caller: SimulatedCaller,
  onProgress: ((progress: Progress) => void) | undefined,
  ended: AbortSignal,
): void {
  if (!onProgress) return;
  const report = () => {
    onProgress(caller.progress);
    cancel = clock.after(PROGRESS_MS, report);
  };
  let cancel = clock.after(0, report);
  ended.addEventListener("abort", () => cancel(), { once: true });
}
