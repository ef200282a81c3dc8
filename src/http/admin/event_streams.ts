import { STATUS_CODE } from "@std/http/status";
import type { Clock } from "../../clock.ts";
import { problem } from "../problem.ts";
import { EventStream } from "./event_stream.ts";

/** Most readers at a time, of events and of audio. */
const MAX_READERS = 64;

/** Sends one event; `data` becomes JSON. */
export type Send = (event: string, data: unknown) => void;

/** Everything that is read without an end: so many at a time, and all of it over when the service stops. */
export class EventStreams {
  readonly #clock: Clock;
  readonly #ends = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Answers with server-sent events.
   *
   * @param begin Given what sends to the new reader, and what ends the stream; returns what is to be done when it is over.
   */
  open(begin: (send: Send, end: () => void) => () => void): Response {
    return this.admit((over) => {
      const stream = new EventStream(this.#clock, over.done);
      const stop = begin((event, data) => stream.send(event, data), () => stream.close());
      over.after(stop);
      return { response: stream.response(), end: () => stream.close() };
    });
  }

  /**
   * Answers with whatever has no end, unless too many are read already.
   *
   * @param begin Given what has to be called when it is over, and what runs something then; returns the answer and what
   * ends it.
   */
  admit(begin: (over: Over) => { readonly response: Response; readonly end: () => void }): Response {
    if (this.#ends.size >= MAX_READERS) {
      return problem(STATUS_CODE.ServiceUnavailable, `There are ${MAX_READERS} readers already`, {
        "retry-after": "10",
      });
    }
    const over = new Over();
    const { response, end } = begin(over);
    this.#ends.add(end);
    over.after(() => this.#ends.delete(end));
    return response;
  }

  /** Ends every stream, so that the server can stop. */
  close(): void {
    for (const end of [...this.#ends]) end();
  }
}

/** The end of one stream: said once, whoever says it. */
export class Over {
  #waiting: (() => void)[] | undefined = [];

  readonly done = (): void => {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const then of waiting) then();
  };

  /** Runs something at the end; at once, when that has been. */
  after(run: () => void): void {
    if (this.#waiting) this.#waiting.push(run);
    else run();
  }
}
