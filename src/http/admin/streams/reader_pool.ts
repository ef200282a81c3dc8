import { STATUS_CODE } from "@std/http/status";
import type { Clock } from "../../../clock.ts";
import { problem } from "../../problem.ts";
import { BoundedStream } from "./bounded_stream.ts";
import { EVENT_STREAM_HEADERS, MAX_QUEUED_EVENT_BYTES, type SendEvent, sendEvents } from "./event_stream.ts";

/** Maximum number of endless responses at a time, of events and of audio. */
const MAX_READERS = 64;

/**
 * All endless responses: limits how many there are, and ends them when the service stops.
 *
 * A response counts until it is delivered, because a client that has stopped reading keeps its connection and
 * what is queued for it, also after the stream has ended.
 */
export class ReaderPool {
  readonly #clock: Clock;
  readonly #streams = new Map<Response, BoundedStream>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Responds with server-sent events. @param begin Starts to send them. */
  openEvents(begin: (send: SendEvent, stream: BoundedStream) => void): Response {
    return this.open(EVENT_STREAM_HEADERS, MAX_QUEUED_EVENT_BYTES, (stream) => {
      begin(sendEvents(stream, this.#clock), stream);
    });
  }

  /**
   * Responds with an endless body, or 503 when too many are open.
   *
   * @param begin Starts to write to the stream.
   */
  open(headers: HeadersInit, maxQueuedBytes: number, begin: (stream: BoundedStream) => void): Response {
    if (this.#streams.size >= MAX_READERS) {
      const detail = `${MAX_READERS} event and audio streams are open already; try again in 10 s`;
      return problem(STATUS_CODE.ServiceUnavailable, detail, { "retry-after": "10" });
    }
    const stream = new BoundedStream(maxQueuedBytes);
    const response = new Response(stream.readable, { headers });
    this.#streams.set(response, stream);
    begin(stream);
    return response;
  }

  /**
   * Frees the place of an endless response that was delivered, or whose client has gone. Ignores other
   * responses.
   */
  delivered(response: Response): void {
    this.#streams.get(response)?.close();
    this.#streams.delete(response);
  }

  /** Ends every stream, so that the server can stop. */
  close(): void {
    for (const stream of this.#streams.values()) stream.close();
  }
}
