import type { Cancel, Clock } from "../clock.ts";
import {
  clearMessage,
  type MalformedReason,
  markMessage,
  mediaMessage,
  readMessage,
  type StreamStart,
} from "./messages.ts";

/** Size of the rate limit's burst (s): after a network stall, delayed frames arrive at once. */
const BURST_SECONDS = 10;
/** Unsent audio (bytes) above which the stream is congested. */
const CONGESTED_BYTES = 65_536;
/** A congested stream whose unsent audio does not shrink for this long is lost (ms). */
const STUCK_MS = 10_000;

/** Why a frame was skipped. */
export type SkipReason =
  | MalformedReason
  | "binary"
  | "too big"
  | "before start"
  | "second start"
  | "wrong streamSid";

/** How a media stream ended. */
export type StreamEndReason = "stop" | "closed" | "error" | "flood";

/** Limits of a media stream. */
export interface StreamLimits {
  /** Timeout from the upgrade to `start` (ms). */
  readonly startMs: number;
  /** Maximum size of a frame (bytes). A longer one ends a stream that has not started; after `start` it is skipped. */
  readonly maxFrameBytes: number;
  /** Frame rate limit, averaged over ten seconds. */
  readonly framesPerSecond: number;
}

/** Receives the events of a started media stream. */
export interface MediaStreamObserver {
  /** Caller audio: base64 of µ-law, and its offset in the stream (ms). */
  media(payload: string, timestamp: number): void;
  mark(name: string): void;
  dtmf(digit: string): void;
  /** The first frame skipped for this reason; {@linkcode MediaStream.skipped} counts all. */
  frameSkipped(reason: SkipReason): void;
  /** Called once, last; not called after {@linkcode MediaStream.close}. */
  streamEnded(reason: StreamEndReason): void;
}

/** Why a stream was rejected. A closed list, so that it can be a metric label. */
export type RejectReason =
  | "no start in time"
  | "too many frames"
  | "frame too big"
  | "gone before start"
  | "no valid token"
  | "not admitted"
  | "call has a stream"
  | "call is over";

/** Accepts or rejects streams. */
export interface MediaStreamGate {
  /** Called on `start`: returns the stream's observer, or the reason to reject it. */
  admit(stream: MediaStream, start: StreamStart): MediaStreamObserver | { readonly refused: RejectReason };
  /** A socket closed before it became a media stream. */
  rejected(reason: RejectReason): void;
}

/**
 * One Twilio media stream on an upgraded WebSocket.
 *
 * Enforces the protocol: exactly one `start`, nothing before it, one `streamSid`, text frames only. Skips and reports
 * violations; never throws.
 */
export class MediaStream {
  readonly #socket: WebSocket;
  readonly #gate: MediaStreamGate;
  readonly #clock: Clock;
  readonly #limits: StreamLimits;
  readonly #cancelStartTimeout: Cancel;
  /** Frames allowed at `#creditAt` (ms of the clock). */
  #credit: number;
  #creditAt: number;
  #observer: MediaStreamObserver | undefined;
  #streamSid = "";
  #closed = false;
  /** Runs while the stream is congested. */
  #cancelStuckCheck: Cancel | undefined;
  readonly #skipped = new Map<SkipReason, number>();

  constructor(socket: WebSocket, gate: MediaStreamGate, clock: Clock, limits: StreamLimits) {
    this.#socket = socket;
    this.#gate = gate;
    this.#clock = clock;
    this.#limits = limits;
    this.#credit = limits.framesPerSecond * BURST_SECONDS;
    this.#creditAt = clock.now();
    this.#cancelStartTimeout = clock.after(limits.startMs, () => this.#reject("no start in time"));
    socket.onmessage = ({ data }) => this.#read(data);
    socket.onerror = () => this.#end("error");
    socket.onclose = () => this.#end("closed");
  }

  get streamSid(): string {
    return this.#streamSid;
  }

  /** Number of skipped frames by reason. */
  get skipped(): ReadonlyMap<SkipReason, number> {
    return this.#skipped;
  }

  /** Bytes not yet sent by the socket. */
  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  get congested(): boolean {
    return this.bufferedBytes > CONGESTED_BYTES;
  }

  media(audio: Uint8Array): void {
    this.#send(mediaMessage(this.#streamSid, audio));
  }

  mark(name: string): void {
    this.#send(markMessage(this.#streamSid, name));
  }

  clear(): void {
    this.#send(clearMessage(this.#streamSid));
  }

  /** Closes the socket without `streamEnded`. Twilio then continues with the TwiML after `<Connect>`. */
  close(code = 1000, reason = ""): void {
    this.#closed = true;
    this.#cancelStartTimeout();
    this.#cancelStuckCheck?.();
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close(code, reason);
  }

  #send(message: string): void {
    if (this.#closed || this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(message);
    if (this.congested) this.#watchCongestion();
  }

  /** Ends the stream if the far end reads nothing more. */
  #watchCongestion(): void {
    const unsent = this.bufferedBytes;
    this.#cancelStuckCheck ??= this.#clock.after(STUCK_MS, () => {
      this.#cancelStuckCheck = undefined;
      if (!this.congested) return;
      if (this.bufferedBytes >= unsent) this.#end("error");
      else this.#watchCongestion();
    });
  }

  #read(data: unknown): void {
    if (this.#closed) return;
    if (!this.#takeCredit()) return this.#observer ? this.#end("flood") : this.#reject("too many frames");
    if (typeof data !== "string") return this.#skip("binary");
    if (data.length > this.#limits.maxFrameBytes) {
      return this.#observer ? this.#skip("too big") : this.#reject("frame too big", 1009);
    }
    const message = readMessage(data);
    if (typeof message === "string") return this.#skip(message);
    if (message.event === "connected") return;
    if (message.event === "start") return this.#start(message.start);
    if (!this.#observer) return this.#skip("before start");
    if (message.streamSid !== this.#streamSid) return this.#skip("wrong streamSid");
    switch (message.event) {
      case "media":
        return this.#observer.media(message.payload, message.timestamp);
      case "mark":
        return this.#observer.mark(message.name);
      case "dtmf":
        return this.#observer.dtmf(message.digit);
      case "stop":
        return this.#end("stop");
    }
  }

  #takeCredit(): boolean {
    const { framesPerSecond } = this.#limits;
    const now = this.#clock.now();
    const earned = (now - this.#creditAt) / 1000 * framesPerSecond;
    this.#credit = Math.min(framesPerSecond * BURST_SECONDS, this.#credit + earned) - 1;
    this.#creditAt = now;
    return this.#credit >= 0;
  }

  #start(start: StreamStart): void {
    if (this.#observer) return this.#skip("second start");
    this.#cancelStartTimeout();
    this.#streamSid = start.streamSid;
    const admitted = this.#gate.admit(this, start);
    if ("refused" in admitted) return this.#reject(admitted.refused);
    this.#observer = admitted;
    for (const reason of this.#skipped.keys()) admitted.frameSkipped(reason);
  }

  #skip(reason: SkipReason): void {
    const count = (this.#skipped.get(reason) ?? 0) + 1;
    this.#skipped.set(reason, count);
    if (count === 1) this.#observer?.frameSkipped(reason);
  }

  #reject(reason: RejectReason, code = 1008): void {
    this.close(code, reason);
    this.#gate.rejected(reason);
  }

  #end(reason: StreamEndReason): void {
    // Deno may report a close twice, or an error before it.
    if (this.#closed) return;
    this.close();
    if (this.#observer) this.#observer.streamEnded(reason);
    else this.#gate.rejected("gone before start");
  }
}
