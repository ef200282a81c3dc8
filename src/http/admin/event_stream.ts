import type { Cancel, Clock } from "../../clock.ts";
import { BoundedStream } from "./bounded_stream.ts";

/** A comment goes out this often (ms), so that nothing on the way takes a quiet stream for a dead one. */
const KEEPALIVE_MS = 15_000;
/** A stream ends after this long (ms); the browser asks again, and is then asked who it is. */
const MAX_AGE_MS = 3_600_000;
/** Most that waits for a slow reader (bytes): the state of some thousand calls. */
const MAX_WAITING_BYTES = 1_048_576;

/**
 * One reader of server-sent events. It is over when the reader goes, reads too slowly, was there for an hour, or is closed.
 *
 * Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStream {
  readonly #clock: Clock;
  readonly #stream: BoundedStream;
  #keepalive: Cancel = () => {};

  /** @param ended Called when it is over. */
  constructor(clock: Clock, ended: () => void) {
    this.#clock = clock;
    const cancelMaxAge = clock.after(MAX_AGE_MS, () => this.close());
    this.#stream = new BoundedStream(MAX_WAITING_BYTES, () => {
      this.#keepalive();
      cancelMaxAge();
      ended();
    });
    this.#keepAlive();
  }

  /** @param data Becomes JSON. */
  send(event: string, data: unknown): void {
    // A reader who comes back gets the whole state, so nothing is lost by dropping it.
    if (this.#stream.open) this.#write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  close(): void {
    this.#stream.close();
  }

  /** The answer that carries it; for one use. */
  response(): Response {
    // nginx would collect the events first.
    const headers = { "content-type": "text/event-stream", "x-accel-buffering": "no" };
    return new Response(this.#stream.readable, { headers });
  }

  #keepAlive(): void {
    this.#keepalive = this.#clock.after(KEEPALIVE_MS, () => {
      this.#write(": still here\n\n");
      if (this.#stream.open) this.#keepAlive();
    });
  }

  #write(text: string): void {
    this.#stream.write(new TextEncoder().encode(text));
  }
}
