import { STATUS_CODE } from "@std/http/status";
import type { LiveCalls } from "../../call/live.ts";
import type { Clock } from "../../clock.ts";
import type { Outbound } from "../outbound.ts";
import { EventStream } from "./event_stream.ts";
import { problem } from "../problem.ts";

/** Most readers of events at a time. */
const MAX_READERS = 32;

/** What programs and the console may ask about calls. Whoever gets here may administer. */
export class Api {
  readonly #calls: LiveCalls;
  readonly #outbound: Pick<Outbound, "placed">;
  readonly #clock: Clock;
  readonly #readers = new Set<EventStream>();
  readonly #unwatch: () => void;

  constructor(calls: LiveCalls, outbound: Pick<Outbound, "placed">, clock: Clock) {
    this.#calls = calls;
    this.#outbound = outbound;
    this.#clock = clock;
    this.#unwatch = calls.watch((change) => {
      for (const reader of [...this.#readers]) reader.send("call", change);
    });
  }

  /** `GET /api/calls`: the calls in progress, and the time here. */
  list(): Response {
    return Response.json(this.#state());
  }

  /** `GET /api/calls/{sid}`: one call in progress; one that was placed here, also for a while after its end. */
  one(callSid: string): Response {
    const call = this.#calls.list().find((call) => call.callSid === callSid);
    const placed = this.#outbound.placed(callSid);
    return call || placed
      ? Response.json({ ...call, ...placed })
      : problem(STATUS_CODE.NotFound, "There is no call with this CallSid in progress");
  }

  /** `GET /api/events`: first a `calls` event with what `list` answers, then a `call` event for every change. */
  events(): Response {
    if (this.#readers.size >= MAX_READERS) {
      return problem(STATUS_CODE.ServiceUnavailable, `There are ${MAX_READERS} readers of events already`, {
        "retry-after": "10",
      });
    }
    const reader = new EventStream(this.#clock, () => this.#readers.delete(reader));
    this.#readers.add(reader);
    reader.send("calls", this.#state());
    return reader.response();
  }

  /** Ends every event stream, so that the server can stop. */
  close(): void {
    this.#unwatch();
    for (const reader of [...this.#readers]) reader.close();
  }

  #state() {
    return { now: new Date(this.#clock.wallTime()).toISOString(), calls: this.#calls.list() };
  }
}
