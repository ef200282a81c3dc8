import type { Cancel, Clock } from "../../../clock.ts";
import { BoundedStream } from "./bounded_stream.ts";

/** Interval of keepalive comments (ms), so that proxies do not close a quiet stream. */
const KEEPALIVE_MS = 15_000;
/** A stream ends after this time (ms); the client reconnects, which checks its credentials again. */
const MAX_AGE_MS = 3_600_000;
/** Most bytes queued for a slow reader: the state of a few thousand calls. */
const MAX_QUEUED_BYTES = 1_048_576;

/**
 * Server-sent events for one reader. Ends when the reader leaves, reads too slowly, after an hour, or on
 * `close()`.
 *
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStream {
  readonly #clock: Clock;
  readonly #stream: BoundedStream;
  #cancelKeepalive: Cancel = () => {};

  /** @param onEnd Called once, when the stream ends. */
  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock;
    const cancelMaxAge = clock.after(MAX_AGE_MS, () => this.close());
    this.#stream = new BoundedStream(MAX_QUEUED_BYTES, () => {
      this.#cancelKeepalive();
      cancelMaxAge();
      onEnd();
    });
    this.#scheduleKeepalive();
  }

  /** Sends an event; `data` is serialized as JSON. Does nothing after the end. */
  send(event: string, data: unknown): void {
    if (this.#stream.open) this.#write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  close(): void {
    this.#stream.close();
  }

  /** The HTTP response that carries the events. Call it once. */
  response(): Response {
    // Turns off nginx's response buffering.
    const headers = { "content-type": "text/event-stream", "x-accel-buffering": "no" };
    return new Response(this.#stream.readable, { headers });
  }

  #scheduleKeepalive(): void {
    this.#cancelKeepalive = this.#clock.after(KEEPALIVE_MS, () => {
      this.#write(": keepalive\n\n");
      if (this.#stream.open) this.#scheduleKeepalive();
    });
  }

  #write(text: string): void {
    this.#stream.write(new TextEncoder().encode(text));
  }
}
