import { MULAW_SILENCE } from "../audio/g711.js";
import { BYTES_PER_MS, FRAME_BYTES } from "../audio/line_format.js";
import type { Cancel, Clock } from "../clock.ts";
import { AssistantTrack } from "./assistant_track.ts";
import { CallerTrack } from "./caller_track.ts";
import { MinDelayTracker } from "./min_delay_tracker.ts";

/** Delay of the output: marks that return within it can still move the assistant's audio. */
const HOLD_BYTES = 300 * BYTES_PER_MS;
/** Shortest slice, except for the last. */
const MIN_SLICE_BYTES = 100 * BYTES_PER_MS;
const MAX_SLICE_BYTES = 1_000 * BYTES_PER_MS;
/** A timestamp further ahead of Parley's clock is ignored. */
const AHEAD_LIMIT_BYTES = 10_000 * BYTES_PER_MS;
/** A timestamp further behind the last frame is ignored: a stream keeps its order. */
const BACK_LIMIT_BYTES = 1_000 * BYTES_PER_MS;
/** A key's tone lasts up to this long after its DTMF event. */
const TONE_BYTES = 300 * BYTES_PER_MS;
/** Interval of silent slices without a stream (ms). */
const NO_STREAM_INTERVAL_MS = 500;

/**
 * A slice of the call as it was heard: µ-law at 8 kHz, both sides of the same length. The arrays are reused for the next
 * slice; copy them to keep them.
 */
export interface AudioSlice {
  /** Start (ms since the call's first stream began). Slices are contiguous. */
  readonly atMs: number;
  /** Audio from the caller. */
  readonly caller: Uint8Array;
  /** Assistant audio, at the time the caller heard it. */
  readonly assistant: Uint8Array;
}

/**
 * Aligns the two directions of a media stream: emits both sides of the call as they were heard, on Twilio's timeline.
 * `docs/design/recordings.md` explains how.
 *
 * Call its methods in the order in which messages are sent and read. They allocate little, do not wait and do not throw.
 * At the start of a call, create it with 0 and call {@linkcode streamStarted}. In mid-call, create it with the present time;
 * without a stream, call {@linkcode streamLost}, too.
 */
export class AudioAligner {
  readonly #clock: Clock;
  readonly #emit: (slice: AudioSlice) => void;
  readonly #assistant = new AssistantTrack();
  /** Caller frames not yet emitted. */
  readonly #caller: CallerTrack;
  // Positions are bytes of µ-law on the call's timeline.
  /** Position of the stream's timestamp 0; in mid-call unknown until the first frame. */
  #zero: number | undefined;
  /** End of the last caller frame. */
  #frameEnd: number;
  /** End of the audio emitted so far. */
  #emitted: number;
  /** Parley's clock minus the position, when the stream began. `#clockOffset` has the minimum of recent frames. */
  #startOffset: number;
  readonly #clockOffset = new MinDelayTracker();
  // Reused buffers.
  #frame = new Uint8Array(FRAME_BYTES);
  readonly #sides = { caller: new Uint8Array(MAX_SLICE_BYTES), assistant: new Uint8Array(MAX_SLICE_BYTES) };
  readonly #muted = new MutedSpans();
  /** Cancels the timer that runs while there is no stream. */
  #cancelNoStreamTimer: Cancel | undefined;
  #ended = false;

  /**
   * @param startMs Start on the call's timeline (ms since its first stream began).
   * @param emit Receives each slice once both sides are certain, about half a second late.
   */
  constructor(clock: Clock, startMs: number, emit: (slice: AudioSlice) => void) {
    this.#clock = clock;
    this.#emit = emit;
    this.#emitted = this.#frameEnd = Math.round(startMs) * BYTES_PER_MS;
    this.#caller = new CallerTrack(this.#emitted);
    this.#startOffset = this.#time() - this.#frameEnd;
  }

