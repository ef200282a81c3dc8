/** A caller without a script: waits for the greeting, speaks, listens, barges in, hangs up. */

import { MULAW_SILENCE } from "../../audio/g711.js";
import { BYTES_PER_MS } from "../../audio/line_format.js";
import type { Role } from "./simulated_caller.ts";
import { audibleSpan, type SpeechTracker } from "./speech_tracker.ts";

/** Silence after which the assistant's greeting or answer counts as ended (ms). */
const GREETING_GAP_MS = 600, ANSWER_GAP_MS = 1000;
/**
 * The caller speaks first after this long without a greeting, and hangs up after this long without an answer
 * (ms).
 */
const GREETING_WAIT_MS = 5000, ANSWER_WAIT_MS = 10_000;

export interface UnscriptedCallerOptions {
  /** Speech of each turn: 8 kHz µ-law; silence at both ends is skipped. */
  speech: Uint8Array;
  /** Number of turns, a barge-in not counted. */
  turns: number;
  /** Barge in on the first answer this many ms after it began. */
  interruptMs?: number | undefined;
  /** Hang up after this many ms of media stream. */
  maxMs: number;
}

/** One turn of the caller and its answer. Times are ms since the stream's start. */
export interface CallerTurn {
  startMs: number;
  endMs: number;
  /** First audible sample of the answer; absent without one. */
  answerStartMs?: number;
  /** From the end of the caller's words to the first audible sample of the answer (ms). */
  latencyMs?: number;
}

/** The caller spoke over the assistant. */
export interface BargeIn {
  atMs: number;
  /** Time until the assistant stopped (ms); absent if it did not stop. */
  stoppedAfterMs?: number;
}

export class UnscriptedCaller implements Role {
  readonly turns: CallerTurn[] = [];
  bargeIn: BargeIn | undefined;
  hangUpReason: string | undefined;
  readonly #options: UnscriptedCallerOptions;
  readonly #speech: Uint8Array;
  readonly #assistant: SpeechTracker;
  /** The part of the turn's speech that was not spoken yet. */
  #remainingSpeech: Uint8Array = new Uint8Array();

  constructor(options: UnscriptedCallerOptions, assistant: SpeechTracker) {
    this.#options = options;
    this.#speech = options.speech.subarray(...audibleSpan(options.speech) ?? []);
    this.#assistant = assistant;
  }

  get status(): string {
    const turn = this.turns.at(-1);
    if (!turn) return "waits for the greeting";
    if (this.#remainingSpeech.length > 0) return "speaks";
    return turn.answerStartMs ? "listens" : "waits for the answer";
  }

  nextFrame(nowMs: number, bytes: number): Uint8Array | undefined {
    if (nowMs >= this.#options.maxMs) {
      this.hangUpReason = `the call has lasted ${this.#options.maxMs / 1000} s`;
    } else if (this.#remainingSpeech.length === 0) {
      this.#listen(nowMs);
    }
    this.#measureBargeIn();
    if (this.hangUpReason !== undefined) return;
    const frame = new Uint8Array(bytes).fill(MULAW_SILENCE);
    frame.set(this.#remainingSpeech.subarray(0, bytes));
    this.#remainingSpeech = this.#remainingSpeech.subarray(bytes);
    return frame;
  }

  #listen(now: number): void {
    const { startedAtMs = -1, audibleUntilMs = 0, speaking } = this.#assistant;
    const silentMs = speaking ? 0 : this.#assistant.silentMs(now);
    const turn = this.turns.at(-1);
    if (!turn) {
      if (silentMs >= (startedAtMs < 0 ? GREETING_WAIT_MS : GREETING_GAP_MS)) this.#speak(now);
      return;
    }
    if (turn.answerStartMs === undefined && startedAtMs >= turn.endMs) {
      turn.answerStartMs = startedAtMs;
      turn.latencyMs = startedAtMs - turn.endMs;
    }
    const { interruptMs, turns } = this.#options;
    const answerStart = turn.answerStartMs;
    if (answerStart === undefined) {
      if (!speaking && now - Math.max(turn.endMs, audibleUntilMs) >= ANSWER_WAIT_MS) {
        this.hangUpReason = `no answer within ${ANSWER_WAIT_MS / 1000} s`;
      }
    } else if (interruptMs !== undefined && !this.bargeIn && speaking && now - answerStart >= interruptMs) {
      this.bargeIn = { atMs: now };
      this.#speak(now);
    } else if (silentMs >= ANSWER_GAP_MS) {
      if (this.turns.length < turns + (this.bargeIn ? 1 : 0)) this.#speak(now);
      else this.hangUpReason = "all turns done";
    }
  }

  #speak(now: number): void {
    this.#remainingSpeech = this.#speech;
    this.turns.push({ startMs: now, endMs: now + this.#speech.length / BYTES_PER_MS });
  }

  #measureBargeIn(): void {
    const { bargeIn } = this;
    if (!bargeIn || bargeIn.stoppedAfterMs !== undefined || this.#assistant.speaking) return;
    bargeIn.stoppedAfterMs = Math.max(0, (this.#assistant.audibleUntilMs ?? 0) - bargeIn.atMs);
  }
}
