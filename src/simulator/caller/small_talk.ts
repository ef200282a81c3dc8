/** A caller without a script: waits for the greeting, speaks, listens, interrupts, hangs up. */

import { MULAW_SILENCE } from "../../audio/g711.ts";
import { audibleSpan, type Ear } from "./ear.ts";
import { BYTES_PER_MS } from "./line.ts";
import type { Part } from "./part.ts";

/** How long the assistant must be quiet for its greeting, or its answer, to be over. */
const GREETING_OVER_MS = 600, ANSWER_OVER_MS = 1000;
/** How long the caller waits for a greeting before speaking first, and for an answer before giving up. */
const GREETING_WAIT_MS = 5000, ANSWER_WAIT_MS = 10_000;

export interface SmallTalkOptions {
  /** What the caller says each time: 8 kHz µ-law. Silence before and after the words is passed over. */
  speech: Uint8Array;
  /** How often the caller says it, an interruption not counted. */
  turns: number;
  /** Speak over the first answer, this many ms after it began. */
  interruptMs?: number;
  /** Hang up at the latest after so many ms of media stream. */
  maxMs: number;
}

/** One thing the caller said, and the answer to it. Times in ms since the stream's start. */
export interface Turn {
  spokeAtMs: number;
  spokeUntilMs: number;
  /** When the answer was first audible; absent if none was. */
  answeredAtMs?: number;
  /** From the end of the caller's words to the first audible sample of the answer, in ms. */
  latencyMs?: number;
}

/** The caller spoke over the assistant. */
export interface Interruption {
  atMs: number;
  /** How long the assistant was still heard, in ms; absent if it never stopped. */
  stoppedAfterMs?: number;
}

/** Small talk; what the caller does depends only on what its ear heard. */
export class SmallTalk implements Part {
  readonly turns: Turn[] = [];
  interruption: Interruption | undefined;
  hangUpReason: string | undefined;
  readonly #options: SmallTalkOptions;
  readonly #words: Uint8Array;
  readonly #ear: Ear;
  #saying: Uint8Array = new Uint8Array();

  constructor(options: SmallTalkOptions, ear: Ear) {
    this.#options = options;
    this.#words = options.speech.subarray(...audibleSpan(options.speech) ?? []);
    this.#ear = ear;
  }

  get doing(): string {
    const turn = this.turns.at(-1);
    if (!turn) return "waits for the greeting";
    return this.#saying.length > 0 ? "speaks" : turn.answeredAtMs ? "listens" : "waits for the answer";
  }

  next(nowMs: number, bytes: number): Uint8Array | undefined {
    if (nowMs >= this.#options.maxMs) {
      this.hangUpReason = `the call has lasted ${this.#options.maxMs / 1000} s`;
    } else if (this.#saying.length === 0) {
      this.#listen(nowMs);
    }
    this.#observeInterruption();
    if (this.hangUpReason !== undefined) return;
    const frame = new Uint8Array(bytes).fill(MULAW_SILENCE);
    frame.set(this.#saying.subarray(0, bytes));
    this.#saying = this.#saying.subarray(bytes);
    return frame;
  }

  #listen(now: number): void {
    const { beganAt = -1, heardUntil = 0, speaking } = this.#ear;
    const quiet = speaking ? 0 : this.#ear.quietMs(now);
    const turn = this.turns.at(-1);
    if (!turn) {
      if (quiet >= (beganAt < 0 ? GREETING_WAIT_MS : GREETING_OVER_MS)) this.#speak(now);
      return;
    }
    if (turn.answeredAtMs === undefined && beganAt >= turn.spokeUntilMs) {
      turn.answeredAtMs = beganAt;
      turn.latencyMs = beganAt - turn.spokeUntilMs;
    }
    const { interruptMs, turns } = this.#options;
    const answered = turn.answeredAtMs;
    if (answered === undefined) {
      if (!speaking && now - Math.max(turn.spokeUntilMs, heardUntil) >= ANSWER_WAIT_MS) {
        this.hangUpReason = `no answer came in ${ANSWER_WAIT_MS / 1000} s`;
      }
    } else if (interruptMs !== undefined && !this.interruption && speaking && now - answered >= interruptMs) {
      this.interruption = { atMs: now };
      this.#speak(now);
    } else if (quiet >= ANSWER_OVER_MS) {
      if (this.turns.length < turns + (this.interruption ? 1 : 0)) this.#speak(now);
      else this.hangUpReason = "all is said";
    }
  }

  #speak(now: number): void {
    this.#saying = this.#words;
    this.turns.push({ spokeAtMs: now, spokeUntilMs: now + this.#words.length / BYTES_PER_MS });
  }

  #observeInterruption(): void {
    const { interruption } = this;
    if (!interruption || interruption.stoppedAfterMs !== undefined || this.#ear.speaking) return;
    interruption.stoppedAfterMs = Math.max(0, (this.#ear.heardUntil ?? 0) - interruption.atMs);
  }
}