  /**
   * A frame from the caller.
   *
   * @param payload µ-law in base64.
   * @param timestamp Its position in the stream (ms).
   */
  callerFrame(payload: string, timestamp: number): void {
    if (this.#ended || this.#isStreamLost) return;
    let audio = this.#decode(payload);
    const limit = this.#time() - this.#startOffset + AHEAD_LIMIT_BYTES;
    let at = this.#zero === undefined
      ? Math.max(this.#frameEnd, this.#now() - audio.length)
      : this.#zero + Math.round(timestamp * BYTES_PER_MS);
    const isPlausible = at >= this.#frameEnd - BACK_LIMIT_BYTES && at + audio.length <= limit;
    if (!isPlausible) at = this.#frameEnd;
    // More audio arrived than time has passed.
    if (at + audio.length > limit) return;
    if (!isPlausible || this.#zero === undefined) {
      this.#zero = at - Math.round(timestamp * BYTES_PER_MS);
      this.#clockOffset.reset();
    }
    if (at < this.#frameEnd) {
      audio = audio.subarray(this.#frameEnd - at);
      at = this.#frameEnd;
    }
    if (audio.length === 0) return;
    this.#caller.write(at, audio);
    this.#frameEnd = at + audio.length;
    this.#clockOffset.add(this.#time() - this.#frameEnd, this.#clock.now());
    this.#assistant.callerFrameReceived(this.#frameEnd);
    const until = this.#frameEnd - HOLD_BYTES;
    if (until - this.#emitted >= MIN_SLICE_BYTES) this.#emitUntil(until);
  }

  /** µ-law was sent, to be played after everything sent before. The array is kept, so it must not be changed. */
  audioSent(audio: Uint8Array): void {
    if (!this.#ended) this.#assistant.audioSent(audio, this.#now());
  }

  /** A mark was sent after the audio so far. */
  markSent(name: string): void {
    this.#assistant.markSent(name);
  }

  /** `clear` was sent. */
  clearSent(): void {
    this.#assistant.clearSent(this.#now());
  }

  /** A mark returned. */
  markEchoed(name: string): void {
    if (!this.#ended) this.#assistant.markEchoed(name, this.#now());
  }

  /** A stream started: the first, or the next one after {@linkcode streamLost}. */
  streamStarted(): void {
    if (this.#ended) return;
    // The first stream starts at the start of the timeline.
    if (this.#isStreamLost || this.#zero !== undefined) this.#endStream();
    this.#zero = this.#frameEnd;
    this.#startOffset = this.#time() - this.#frameEnd;
    this.#clockOffset.reset();
    this.#cancelNoStreamTimer?.();
    this.#cancelNoStreamTimer = undefined;
  }

  /** The stream was lost. Both sides are silent until the next one. */
  streamLost(): void {
    if (this.#ended || this.#isStreamLost) return;
    this.#endStream();
    this.#emitSilence();
  }

  /** Mutes the caller's side (secret digits), or unmutes it once the last tone has ended. */
  muteCaller(muted: boolean): void {
    this.#muted.set(muted, this.#now() + (muted ? 0 : TONE_BYTES));
  }

  /** Emits the rest. Nothing is emitted afterwards. */
  end(): void {
    if (this.#ended) return;
    this.#endStream();
    this.#cancelNoStreamTimer?.();
    this.#emitUntil(this.#frameEnd + FRAME_BYTES - 1);
    this.#ended = true;
  }

  /** Whether the stream was lost and no other one has started. */
  get #isStreamLost(): boolean {
    return this.#cancelNoStreamTimer !== undefined;
  }

  /** The present position, by the fastest recent frames. A message that is read now was sent at this position or earlier. */
  #now(): number {
    return Math.max(this.#frameEnd, this.#time() - (this.#clockOffset.min ?? this.#startOffset));
  }

  /** Parley's clock (bytes). */
  #time(): number {
    return Math.round(this.#clock.now() * BYTES_PER_MS);
  }

  #endStream(): void {
    this.#frameEnd = this.#now();
    this.#assistant.streamLost(this.#frameEnd);
  }

  #emitSilence(): void {
    this.#cancelNoStreamTimer = this.#clock.after(NO_STREAM_INTERVAL_MS, () => {
      this.#endStream();
      this.#emitUntil(this.#frameEnd);
      this.#emitSilence();
    });
  }

  /** Emits whole frames of certain audio, up to position `until`. */
  #emitUntil(until: number): void {
    const certain = this.#assistant.placeUntil(until, this.#now());
    const end = certain - (certain - this.#emitted) % FRAME_BYTES;
    while (this.#emitted < end) {
      const length = Math.min(MAX_SLICE_BYTES, end - this.#emitted);
      const caller = this.#sides.caller.subarray(0, length);
      const assistant = this.#sides.assistant.subarray(0, length).fill(MULAW_SILENCE);
      this.#caller.readInto(caller);
      this.#assistant.copyInto(assistant, this.#emitted);
      this.#muted.silence(caller, this.#emitted);
      const atMs = this.#emitted / BYTES_PER_MS;
      this.#emitted += length;
      this.#emit({ atMs, caller, assistant });
    }
  }

  /** Empty if the payload is not base64. */
  #decode(base64: string): Uint8Array {
    if (base64.length > this.#frame.length) this.#frame = new Uint8Array(base64.length);
    try {
      return this.#frame.subarray(0, this.#frame.setFromBase64(base64).written);
    } catch {
      return this.#frame.subarray(0, 0);
    }
  }
}

/** Spans of the timeline in which the caller's side is muted. The last may be open-ended. */
class MutedSpans {
  #spans: { readonly from: number; to: number }[] = [];

  /** Starts or ends a span at a position. */
  set(on: boolean, at: number): void {
    const last = this.#spans.at(-1);
    const isOpen = last?.to === Infinity;
    if (on && last && last.to >= at) last.to = Infinity;
    else if (on) this.#spans.push({ from: at, to: Infinity });
    else if (last && isOpen) last.to = at;
  }

  /** Silences audio that starts at position `at` where a span covers it. Positions must ascend. */
  silence(audio: Uint8Array, at: number): void {
    if (this.#spans.length === 0) return;
    for (const { from, to } of this.#spans) {
      audio.fill(MULAW_SILENCE, Math.max(0, from - at), Math.max(0, to - at));
    }
    this.#spans = this.#spans.filter(({ to }) => to > at + audio.length);
  }
}
