import type { Clock } from "../../clock.ts";
import { Watchdog } from "../watchdog.ts";

/** Audio kept while the model is not ready (ms). More than that, and the oldest is dropped. */
const EARLY_LIMIT_MS = 10_000;
/** Kept of what was said before voice activity detection heard it (ms). */
const PREROLL_MS = 800;
/** Longest gap filled with silence (ms): a timestamp that jumps further is not believed. */
const GAP_LIMIT_MS = 10_000;
/** Smallest gap filled (ms): one frame. */
const GAP_MIN_MS = 20;
/** While the caller is speaking and no frame comes for this long (ms) … */
const STALL_MS = 750;
/** … this much silence (ms) lets the model hear the end of the turn. */
const STALL_FILL_MS = 1_000;
const BYTES_PER_MS = 8;

/** What became of the caller's audio on its way. */
export interface CallerAudioCounts {
  readonly frames: number;
  /** Silence put into gaps (ms). */
  readonly filledMs: number;
  /** Dropped because the model was not ready in time (ms). */
  readonly droppedMs: number;
}

/**
 * The caller's audio on its way to the model: base64 µ-law, passed on untouched, frame by frame.
 *
 * Frames from before the model is ready wait here. Where Twilio sends nothing (lost packets, silence suppression), the
 * model has to be given silence, or its voice activity detection never hears the turn end.
 */
export class CallerAudio {
  readonly #stall: Watchdog;
  #append: ((payload: string) => void) | undefined;
  readonly #early = new Kept(EARLY_LIMIT_MS);
  /** What the model was given of a turn it has not answered, or of the last moment: another would not know it. */
  readonly #unanswered = new Kept(EARLY_LIMIT_MS);
  #inTurn = false;
  /** Where the next frame should begin, in the stream's own milliseconds. */
  #position: number | undefined;
  #speaking = false;
  #muted = false;
  #frames = 0;
  #givenMs = 0;
  #filledMs = 0;
  #droppedMs = 0;

  constructor(clock: Clock) {
    this.#stall = new Watchdog(clock, STALL_MS, () => this.#fill(STALL_FILL_MS));
  }

  get counts(): CallerAudioCounts {
    return { frames: this.#frames, filledMs: this.#filledMs, droppedMs: this.#droppedMs };
  }

  /** How much the model of now has been given (ms). */
  get givenMs(): number {
    return this.#givenMs;
  }

  /** Takes one frame: base64 µ-law, and where it belongs in the stream (ms). */
  frame(payload: string, timestamp: number): void {
    this.#frames++;
    const ms = payloadMs(payload);
    const gap = this.#position === undefined ? 0 : timestamp - this.#position;
    if (gap >= GAP_MIN_MS) this.#fill(Math.min(gap, GAP_LIMIT_MS));
    this.#pass(this.#muted ? silence(Math.round(ms * BYTES_PER_MS)) : payload, ms);
    this.#position = timestamp + ms;
    if (this.#speaking) this.#stall.touch();
  }

  /** The model is ready: what has waited goes first. */
  open(append: (payload: string) => void): void {
    this.#append = append;
    this.#givenMs = 0;
    for (const { payload, ms } of this.#early.take()) this.#pass(payload, ms);
  }

  /** The model is gone: audio waits again, and with it what was said and not answered, or may just have begun. */
  close(): void {
    for (const { payload, ms } of this.#unanswered.take()) this.#droppedMs += this.#early.push(payload, ms);
    this.#append = undefined;
    this.speaking(false);
  }

  /** Whether the caller has said something that has no answer yet. */
  get inTurn(): boolean {
    return this.#inTurn;
  }

  /** What was said so far has its answer. */
  answered(): void {
    this.#inTurn = false;
    this.#unanswered.take();
  }

  /** Whether silence goes to the model instead of what the caller says. */
  mute(muted: boolean): void {
    this.#muted = muted;
  }

  /** Whether the model hears the caller speak: only then does a stall keep a turn open. */
  speaking(speaking: boolean): void {
    this.#speaking = speaking;
    if (speaking) this.#inTurn = true;
    if (speaking) this.#stall.touch();
    else this.#stall.stop();
  }

  #fill(ms: number): void {
    const bytes = Math.round(ms * BYTES_PER_MS);
    this.#filledMs += ms;
    this.#position = (this.#position ?? 0) + ms;
    this.#pass(silence(bytes), ms);
  }

  #pass(payload: string, ms: number): void {
    if (!this.#append) {
      this.#droppedMs += this.#early.push(payload, ms);
      return;
    }
    this.#givenMs += ms;
    this.#unanswered.push(payload, ms);
    if (!this.#inTurn) this.#unanswered.trim(PREROLL_MS);
    // Last, for it may close this: a model that does not read any more is given up.
    this.#append(payload);
  }
}

/** Audio that is kept, up to so much of it (ms): the oldest goes first. */
class Kept {
  readonly #limitMs: number;
  #frames: { payload: string; ms: number }[] = [];
  #ms = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** @returns how much older audio had to go (ms). */
  push(payload: string, ms: number): number {
    this.#frames.push({ payload, ms });
    this.#ms += ms;
    return this.trim(this.#limitMs);
  }

  trim(limitMs: number): number {
    let dropped = 0;
    while (this.#ms > limitMs) {
      const oldest = this.#frames.shift();
      if (!oldest) break;
      this.#ms -= oldest.ms;
      dropped += oldest.ms;
    }
    return dropped;
  }

  /** All of it, which is kept no longer. */
  take(): { payload: string; ms: number }[] {
    this.#ms = 0;
    return this.#frames.splice(0);
  }
}

/** Milliseconds of µ-law in a base64 text, without decoding it. */
function payloadMs(payload: string): number {
  const padding = payload.endsWith("==") ? 2 : payload.endsWith("=") ? 1 : 0;
  return (payload.length / 4 * 3 - padding) / BYTES_PER_MS;
}

/** Base64 of `bytes` bytes of µ-law silence, 0xFF. */
function silence(bytes: number): string {
  return "////".repeat(Math.floor(bytes / 3)) + ["", "/w==", "//8="][bytes % 3];
}
