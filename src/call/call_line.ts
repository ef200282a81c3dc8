import type { Cancel } from "../clock.ts";
import type {
  MediaStream,
  MediaStreamObserver,
  SkipReason,
  StreamEndReason,
} from "../twilio/media_stream.ts";
import { Watchdog } from "./watchdog.ts";
import type { CallParts } from "./call_parts.ts";

/** Timeout for a stream to adopt the prepared session (ms). The session is then closed. */
const ADOPTION_MS = 15_000;
/** Timeout for a call's stream (ms). Its token has expired by then. */
export const CONNECT_MS = 30_000;
/** Streams that a call may lose within {@linkcode LOSS_WINDOW_MS}; the next loss ends it. */
const MAX_LOSSES = 3;
const LOSS_WINDOW_MS = 60_000;
/** Twilio sends a frame every 20 ms; after this long without one (ms), another stream may take over. */
const SILENT_MS = 1_000;

export interface CallLineOptions
  extends Pick<CallParts, "conversation" | "ending" | "events" | "timeline" | "clock" | "log"> {
  /** Called with each key the caller presses: one of `0123456789*#ABCD`. */
  readonly pressKey: (key: string) => void;
  /** Timeout without a frame from Twilio (ms). */
  readonly mediaTimeoutMs: number;
  /** How long a lost stream may take to come back (ms). */
  readonly streamGraceMs: number;
}

/** The call's media streams: one, and another each time the caller comes back from a transfer or a loss. */
export class CallLine {
  readonly #options: CallLineOptions;
  readonly #mediaTimeout: Watchdog;
  readonly #streams: MediaStream[] = [];
  #stream: MediaStream | undefined;
  /** When the stream started or sent its last frame (ms of the clock). */
  #lastFrameAt = 0;
  /** When streams were lost within the last minute (ms of the clock). */
  #losses: number[] = [];
  /** A stream was lost, and Twilio may bring the caller back; `requested`: Twilio has asked for the next one. */
  #loss: { readonly atMs: number; requested: boolean } | undefined;
  /** Requests of Twilio in a row for a stream in place of one that it could not open. */
  #unopened = 0;
  /** Cancels the timer that runs while there is no stream, because nothing else would end the call. */
  #cancelWait: Cancel | undefined;

