import type { Clock } from "../../clock.ts";
import { Watchdog } from "../watchdog.ts";
import { CallerAudioBuffer, payloadMs, silentPayload } from "./caller_audio_buffer.ts";
import type { CallerLevel } from "./caller_level.ts";
import { CallerTurn } from "./caller_turn.ts";
import { SpokenTimes } from "./spoken_times.ts";

/** Audio kept (ms): an outage of 10 s, 5 s until a loss is noticed, and the audio before the turn. */
const BUFFER_MS = 16_000;
/** Audio sent again from before the turn or the acknowledged position (ms), because speech is detected after its start. */
const PREROLL_MS = 800;
/** Acknowledged audio kept in addition (ms), because speech may be reported this late. */
const LATE_DETECTION_MS = 2_000;
/** The longest time a dead line stays unnoticed (ms). Older audio counts as read, even without an acknowledgement. */
const UNNOTICED_MS = 10_000;
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
/** Longest frame of silence (ms): the buffer drops whole frames. */
const FILL_FRAME_MS = 1_000;

export interface CallerAudioCounts {
  readonly frames: number;
  /** Silence put into gaps (ms). */
  readonly filledMs: number;
  /** Audio dropped before any session had read it (ms). */
  readonly droppedMs: number;
  /** Audio that a second session received (ms), because the first was lost. */
  readonly repeatedMs: number;
}

/** Receives the caller's audio: base64 µ-law. May call {@linkcode CallerAudio.sendTo} meanwhile. */
export interface AudioReceiver {
  appendAudio(payload: string): void;
}

/**
 * The caller's audio, and the cursor of the one session that receives it.
 *
 * Positions are milliseconds since the call's first frame, filled gaps included. Payloads stay unchanged. Gaps (lost packets,
 * silence suppression) are filled with silence: without audio, the model's voice activity detection never reports the end
 * of a turn. Audio is kept until a session has read and answered it, so a successor can start at an earlier position.
 */
export class CallerAudio {
  readonly #clock: Clock;
  readonly #level: CallerLevel;
  readonly #stall: Watchdog;
  readonly #buffer = new CallerAudioBuffer(BUFFER_MS);
  readonly #turn = new CallerTurn();
  readonly #spokenTimes = new SpokenTimes();
  #receiver: AudioReceiver | undefined;
  /** Number of the present receiver. */
  #generation = 0;
  /** Position of the receiver's first frame. */
  #sessionStartMs = 0;
  /** End of the audio given to the present receiver. */
  #cursorMs = 0;
  /** End of the audio given to any receiver. */
  #sentMs = 0;
  /** A session has read the audio up to here. */
  #readMs = 0;
  /** Dropped audio is counted up to here. */
  #countedMs = 0;
  /** Expected timestamp of the next frame (ms of the stream). */
  #timestamp: number | undefined;
  /** When position 0 was, estimated from the frame of this stream with the least delay (ms of the clock). */
  #startedAt = Infinity;
  #speaking = false;
  #muted = false;
  #frames = 0;
  #filledMs = 0;
  #droppedMs = 0;
  #repeatedMs = 0;

  constructor(clock: Clock, { level }: { readonly level: CallerLevel }) {
    this.#clock = clock;
    this.#level = level;
    this.#stall = new Watchdog(clock, STALL_MS, () => this.fillSilence(STALL_FILL_MS));
  }

  /** Frames received so far. */
  get frames(): number {
    return this.#frames;
  }

  get counts(): CallerAudioCounts {
    return {
      frames: this.#frames,
      filledMs: this.#filledMs,
      droppedMs: this.#droppedMs,
      repeatedMs: this.#repeatedMs,
    };
  }

  /** Position of the next frame. */
  get positionMs(): number {
    return this.#buffer.endMs;
  }

  /** Whether the caller has said something that is not answered yet. */
  get inTurn(): boolean {
    return this.#turn.startMs !== undefined;
  }

