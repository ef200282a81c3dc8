import type { Cancel, Clock } from "../clock.ts";
import {
  clearMessage,
  type Malformed,
  markMessage,
  mediaMessage,
  readMessage,
  type Start,
} from "./messages.ts";

/** The frame rate may be exceeded for so long (s): after a stall of the network, what was held back comes at once. */
const BURST_SECONDS = 10;
/** Audio waiting in the socket above which the line counts as congested (bytes). */
const CONGESTED_BYTES = 65_536;

/** Why a frame from the peer was skipped. */
export type Skipped = Malformed | "binary" | "too big" | "before start" | "second start" | "wrong streamSid";

/** How a media stream came to its end. */
export type StreamEnd = "stop" | "closed" | "error" | "flood";

/** What a peer may do. */
export interface StreamLimits {
  /** From the upgrade to `start` (ms). */
  readonly startMs: number;
  /** Longest frame (bytes): a longer one ends a stream that has not started, and is skipped afterwards. */
  readonly maxFrameBytes: number;
  /** Most frames a second, over any ten seconds. */
  readonly framesPerSecond: number;
}

/** Who listens to a media stream once it has started. */
export interface MediaStreamObserver {
  /** Caller audio: base64 µ-law, and its place in the stream (ms). */
  media(payload: string, timestamp: number): void;
  mark(name: string): void;
  dtmf(digit: string): void;
  /** A frame was skipped, the first one for this reason; {@linkcode MediaStream.skipped} counts them all. */
  skipped(why: Skipped): void;
  /** The stream is over; called once, and nothing is called after it. */
  ended(how: StreamEnd): void;
}

/** Why a socket never became a media stream. A closed list, so that it can be counted. */
export type Refused =
  | "no start in time"
  | "too many frames"
  | "frame too big"
  | "gone before start"
  | "no valid token"
  | "call has a stream"
  | "call is over";

/** Who decides whether a stream that says `start` may come in. */
export interface MediaStreamGate {
  /** Returns the listener, or a reason to turn the stream away. */
  admit(stream: MediaStream, start: Start): MediaStreamObserver | { readonly refused: Refused };
  /** A socket ended before it was admitted. */
  turnedAway(why: Refused): void;
}

/**
 * One media stream of Twilio, on a WebSocket that is already upgraded.
 *
 * Keeps the protocol: exactly one `start`, nothing before it, one `streamSid`, text frames only. Whatever breaks it is
 * skipped and reported, never thrown.
 */
export class MediaStream {
  readonly #socket: WebSocket;
  readonly #gate: MediaStreamGate;
  readonly #clock: Clock;
  readonly #limits: StreamLimits;
  readonly #startTimeout: Cancel;
  /** Frames that may still come, as of `#countedAt` (ms). */
  #credit: number;
  #countedAt: number;
  #observer: MediaStreamObserver | undefined;
  #streamSid = "";
  #over = false;
  readonly #skipped = new Map<Skipped, number>();

  constructor(socket: WebSocket, gate: MediaStreamGate, clock: Clock, limits: StreamLimits) {
    this.#socket = socket;
    this.#gate = gate;
    this.#clock = clock;
    this.#limits = limits;
    this.#credit = limits.framesPerSecond * BURST_SECONDS;
    this.#countedAt = clock.now();
    this.#startTimeout = clock.after(limits.startMs, () => this.#turnAway("no start in time"));
    socket.onmessage = ({ data }) => this.#read(data);
    socket.onerror = () => this.#end("error");
    socket.onclose = () => this.#end("closed");
  }

  get streamSid(): string {
    return this.#streamSid;
  }

  /** How many frames were skipped, by reason. */
  get skipped(): ReadonlyMap<Skipped, number> {
    return this.#skipped;
  }

  /** Bytes sent that wait in the socket. */
  get buffered(): number {
    return this.#socket.bufferedAmount;
  }

  get congested(): boolean {
    return this.buffered > CONGESTED_BYTES;
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

  /** Closes the socket; Twilio then goes on with the TwiML. The observer is not told: who closes knows. */
  close(code = 1000, reason = ""): void {
    this.#over = true;
    this.#startTimeout();
    if (this.#socket.readyState <= WebSocket.OPEN) this.#socket.close(code, reason);
  }

  #send(message: string): void {
    // After a close Deno drops what is sent without a word, before open it throws.
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message);
  }

  #read(data: unknown): void {
    if (this.#over) return;
    if (!this.#withinRate()) return this.#observer ? this.#end("flood") : this.#turnAway("too many frames");
    if (typeof data !== "string") return this.#skip("binary");
    if (data.length > this.#limits.maxFrameBytes) {
      return this.#observer ? this.#skip("too big") : this.#turnAway("frame too big", 1009);
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

  #withinRate(): boolean {
    const { framesPerSecond } = this.#limits;
    const now = this.#clock.now();
    const earned = (now - this.#countedAt) / 1000 * framesPerSecond;
    this.#credit = Math.min(framesPerSecond * BURST_SECONDS, this.#credit + earned) - 1;
    this.#countedAt = now;
    return this.#credit >= 0;
  }

  #start(start: Start): void {
    if (this.#observer) return this.#skip("second start");
    this.#startTimeout();
    this.#streamSid = start.streamSid;
    const answer = this.#gate.admit(this, start);
    if ("refused" in answer) return this.#turnAway(answer.refused);
    this.#observer = answer;
    for (const why of this.#skipped.keys()) answer.skipped(why);
  }

  #skip(why: Skipped): void {
    const count = (this.#skipped.get(why) ?? 0) + 1;
    this.#skipped.set(why, count);
    if (count === 1) this.#observer?.skipped(why);
  }

  #turnAway(why: Refused, code = 1008): void {
    this.close(code, why);
    this.#gate.turnedAway(why);
  }

  #end(how: StreamEnd): void {
    // Deno may report a close twice, and an error before it.
    if (this.#over) return;
    this.close();
    if (this.#observer) this.#observer.ended(how);
    else this.#gate.turnedAway("gone before start");
  }
}
