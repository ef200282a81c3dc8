/** `rehearse`: one complete call against a server, without a phone. */

import { encodeMulaw } from "../../audio/g711.ts";
import type { Clock } from "../../clock.ts";
import type { RehearsalCaller, StreamCounts } from "./caller.ts";
import { audibleSpan } from "./ear.ts";
import { phrase } from "../phrase.ts";
import { placeCall } from "./place_call.ts";
import { placementOf, type PlacementOptions } from "./placement.ts";
import { type Interruption, SmallTalk, type Turn } from "./small_talk.ts";
import type { TimelineEntry } from "./timeline.ts";

const PROGRESS_MS = 200;

export interface RehearseOptions extends PlacementOptions {
  /** What the caller says: 8 kHz samples. Without it, a made-up phrase of about 2 s. */
  speech?: Int16Array;
  /** How often the caller says it (1), an interruption not counted. */
  turns?: number;
  /** Speak over the first answer, this many ms after it began. */
  interruptMs?: number;
  /** Hang up at the latest after so many seconds of media stream (120). */
  maxSeconds?: number;
  /** Ends the call as the caller's hang-up would. */
  signal?: AbortSignal;
  /** Told a few times a second how the call goes. */
  onProgress?(progress: Progress): void;
}

export interface Progress {
  /** Milliseconds since the media stream's start. */
  elapsedMs: number;
  /** What the caller is at: "waits for the greeting", "speaks", … */
  doing: string;
  /** Audio waiting to be heard, in ms. */
  bufferedMs: number;
}

/** A rehearsed call. Times in ms since the media stream's start. */
export interface Rehearsal {
  /** The call was placed, the assistant was heard, and every turn got its answer. */
  completed: boolean;
  /** What went wrong, and what to do; absent when the call completed. */
  problem?: string;
  callSid: string;
  streamSid: string;
  timeline: TimelineEntry[];
  turns: Turn[];
  interruption?: Interruption;
  /** How much audio waited at Twilio: the median while there was some, and the most; in ms. */
  lead: { typicalMs: number; maxMs: number };
  counts: StreamCounts;
  /** Both sides as heard: 8 kHz samples on one clock. */
  recording: { spoken: Int16Array; heard: Int16Array };
}

/**
 * Places one call and speaks through it.
 *
 * @throws {TypeError} if the options make no sense. What goes wrong in the call is told in the result.
 */
export async function rehearse(options: RehearseOptions): Promise<Rehearsal> {
  const { maxSeconds = 120, turns = 1, interruptMs } = options;
  const speech = encodeMulaw(options.speech ?? phrase());
  if (!audibleSpan(speech)) {
    throw new TypeError("Cannot rehearse: the caller's recording is as good as silent");
  }
  const { callStatus: _, ...placement } = placementOf(options);
  const { clock, timeline, callSid, streamSid } = placement;
  const ended = new AbortController();
  let talk: SmallTalk | undefined;
  const { callers: [caller], problem } = await placeCall({
    ...placement,
    part({ ear }) {
      const smallTalk = new SmallTalk({
        speech,
        turns,
        maxMs: maxSeconds * 1000,
        ...(interruptMs !== undefined && { interruptMs }),
      }, ear);
      // What is measured is the first stream, should there be more.
      talk ??= smallTalk;
      return smallTalk;
    },
    signal: options.signal ?? new AbortController().signal,
    onStream: (caller) => reportProgress(clock, caller, options.onProgress, ended.signal),
  }).finally(() => ended.abort());
  return summary(caller, talk, problem, interruptMs, { callSid, streamSid, timeline: timeline.entries });
}

function summary(
  caller: RehearsalCaller | undefined,
  talk: SmallTalk | undefined,
  problem: string | undefined,
  interruptMs: number | undefined,
  rest: Pick<Rehearsal, "callSid" | "streamSid" | "timeline">,
): Rehearsal {
  const nothing = new Int16Array();
  const turns = talk?.turns ?? [];
  const interruption = talk?.interruption;
  const leads = caller?.leads.toSorted((a, b) => a - b) ?? [];
  if (caller && talk && !problem) problem = shortcoming(caller, talk, interruptMs);
  return {
    completed: problem === undefined,
    ...(problem !== undefined && { problem }),
    ...rest,
    turns,
    ...(interruption && { interruption }),
    lead: { typicalMs: leads[leads.length >> 1] ?? 0, maxMs: caller?.maxLeadMs ?? 0 },
    counts: caller?.counts ??
      { framesSent: 0, mediaReceived: 0, mediaMs: 0, marksReceived: 0, marksReturned: 0, clears: 0 },
    recording: caller?.recording ?? { spoken: nothing, heard: nothing },
  };
}

/** Why a call that ended in order is still not what was asked for. */
function shortcoming(
  { counts }: RehearsalCaller,
  talk: SmallTalk,
  interruptMs: number | undefined,
): string | undefined {
  if (counts.mediaReceived === 0) return "The server sent no audio: look for errors in its log";
  if (talk.turns.length === 0) return "The call ended before the caller spoke";
  const unanswered = talk.turns.findIndex((turn) => turn.answeredAtMs === undefined);
  if (unanswered >= 0) {
    return `The caller's turn ${unanswered + 1} was not answered (${
      talk.hangUpReason ?? "the server ended the call"
    })`;
  }
  if (interruptMs !== undefined && !talk.interruption) {
    return `The answer was over before ${interruptMs} ms of it: it could not be interrupted`;
  }
}

/** Reports until the call has ended. */
export function reportProgress(
  clock: Clock,
  caller: RehearsalCaller,
  onProgress: ((progress: Progress) => void) | undefined,
  ended: AbortSignal,
): void {
  if (!onProgress) return;
  const report = () => {
    onProgress({ elapsedMs: caller.elapsedMs, doing: caller.doing, bufferedMs: caller.bufferedMs });
    cancel = clock.after(PROGRESS_MS, report);
  };
  let cancel = clock.after(0, report);
  ended.addEventListener("abort", () => cancel(), { once: true });
}
