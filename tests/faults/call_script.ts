/** What the caller says and what the stand-in model does, for each phase. */

import type { Phase } from "./fault.ts";

/** What the model does after an utterance. */
export type Request = "talk" | "tool" | "transfer" | "goodbye";

export interface Utterance {
  readonly request: Request;
  readonly ms: number;
  /** Silence of the caller before it (ms). */
  readonly pauseMs: number;
  /** Length of the model's reply (ms). */
  readonly replyMs: number;
}

export interface CallScript {
  readonly greetingMs: number;
  readonly utterances: readonly Utterance[];
}

const PAUSE_MS = 600;
const TALK: Utterance = { request: "talk", ms: 1200, pauseMs: PAUSE_MS, replyMs: 1600 };
/** After the fault: shows whether the call goes on. */
const LAST: Utterance = { request: "talk", ms: 1600, pauseMs: PAUSE_MS, replyMs: 1400 };

const UTTERANCES: Record<Phase, readonly Utterance[]> = {
  dialling: [TALK, LAST],
  configuring: [TALK, LAST],
  greeting: [TALK, LAST],
  listening: [{ ...TALK, pauseMs: 2500 }, LAST],
  speaking: [{ ...TALK, ms: 2800 }, LAST],
  answering: [{ ...TALK, replyMs: 3000 }, LAST],
  tool: [{ ...TALK, request: "tool" }, LAST],
  transferring: [{ ...TALK, request: "transfer" }, LAST],
  goodbye: [TALK, { ...LAST, request: "goodbye", replyMs: 2400 }],
};

export function scriptOf(phase: Phase): CallScript {
  return { greetingMs: 2000, utterances: UTTERANCES[phase] };
}

/** The caller's utterance in which the `speaking` fault begins, and the reply of the `answering` fault. */
export const FAULTY_UTTERANCE = 0;
/** How long the tool runs (ms). */
export const TOOL_MS = 2_000;
/** How long a transfer rings in vain (ms). */
export const RING_MS = 2_500;
/** How long the caller waits for an answer (ms). */
export const PATIENCE_MS = 12_000;