  /**
   * Adds one frame, and sends it if there is a receiver.
   *
   * @param payload Base64 µ-law.
   * @param timestamp Its place in the stream (ms).
   */
  frame(payload: string, timestamp: number): void {
    this.#frames++;
    const ms = payloadMs(payload);
    const gap = this.#timestamp === undefined ? 0 : timestamp - this.#timestamp;
    const now = this.#clock.now();
    // A gap in the timestamps is filled only as far as the clock confirms it.
    const clockGapMs = now - this.#startedAt - this.positionMs;
    const fillMs = Math.min(gap <= clockGapMs + JITTER_MS ? gap : Math.floor(clockGapMs), GAP_LIMIT_MS);
    if (fillMs >= GAP_MIN_MS) this.fillSilence(fillMs);
    this.#startedAt = Math.min(this.#startedAt, now - this.positionMs);
    this.#timestamp = timestamp + ms;
    this.#spokenTimes.add(this.positionMs, timestamp, ms, now);
    this.#add(this.#muted ? silentPayload(ms) : payload, ms);
    if (this.#speaking) this.#stall.touch();
  }

  /** The next frame starts a new stream: its timestamp, and the time since the last frame, are no gap. */
  streamStarted(): void {
    this.#startedAt = Infinity;
    this.#spokenTimes.streamStarted();
  }

  /** How long ago the audio at a position was spoken (ms). */
  ageMs(positionMs: number): number {
    const now = this.#clock.now();
    return now - this.#spokenTimes.at(positionMs, now);
  }

  /** Adds silence, such as for a caller who is not on the line. */
  fillSilence(ms: number): void {
    this.#filledMs += ms;
    if (this.#timestamp !== undefined) this.#timestamp += ms;
    for (let left = ms; left > 0; left -= FILL_FRAME_MS) {
      const part = Math.min(left, FILL_FRAME_MS);
      this.#add(silentPayload(part), part);
    }
  }

  /**
   * Moves the cursor: sends `receiver` the audio kept from `fromMs` on, then each new frame. Nobody else receives any more.
   * An ended turn before `fromMs` counts as given in another form. Undefined: audio waits for the next receiver.
   */
  sendTo(receiver: AudioReceiver | undefined, fromMs = this.positionMs): void {
    this.#generation++;
    this.#receiver = receiver;
    this.#speaking = false;
    this.#stall.stop();
    if (!receiver) return this.#countDropped();
    this.#sessionStartMs = this.#cursorMs = this.#buffer.from(fromMs).next().value?.atMs ?? this.positionMs;
    this.#turn.receiverChanged(fromMs, this.positionMs);
    this.#readMs = Math.max(this.#readMs, Math.min(fromMs, this.positionMs));
    this.#send();
  }

  /** The present receiver has read its audio up to this offset (ms of the session). */
  acknowledged(sessionAudioMs: number): void {
    this.#readMs = Math.max(this.#readMs, this.positionOf(sessionAudioMs));
    this.#release();
  }

  /** Position of an offset in the audio of the present receiver (ms of the session), or of the last one. */
  positionOf(sessionAudioMs: number): number {
    return Math.max(0, Math.min(this.#sessionStartMs + sessionAudioMs, this.positionMs));
  }

  /** The receiver has detected speech from `atMs` on. Only in speech can a stall keep a turn open. */
  turnStarted(atMs: number): void {
    this.#speaking = true;
    this.#turn.started(atMs);
    this.#stall.touch();
  }

  /** The receiver has detected the end of the speech. */
  turnEnded(atMs: number): void {
    this.#speaking = false;
    this.#turn.ended(atMs);
    this.#stall.stop();
  }

  /** Everything said so far is answered, except speech in progress. */
  turnAnswered(): void {
    this.#turn.answered(this.#speaking);
    this.#release();
  }

  /**
   * Where a successor starts after a loss: 0.8 s before the first audio that was not read or belongs to the unanswered
   * turn, but not before the end of the last answered turn.
   *
   * @param text Whether the unanswered turn is given as text: then it counts as answered.
   */
  replayFromMs(text: boolean): number {
    return Math.max(
      this.#turn.answeredUntilMs(text),
      this.#neededFromMs(text) - PREROLL_MS,
      this.#buffer.startMs,
    );
  }

  /** Adds silence instead of the caller's audio while `muted`. */
  mute(muted: boolean): void {
    this.#muted = muted;
  }

  #add(payload: string, ms: number): void {
    const dropped = this.#buffer.push(payload, ms);
    if (this.#receiver) this.#send();
    else if (dropped > 0) this.#countDropped();
    this.#level.feed(payload, ms);
  }

  /** Sends the receiver what it does not have. It may call back: then another frame, or another receiver, comes first. */
  #send(): void {
    const generation = this.#generation;
    for (const { payload, ms, atMs } of this.#buffer.from(this.#cursorMs)) {
      if (generation !== this.#generation) return;
      if (atMs < this.#cursorMs) continue;
      this.#cursorMs = atMs + ms;
      this.#repeatedMs += Math.max(0, Math.min(this.#cursorMs, this.#sentMs) - atMs);
      this.#sentMs = Math.max(this.#sentMs, this.#cursorMs);
      this.#receiver?.appendAudio(payload);
    }
  }

  /** Start of the audio that a successor cannot do without. */
  #neededFromMs(text: boolean): number {
    const readMs = Math.max(this.#readMs, this.#sentMs - UNNOTICED_MS);
    return Math.min(readMs, this.#turn.unansweredFromMs(text));
  }

  /** Counts what the next receiver will miss. Without a receiver only: the present one has everything. */
  #countDropped(): void {
    const { startMs } = this.#buffer;
    const neededFromMs = Math.max(this.#neededFromMs(false), this.#turn.answeredUntilMs(false));
    this.#droppedMs += Math.max(0, startMs - Math.max(neededFromMs, this.#countedMs));
    this.#countedMs = Math.max(this.#countedMs, startMs);
  }

  #release(): void {
    const keepMs = PREROLL_MS + LATE_DETECTION_MS;
    this.#buffer.release(Math.max(this.#neededFromMs(false) - keepMs, this.#turn.answeredUntilMs(false)));
  }
}
