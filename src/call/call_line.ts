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

export interface CallLineOptions
  extends Pick<CallParts, "conversation" | "ending" | "events" | "timeline" | "clock" | "log"> {
  /** Called with each key the caller presses: one of `0123456789*#ABCD`. */
  readonly pressKey: (key: string) => void;
  /** Timeout without a frame from Twilio (ms). */
  readonly mediaTimeoutMs: number;
}

/** The call's media streams: one, and another each time the caller comes back from a transfer. */
export class CallLine implements MediaStreamObserver {
  readonly #options: CallLineOptions;
  readonly #mediaTimeout: Watchdog;
  readonly #streams: MediaStream[] = [];
  #stream: MediaStream | undefined;
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
    this.#cancelWait = clock.after(waitMs, () => {
      log.warn("session not adopted", { waited_s: Math.round(waitMs / 1000) });
      conversation.drop();
      this.awaitStream(CONNECT_MS - ADOPTION_MS);
    });
  }

  /** Ends the call if no stream starts within `ms`. */
  awaitStream(ms: number): void {
    const { clock, ending } = this.#options;
    this.#cancelWait?.();
    this.#cancelWait = clock.after(ms, () => {
      ending.end(this.#streams.length > 0 ? "stream lost" : "never connected");
    });
  }

  attach(stream: MediaStream): void {
    const { conversation: { model }, log, timeline } = this.#options;
    this.#cancelWait?.();
    this.#stream = stream;
    this.#streams.push(stream);
    timeline.start();
    log.info("stream started", { stream: stream.streamSid, prepared: model.session !== undefined });
    this.#mediaTimeout.touch();
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

  media(payload: string, timestamp: number): void {
    this.#mediaTimeout.touch();
    this.#options.conversation.callerFrame(payload, timestamp);
  }

  mark(name: string): void {
    this.#options.conversation.markEchoed(name);
  }

  dtmf(digit: string): void {
    // The digit is not logged: it may be part of a secret.
    this.#options.log.info("key pressed");
    this.#options.events.emit({ type: "key pressed" });
    this.#options.pressKey(digit);
  }

  frameSkipped(reason: SkipReason): void {
    this.#options.log.warn("frame skipped", { reason });
  }

  streamEnded(how: StreamEndReason): void {
    const { ending } = this.#options;
    ending.end(how === "stop" ? "caller hung up" : how === "flood" ? "flood" : "stream lost");
  }
}
