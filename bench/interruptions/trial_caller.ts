import { BYTES_PER_MS } from "../../src/audio/line_format.js";
import type { Handset, Role } from "../../src/simulator/caller/simulated_caller.ts";

/** When the caller's first turn starts, and the sound after the start of the answer (ms). */
const TURN_AT_MS = 400;
const SOUND_AT_MS = 2_000;
/** The call ends after this much silence (ms). */
const SILENCE_MS = 700;
const LONGEST_CALL_MS = 30_000;

export interface TrialCallerOptions {
  /** µ-law. */
  readonly turn: Uint8Array;
  readonly sound: Uint8Array;
  /** Noise of the line, a frame. */
  readonly noise: () => Uint8Array;
  /** How long after the sound an answer to it may start (ms). */
  readonly replyWithinMs: number;
  readonly isReplied: () => boolean;
}

/** A caller who says something, makes a sound during the answer, and hangs up when the assistant has finished. */
export class TrialCaller implements Role {
  readonly status = "listens";
  hangUpReason: string | undefined;
  readonly #options: TrialCallerOptions;
  readonly #handset: Handset;
  #soundAtMs: number | undefined;

  constructor(options: TrialCallerOptions, handset: Handset) {
    this.#options = options;
    this.#handset = handset;
  }

  /** Start and end of the sound; undefined before it. */
  get soundMs(): readonly [number, number] | undefined {
    if (this.#soundAtMs === undefined) return undefined;
    return [this.#soundAtMs, this.#soundAtMs + this.#options.sound.length / BYTES_PER_MS];
  }

  nextFrame(nowMs: number, bytes: number): Uint8Array | undefined {
    const { turn, sound, noise } = this.#options;
    const answerAtMs = this.#handset.assistantSpeech.startedAtMs;
    if (answerAtMs !== undefined && nowMs >= answerAtMs + SOUND_AT_MS) this.#soundAtMs ??= nowMs;
    if (nowMs > LONGEST_CALL_MS || this.#isOver(nowMs)) {
      this.hangUpReason = "the trial is over";
      return undefined;
    }
    return audioAt(sound, nowMs - (this.#soundAtMs ?? Infinity), bytes) ??
      audioAt(turn, nowMs - TURN_AT_MS, bytes) ?? noise();
  }

  #isOver(nowMs: number): boolean {
    const { isReplied, replyWithinMs } = this.#options;
    if (!this.soundMs || this.#handset.assistantSpeech.silentMs(nowMs) < SILENCE_MS) return false;
    return isReplied() || nowMs > this.soundMs[1] + replyWithinMs;
  }
}

/** A frame of the audio from `ms` on; undefined before it and after it. */
function audioAt(audio: Uint8Array, ms: number, bytes: number): Uint8Array | undefined {
  const at = ms * BYTES_PER_MS;
  return at >= 0 && at + bytes <= audio.length ? audio.slice(at, at + bytes) : undefined;
}
