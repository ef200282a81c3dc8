import { VoiceActivity } from "../../audio/voice_activity.ts";
import { joinBytes } from "../../join_bytes.ts";
import { type AudioFormat, bytesPerMs, rateOf, toSamples } from "./model_audio.ts";
import { ClientEventError } from "./server_events.ts";

/** One turn of the caller in bytes of `format`: the whole turn, and up to the end of its speech. */
export interface TurnAudio {
  readonly format: AudioFormat;
  readonly audio: Uint8Array;
  readonly speech: Uint8Array;
}

/** Settings of server VAD (ms). */
export interface Endpointing {
  readonly threshold: number;
  readonly prefixMs: number;
  readonly silenceMs: number;
}

/** A turn that the voice activity detection started or stopped; offsets are ms of all audio appended. */
export type InputChange =
  | { readonly type: "started"; readonly audioStartMs: number }
  | { readonly type: "stopped"; readonly audioEndMs: number; readonly turn: TurnAudio };

const MIN_COMMIT_MS = 100;
/** Maximum delay of the detection after the onset of speech, which must still be buffered then. */
const ONSET_DELAY_MS = 1000;
/** Kept after the detected end of speech, because the end of a word is often too soft for the detection. */
const TAIL_MS = 100;

/**
 * The input audio buffer of one session. Holds the turn in progress, or the last audio for the start of the
 * next one.
 */
export class InputAudioBuffer {
  #format: AudioFormat;
  #endpointing: Endpointing | null = null;
  #activity: VoiceActivity | undefined;
  #chunks: Uint8Array[] = [];
  #bufferedBytes = 0;
  #positionMs = 0;
  #turnStartMs: number | undefined;

  constructor(format: AudioFormat, endpointing: Endpointing | null) {
    this.#format = format;
    this.configure(format, endpointing);
  }

  /** Audio appended in this session (ms). */
  get positionMs(): number {
    return this.#positionMs;
  }

  /**
   * Applies settings and returns whether they changed. Any change restarts the detection; a change of format
   * also empties the buffer.
   */
  configure(format: AudioFormat, endpointing: Endpointing | null): boolean {
    const sameFormat = format.type === this.#format.type;
    if (sameFormat && JSON.stringify(endpointing) === JSON.stringify(this.#endpointing)) return false;
    if (!sameFormat) this.clear();
    this.#format = format;
    this.#endpointing = endpointing;
    this.#restartDetection();
    return true;
  }

  /** @param audio Of the configured format. @returns The changes in it, in order. */
  append(audio: Uint8Array): InputChange[] {
    this.#chunks.push(audio);
    this.#bufferedBytes += audio.length;
    this.#positionMs += audio.length / bytesPerMs(this.#format);
    if (!this.#activity || !this.#endpointing) return [];

    const { prefixMs } = this.#endpointing;
    const changes: InputChange[] = [];
    for (const change of this.#activity.feed(toSamples(this.#format, audio))) {
      if (change.type === "started") {
        this.#turnStartMs = Math.max(Math.ceil(this.#bufferStartMs), change.onsetMs - prefixMs);
        changes.push({ type: "started", audioStartMs: this.#turnStartMs });
      } else {
        const turn = this.#takeTurn(
          this.#turnStartMs ?? 0,
          change.endMs,
          Math.min(change.endMs, change.voicedUntilMs + TAIL_MS),
        );
        this.#turnStartMs = undefined;
        changes.push({ type: "stopped", audioEndMs: change.endMs, turn });
      }
    }
    if (this.#turnStartMs === undefined) this.#discardBefore(this.#positionMs - prefixMs - ONSET_DELAY_MS);
    return changes;
  }

  /**
   * Takes everything in the buffer as one turn.
   *
   * @throws {ClientEventError} `input_audio_buffer_commit_empty` below 100 ms.
   */
  commit(): TurnAudio {
    const ms = this.#bufferedBytes / bytesPerMs(this.#format);
    if (ms < MIN_COMMIT_MS) {
      throw new ClientEventError(
        "input_audio_buffer_commit_empty",
        "Error committing input audio buffer: buffer too small. " +
          `Expected at least ${MIN_COMMIT_MS}ms of audio, but buffer only has ${ms.toFixed(2)}ms of audio.`,
      );
    }
    const turn = this.#takeTurn(this.#bufferStartMs, this.#positionMs, this.#positionMs);
    this.clear();
    return turn;
  }

  /** Empties the buffer and abandons the turn in progress. */
  clear(): void {
    this.#chunks = [];
    this.#bufferedBytes = 0;
    this.#restartDetection();
  }

  #restartDetection(): void {
    this.#turnStartMs = undefined;
    this.#activity = this.#endpointing
      ? new VoiceActivity({ rate: rateOf(this.#format), ...this.#endpointing }, Math.floor(this.#positionMs))
      : undefined;
  }

  get #bufferStartMs(): number {
    return this.#positionMs - this.#bufferedBytes / bytesPerMs(this.#format);
  }

  #takeTurn(startMs: number, endMs: number, speechEndMs: number): TurnAudio {
    const all = joinBytes(this.#chunks);
    const first = this.#bufferStartMs;
    const byteAt = (ms: number) => Math.round(ms - first) * bytesPerMs(this.#format);
    const rest = all.slice(byteAt(endMs));
    this.#chunks = [rest];
    this.#bufferedBytes = rest.length;
    return {
      format: this.#format,
      audio: all.slice(byteAt(startMs), byteAt(endMs)),
      speech: all.slice(byteAt(startMs), byteAt(speechEndMs)),
    };
  }

  #discardBefore(ms: number): void {
    let chunk: Uint8Array | undefined;
    while ((chunk = this.#chunks[0]) && this.#bufferStartMs + chunk.length / bytesPerMs(this.#format) <= ms) {
      this.#chunks.shift();
      this.#bufferedBytes -= chunk.length;
    }
  }
}
