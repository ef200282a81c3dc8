import { STATUS_CODE } from "@std/http/status";
import type { Clock } from "../../../clock.ts";
import { problem } from "../../problem.ts";
import { EventStream } from "./event_stream.ts";

/** Most open streams at a time, of events and of audio. */
const MAX_READERS = 64;

/** Sends one event; `data` is serialized as JSON. */
export type Send = (event: string, data: unknown) => void;

/** All endless responses: limits how many are open, and ends them when the service stops. */
export class ReaderPool {
  readonly #clock: Clock;
  readonly #closers = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Responds with server-sent events.
   *
   * @param begin Receives the function that sends events and the one that ends the stream; returns a clean-up
   * function.
   */
  openEvents(begin: (send: Send, close: () => void) => () => void): Response {
    return this.open((streamEnd) => {
      const stream = new EventStream(this.#clock, streamEnd.end);
      const cleanUp = begin((event, data) => stream.send(event, data), () => stream.close());
      streamEnd.onEnd(cleanUp);
      return { response: stream.response(), close: () => stream.close() };
    });
  }

  /**
   * Responds with an endless body, or 503 when too many are open.
   *
   * @param begin Receives the stream's end, which it must signal; returns the response and the function that
   * ends it.
   */
  open(
    begin: (streamEnd: StreamEnd) => { readonly response: Response; readonly close: () => void },
  ): Response {
    if (this.#closers.size >= MAX_READERS) {
      const detail = `${MAX_READERS} event and audio streams are open already; try again in 10 s`;
      return problem(STATUS_CODE.ServiceUnavailable, detail, { "retry-after": "10" });
    }
    const streamEnd = new StreamEnd();
    const { response, close } = begin(streamEnd);
    this.#closers.add(close);
    streamEnd.onEnd(() => this.#closers.delete(close));
    return response;
  }

  /** Ends every stream, so that the server can stop. */
  close(): void {
    for (const close of [...this.#closers]) close();
  }
}

/** The end of one stream: runs clean-up functions once. */
export class StreamEnd {
  #pending: (() => void)[] | undefined = [];

  readonly end = (): void => {
    const pending = this.#pending ?? [];
    this.#pending = undefined;
    for (const run of pending) run();
  };

  /** Runs a function at the end; immediately if the stream has ended. */
  onEnd(run: () => void): void {
    if (this.#pending) this.#pending.push(run);
    else run();
  }
}
