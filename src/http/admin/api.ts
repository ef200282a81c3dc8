import { STATUS_CODE } from "@std/http/status";
import type { LiveCalls } from "../../calls/live_calls.ts";
import type { Clock } from "../../clock.ts";
import type { RemoteCallStore } from "../../records/store_port.ts";
import type { Outbound } from "../twilio/outbound.ts";
import { problem } from "../problem.ts";
import { EventStreams } from "./event_streams.ts";

/** What is asked of the records of calls that are over. */
export type PastCalls = Pick<RemoteCallStore, "list" | "get" | "stats" | "recording">;

export interface ApiOptions {
  readonly calls: LiveCalls;
  readonly outbound: Pick<Outbound, "placed">;
  /** Without it, nothing is kept. */
  readonly records: PastCalls | undefined;
  readonly streams: EventStreams;
  readonly clock: Clock;
}

/** What programs and the console may ask about all calls. Whoever gets here may administer. */
export class Api {
  readonly #options: ApiOptions;
  readonly #readers = new Set<(event: string, data: unknown) => void>();
  readonly #unwatch: () => void;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#unwatch = options.calls.watch((change) => {
      for (const send of this.#readers) send("call", change);
    });
  }

  /** `GET /api/calls`: the time here, the calls in progress, and a page of those that are over. */
  async list({ url }: Request): Promise<Response> {
    const { search, from, to, assistant, reason, since, until, before, limit } = queryOf(url);
    const query = { search, from, to, assistant, reason, since, until, before };
    return await answer(async () => {
      const page = await this.#options.records?.list({
        ...query,
        ...(limit === undefined ? {} : { limit: Number(limit) }),
      });
      return { ...this.#state(), ended: page?.calls ?? [], next: page?.next };
    });
  }

  /** `GET /api/calls/{sid}`: one call in progress, or what is kept of it; one that was placed here, also for a while after. */
  async one(callSid: string): Promise<Response> {
    const { calls, outbound } = this.#options;
    const call = calls.list().find((call) => call.callSid === callSid);
    return await answer(async () => {
      const found = call ?? await this.#kept(callSid);
      const placed = outbound.placed(callSid);
      return found || placed ? { ...placed, ...found } : undefined;
    });
  }

  /** `GET /api/stats`: sums by day and assistant. */
  async stats({ url }: Request): Promise<Response> {
    const { since, until, offset } = queryOf(url);
    const about = { since, until, ...(offset === undefined ? {} : { offsetMinutes: Number(offset) }) };
    return await answer(async () => ({ days: await this.#options.records?.stats(about) ?? [] }));
  }

  /** `GET /api/events`: first a `calls` event with those in progress, then a `call` event for every change. */
  events(): Response {
    return this.#options.streams.open((send) => {
      this.#readers.add(send);
      send("calls", this.#state());
      return () => this.#readers.delete(send);
    });
  }

  close(): void {
    this.#unwatch();
  }

  async #kept(callSid: string) {
    const { records } = this.#options;
    const [record, recording] = await Promise.all([records?.get(callSid), records?.recording(callSid)]);
    return record && { ...record, ...(recording ? { recording: { ms: recording.ms } } : {}) };
  }

  #state() {
    const { clock, calls } = this.#options;
    return { now: new Date(clock.wallTime()).toISOString(), calls: calls.list() };
  }
}

/** The records answer with JSON; not found, when there is nothing, and a bad request where the question was none. */
async function answer(ask: () => Promise<unknown>): Promise<Response> {
  try {
    const found = await ask();
    return found === undefined
      ? problem(STATUS_CODE.NotFound, "There is no such call, neither in progress nor kept")
      : Response.json(found);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return problem(STATUS_CODE.BadRequest, error.message);
  }
}

/** What was asked for; empty is as good as not at all. */
function queryOf(url: string): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries([...new URL(url).searchParams].filter(([, value]) => value !== ""));
}
