/** Detects speech from the level of the audio. Works in audio time, without a clock. */

export interface VoiceActivitySettings {
  /** Samples per second; a multiple of 100. */
  readonly rate: number;
  /** 0 (any sound) to 1 (only loud speech), as `turn_detection.threshold`; 0.5 is -40 dBFS. */
  readonly threshold: number;
  /** Silence that ends a turn (ms). */
  readonly silenceMs: number;
}

/** A change from silence to speech or back; offsets are ms from the start of the audio. */
export type VoiceTransition =
  | { readonly type: "started"; readonly onsetMs: number }
  /** `voicedUntilMs` is the end of the last sound, `endMs` the end of the silence after it. */
  | { readonly type: "stopped"; readonly voicedUntilMs: number; readonly endMs: number };

/** Length of a window (ms), whose level decides whether it is voice. */
export const WINDOW_MS = 10;
// A click lasts one or two windows, the shortest word more than six.
const WINDOWS_TO_START = 6;
const WINDOWS_TO_CONTINUE = 3;
// The gate is the level above which a window counts as voice. It stays this far above steady noise: it rises
// slowly (per window) and falls immediately.
const GATE_ABOVE_NOISE_DB = 10;
const GATE_RISE_DB = 0.05;

/**
 * @example
 * ```ts
 * const activity = new VoiceActivity({ rate: 8000, threshold: 0.5, silenceMs: 500 });
 * for (const change of activity.feed(new Int16Array(160))) console.log(change.type);
 * ```
 */
export class VoiceActivity {
  readonly #settings: VoiceActivitySettings;
  readonly #samplesPerWindow: number;
  readonly #lowestGateDb: number;
  #gateDb: number;
  #positionMs: number;
  #energy = 0;
  #samples = 0;
  #evidence = 0;
  #onsetMs = 0;
  #voicedUntilMs = 0;
  #speaking = false;
  #voiced = false;

  /** @param startMs Length of the audio before the first sample (ms). */
  constructor(settings: VoiceActivitySettings, startMs = 0) {
    this.#settings = settings;
    this.#samplesPerWindow = settings.rate * WINDOW_MS / 1000;
    this.#lowestGateDb = -52 + 24 * settings.threshold;
    this.#gateDb = this.#lowestGateDb;
    this.#positionMs = startMs;
  }

  /** Whether the last window was voice. */
  get voiced(): boolean {
    return this.#voiced;
  }

  /** Whether a sound has begun that may become speech, or be a click. */
  get undecided(): boolean {
    return this.#evidence > 0 && !this.#speaking;
  }

  /** @param samples 16-bit PCM. @returns The transitions in them, in order. */
  feed(samples: Int16Array): VoiceTransition[] {
    const changes: VoiceTransition[] = [];
    for (const sample of samples) {
      this.#energy += sample * sample;
      if (++this.#samples < this.#samplesPerWindow) continue;
      const change = this.feedWindow(this.#energy / this.#samples / 2 ** 30);
      if (change) changes.push(change);
      this.#energy = this.#samples = 0;
    }
    return changes;
  }

  /** @param power Mean square of {@linkcode WINDOW_MS} of audio, 1 at full scale. @returns The transition in it. */
  feedWindow(power: number): VoiceTransition | undefined {
    const levelDb = toDb(power);
    const startMs = this.#positionMs;
    const endMs = this.#positionMs += WINDOW_MS;
    const voiced = this.#voiced = levelDb > this.#gateDb;
    this.#gateDb = Math.max(
      this.#lowestGateDb,
      Math.min(this.#gateDb + GATE_RISE_DB, levelDb + GATE_ABOVE_NOISE_DB),
    );

    if (voiced && this.#evidence === 0) this.#onsetMs = startMs;
    this.#evidence = Math.max(0, Math.min(WINDOWS_TO_START, this.#evidence + (voiced ? 1 : -1)));
    if (voiced && this.#evidence >= WINDOWS_TO_CONTINUE) this.#voicedUntilMs = endMs;

    if (!this.#speaking && this.#evidence === WINDOWS_TO_START) {
      this.#speaking = true;
      return { type: "started", onsetMs: this.#onsetMs };
    }
    if (this.#speaking && endMs - this.#voicedUntilMs >= this.#settings.silenceMs) {
      this.#speaking = false;
      this.#evidence = 0;
      return { type: "stopped", voicedUntilMs: this.#voicedUntilMs, endMs };
    }
    return undefined;
  }
}

/** Decibels of a power, 0 at full scale; -120 for digital silence. */
export function toDb(power: number): number {
  return 10 * Math.log10(power + 1e-12);
}
