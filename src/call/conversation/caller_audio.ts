import { BYTES_PER_MS } from "../../audio/line_format.js";
import type { Clock } from "../../clock.ts";
import type { CallEventStream } from "../call_event_stream.ts";
import { Watchdog } from "../watchdog.ts";
import { FrameBuffer } from "./frame_buffer.ts";

/** Maximum audio kept while the model is not ready (ms). */
const EARLY_LIMIT_MS = 10_000;
/** Audio kept from before voice activity detection reported speech (ms). */
const PREROLL_MS = 800;
/** Maximum gap filled with silence (ms). */
const GAP_LIMIT_MS = 10_000;
/** How much more than the clock allows a gap in the timestamps may be (ms), because delays vary from frame to frame. */
const JITTER_MS = 10;
/** Smallest gap filled (ms): one frame. */
const GAP_MIN_MS = 20;
/** A pause in the frames of this length while the caller speaks is a stall (ms). */
const STALL_MS = 750;
/** Silence sent after a stall (ms), so that the model detects the end of the turn. */
const STALL_FILL_MS = 1_000;

export interface CallerAudioCounts {
  readonly frames: number;
  /** Silence put into gaps (ms). */
  readonly filledMs: number;
  /** Audio dropped because the model was not ready in time (ms). */
  readonly droppedMs: number;
}

/**
 * Sends the caller's audio to the model: base64 µ-law, frame by frame, unchanged.
 *
 * Frames wait here until the model is ready. Gaps (lost packets, silence suppression) are filled with silence: without
 * audio, the model's voice activity detection never reports the end of a turn.
 */
export class CallerAudio {
  readonly #clock: Clock;
  readonly #stall: Watchdog;
  #send: ((payload: string) => void) | undefined;
  readonly #earlyFrames = new FrameBuffer(EARLY_LIMIT_MS);
  /** Audio of the turn the model has not answered, or the pre-roll: a new session needs it. */
  readonly #unansweredFrames = new FrameBuffer(EARLY_LIMIT_MS);
  #inTurn = false;
  /** Expected timestamp of the next frame (ms of the stream). */
  #position: number | undefined;
  /** All audio so far, silence included (ms). */
  #totalMs = 0;
  /** Start of the audio, estimated from the frame with the least delay (ms of the clock). */
  #startedAt = Infinity;
  #speaking = false;
  #muted = false;
  #frames = 0;
  #sentMs = 0;
  #filledMs = 0;
  #droppedMs = 0;

  constructor(clock: Clock, events: CallEventStream) {
    this.#clock = clock;
    this.#stall = new Watchdog(clock, STALL_MS, () => this.#fill(STALL_FILL_MS));
    events.on("caller started speaking", () => this.setSpeaking(true));
    events.on("caller stopped speaking", () => this.setSpeaking(false));
    // Audio that continues an item the caller spoke over does not answer the caller.
    events.on(["assistant started speaking", "function called"], () => this.markTurnAnswered());
  }

  /** Frames received so far. */
  get frames(): number {
    return this.#frames;
  }

  get counts(): CallerAudioCounts {
    return { frames: this.#frames, filledMs: this.#filledMs, droppedMs: this.#droppedMs };
  }

  /** Audio sent to the current session (ms). */
  get sentMs(): number {
    return this.#sentMs;
  }

  /** Whether the caller has said something that is not answered yet. */
  get inTurn(): boolean {
    return this.#inTurn;
  }

  /**
   * Sends one frame to the model, or keeps it until the model is ready.
   *
   * @param payload Base64 µ-law.
   * @param timestamp Its place in the stream (ms).
   */
  frame(payload: string, timestamp: number): void {
    this.#frames++;
    const ms = payloadMs(payload);
    const gap = this.#position === undefined ? 0 : timestamp - this.#position;
    const now = this.#clock.now();
    // A gap in the timestamps is filled only as far as the clock confirms it.
    const clockGapMs = now - this.#startedAt - this.#totalMs;
    const fillMs = Math.min(gap <= clockGapMs + JITTER_MS ? gap : Math.floor(clockGapMs), GAP_LIMIT_MS);
    if (fillMs >= GAP_MIN_MS) this.#fill(fillMs);
    this.#startedAt = Math.min(this.#startedAt, now - this.#totalMs);
    this.#totalMs += ms;
    this.#forward(this.#muted ? silence(Math.round(ms * BYTES_PER_MS)) : payload, ms);
    this.#position = timestamp + ms;
    if (this.#speaking) this.#stall.touch();
  }

  /** The model is ready: sends the waiting frames, then each new one, to `send`. */
  open(send: (payload: string) => void): void {
    this.#send = send;
    this.#sentMs = 0;
    for (const { payload, ms } of this.#earlyFrames.drain()) this.#forward(payload, ms);
  }

  /** The session ended: frames wait for the next one, behind the audio of the unanswered turn. */
  close(): void {
    for (const { payload, ms } of this.#unansweredFrames.drain()) {
      this.#droppedMs += this.#earlyFrames.push(payload, ms);
    }
    this.#send = undefined;
    this.setSpeaking(false);
  }

  /** Everything said so far is answered. */
  markTurnAnswered(): void {
    this.#inTurn = false;
    this.#unansweredFrames.drain();
  }

  /** Sends silence instead of the caller's audio while `muted`. */
  mute(muted: boolean): void {
    this.#muted = muted;
  }

  /** Sets whether the model has detected speech. Only then can a stall keep a turn open. */
  setSpeaking(speaking: boolean): void {
    this.#speaking = speaking;
    if (speaking) this.#inTurn = true;
    if (speaking) this.#stall.touch();
    else this.#stall.stop();
  }

  #fill(ms: number): void {
    this.#filledMs += ms;
    this.#totalMs += ms;
    this.#position = (this.#position ?? 0) + ms;
    this.#forward(silence(Math.round(ms * BYTES_PER_MS)), ms);
  }

  #forward(payload: string, ms: number): void {
    if (!this.#send) {
      this.#droppedMs += this.#earlyFrames.push(payload, ms);
      return;
    }
    this.#sentMs += ms;
    this.#unansweredFrames.push(payload, ms);
    if (!this.#inTurn) this.#unansweredFrames.trim(PREROLL_MS);
    // Last, because it may call close(): a session that stopped reading is dropped.
    this.#send(payload);
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
