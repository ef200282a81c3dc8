import { type AudioFormat, bytesPerMs, rateOf, toSamples } from "./audio.ts";
import { ModelFault } from "./wire.ts";
import { VoiceActivity } from "./voice_activity.ts";

/** What the caller said in one turn: bytes of `format`, whole, and as far as there was a voice in them. */
export interface HeardTurn {
  readonly format: AudioFormat;
  readonly audio: Uint8Array;
  readonly speech: Uint8Array;
}

/** When a turn begins and ends by itself; ms. */
export interface Endpointing {
  readonly threshold: number;
  readonly prefixMs: number;
  readonly silenceMs: number;
}

/** What the voice activity detection made of the audio; offsets are ms of all audio appended. */
export type InputChange =
  | { readonly type: "started"; readonly audioStartMs: number }
  | { readonly type: "stopped"; readonly audioEndMs: number; readonly turn: HeardTurn };

const LEAST_COMMIT_MS = 100;
// Detection reports a voice up to this long after its onset, which must still be here then.
const ONSET_DELAY_MS = 1000;
// What ends a word is often too soft for the detection.
const TAIL_MS = 100;

/** The input audio buffer of one session: everything since the last turn, or as much as a turn could begin with. */
export class InputAudio {
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

  /** How much audio has been appended in this session, in ms. */
  get positionMs(): number {
    return this.#positionMs;
  }

  /**
   * Applies new settings and answers whether they are new: a change of either begins the detection anew, a change of
   * format empties the buffer too.
   */
  configure(format: AudioFormat, endpointing: Endpointing | null): boolean {
    const sameFormat = format.type === this.#format.type;
    if (sameFormat && JSON.stringify(endpointing) === JSON.stringify(this.#endpointing)) return false;
    if (!sameFormat) this.clear();
    this.#format = format;
    this.#endpointing = endpointing;
    this.#listen();
    return true;
  }

  /** Takes audio of the configured format and answers what it changed, in order. */
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
        const turn = this.#take(
          this.#turnStartMs ?? 0,
          change.endMs,
          Math.min(change.endMs, change.voicedUntilMs + TAIL_MS),
        );
        this.#turnStartMs = undefined;
        changes.push({ type: "stopped", audioEndMs: change.endMs, turn });
      }
    }
    if (this.#turnStartMs === undefined) this.#forgetBefore(this.#positionMs - prefixMs - ONSET_DELAY_MS);
    return changes;
  }

  /**
   * Everything in the buffer as one turn.
   *
   * @throws {ModelFault} `input_audio_buffer_commit_empty` below 100 ms.
   */
  commit(): HeardTurn {
    const ms = this.#bufferedBytes / bytesPerMs(this.#format);
    if (ms < LEAST_COMMIT_MS) {
      throw new ModelFault(
        "input_audio_buffer_commit_empty",
        "Error committing input audio buffer: buffer too small. " +
          `Expected at least ${LEAST_COMMIT_MS}ms of audio, but buffer only has ${ms.toFixed(2)}ms of audio.`,
      );
    }
    const turn = this.#take(this.#bufferStartMs, this.#positionMs, this.#positionMs);
    this.clear();
    return turn;
  }

  /** Empties the buffer; a turn that had begun is forgotten. */
  clear(): void {
    this.#chunks = [];
    this.#bufferedBytes = 0;
    this.#listen();
  }

  #listen(): void {
    this.#turnStartMs = undefined;
    this.#activity = this.#endpointing
      ? new VoiceActivity({ rate: rateOf(this.#format), ...this.#endpointing }, Math.floor(this.#positionMs))
      : undefined;
  }

  get #bufferStartMs(): number {
    return this.#positionMs - this.#bufferedBytes / bytesPerMs(this.#format);
  }

  #take(startMs: number, endMs: number, speechEndMs: number): HeardTurn {
    const all = new Uint8Array(this.#bufferedBytes);
    let length = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, length);
      length += chunk.length;
    }
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

  #forgetBefore(ms: number): void {
    let chunk: Uint8Array | undefined;
    while ((chunk = this.#chunks[0]) && this.#bufferStartMs + chunk.length / bytesPerMs(this.#format) <= ms) {
      this.#chunks.shift();
      this.#bufferedBytes -= chunk.length;
    }
  }
}