  constructor(options: CallLineOptions) {
    this.#options = options;
    const { clock, ending, events, mediaTimeoutMs } = options;
    this.#mediaTimeout = new Watchdog(clock, mediaTimeoutMs, () => ending.end("no media"));
    events.on(["transfer started", "call ending"], () => this.#mediaTimeout.stop());
    events.on("call ending", () => this.#cancelWait?.());
    events.on("call ended", () => this.#stream?.close());
  }

  get connected(): boolean {
    return this.#stream !== undefined;
  }

  /** Whether a stream is open that receives audio. */
  get receiving(): boolean {
    return this.connected && this.#options.clock.now() - this.#lastFrameAt < SILENT_MS;
  }

  /** Whether the stream was lost and may come back. */
  get detachedByLoss(): boolean {
    return this.#loss !== undefined;
  }

  /** Number of streams lost within the last minute. */
  get recentLosses(): number {
    const since = this.#options.clock.now() - LOSS_WINDOW_MS;
    return this.#losses.filter((time) => time > since).length;
  }

  /** Wait before Twilio opens another stream (s), so that a short outage does not use up all attempts. */
  get pauseSeconds(): number {
    return this.#unopened;
  }

  /** Bytes waiting in the stream's socket. */
  get bufferedBytes(): number {
    return this.#stream?.bufferedBytes ?? 0;
  }

  /** Frames skipped on all streams, by reason. */
  get skipped(): [SkipReason, number][] {
    return this.#streams.flatMap((stream) => [...stream.skipped]);
  }

  /**
   * Ends the call if its first stream does not start in time. Closes the prepared session earlier, to save its cost.
   *
   * @param spokenMs How long Twilio speaks before it opens the stream (ms).
   */
  awaitFirstStream(spokenMs: number): void {
    const { clock, conversation, log } = this.#options;
    const waitMs = spokenMs + ADOPTION_MS;
    this.#cancelWait?.();
    this.#cancelWait = clock.after(waitMs, () => {
      log.warn("session not adopted", { waited_s: Math.round(waitMs / 1000) });
      conversation.model.drop();
      this.awaitStream(CONNECT_MS - ADOPTION_MS);
    });
  }

  /** Ends the call if no stream starts within `ms`. */
  awaitStream(ms: number): void {
    const { clock } = this.#options;
    this.#cancelWait?.();
    this.#cancelWait = clock.after(ms, () => this.#endLost());
  }

  /** @returns the observer of the stream's messages, which ignores them once the stream is replaced. */
  attach(stream: MediaStream): MediaStreamObserver {
    const { clock, conversation: { model }, log, timeline } = this.#options;
    this.#cancelWait?.();
    this.#stream = stream;
    this.#streams.push(stream);
    this.#lastFrameAt = clock.now();
    this.#unopened = 0;
    timeline.start();
    const away = this.#loss && { away_s: (clock.now() - this.#loss.atMs) / 1000 };
    this.#loss = undefined;
    log.info("stream started", { stream: stream.streamSid, prepared: model.opened, ...away });
    this.#mediaTimeout.touch();
    return this.#observe(stream);
  }

  /** Closes the stream, so that Twilio requests the `<Dial>`. The call ends if no other stream starts within `waitMs`. */
  detach(waitMs: number): void {
    const stream = this.#stream;
    this.#stream = undefined;
    this.#options.conversation.detach();
    this.#options.events.emit({ type: "stream detached" });
    stream?.close();
    this.awaitStream(waitMs);
  }

  /**
   * The stream was lost. The call goes on without it, and ends if no other one starts within the grace. A fourth loss within
   * a minute ends it now.
   */
  detachLost(): void {
    const stream = this.#stream;
    if (!stream) return;
    const { clock, conversation, events, log, streamGraceMs } = this.#options;
    if (!this.#countLoss() || streamGraceMs === 0) return this.#endLost();
    this.#stream = undefined;
    this.#loss = { atMs: clock.now(), requested: false };
    this.#mediaTimeout.stop();
    this.awaitStream(streamGraceMs);
    log.warn("stream lost", { stream: stream.streamSid, losses: this.recentLosses });
    conversation.suspend();
    events.emit({ type: "stream detached" });
    stream.close();
  }

  /**
   * Twilio asks for the next stream, because the last one is over or could not be opened: waits for it. Ends the call after
   * too many losses.
   */
  streamRequested(): void {
    if (this.#stream) this.detachLost();
    else if (this.#loss?.requested !== false) {
      this.#unopened++;
      if (!this.#countLoss()) this.#endLost();
    }
    if (!this.#loss || this.#options.ending.ended) return;
    this.#loss.requested = true;
    this.awaitStream(this.#options.streamGraceMs);
  }

  /** @returns whether the call may lose another stream. */
  #countLoss(): boolean {
    const { clock } = this.#options;
    const since = clock.now() - LOSS_WINDOW_MS;
    this.#losses = [...this.#losses.filter((time) => time > since), clock.now()];
    return this.#losses.length <= MAX_LOSSES;
  }

  #endLost(): void {
    const { ending } = this.#options;
    const lost = this.#streams.length > 0 ? "stream lost" : "never connected";
    ending.end(ending.goodbyeReason ?? lost);
  }

  #observe(stream: MediaStream): MediaStreamObserver {
    const { clock, conversation, ending, events, log, pressKey } = this.#options;
    const isCurrent = () => stream === this.#stream;
    return {
      media: (payload, timestamp) => {
        if (!isCurrent()) return;
        this.#lastFrameAt = clock.now();
        this.#mediaTimeout.touch();
        conversation.callerFrame(payload, timestamp);
      },
      mark: (name) => {
        if (isCurrent()) conversation.markEchoed(name);
      },
      dtmf: (digit) => {
        if (!isCurrent()) return;
        // The digit is not logged: it may be part of a secret.
        log.info("key pressed");
        events.emit({ type: "key pressed" });
        pressKey(digit);
      },
      frameSkipped: (reason) => log.warn("frame skipped", { reason }),
      streamEnded: (how: StreamEndReason) => {
        if (!isCurrent()) return;
        if (how === "stop") ending.end("caller hung up");
        else if (how === "flood") ending.end("flood");
        else this.detachLost();
      },
    };
  }
}
