import { STATUS_CODE } from "@std/http/status";
import type { LiveCalls } from "../../../calls/live_calls.ts";
import type { Clock } from "../../../clock.ts";
import type { Dialer } from "../../../dialer/dialer.ts";
import type { CallRecord } from "../../../records/call_record.ts";
import type { RemoteCallStore } from "../../../records/remote_call_store.ts";
import { problem } from "../../problem.ts";
import type { SendEvent } from "../streams/event_stream.ts";
import type { ReaderPool } from "../streams/reader_pool.ts";
import { CallActivityFeed } from "./call_activity.ts";

/** The part of the store that reads ended calls. */
export type CallReader = Pick<RemoteCallStore, "list" | "get" | "stats" | "assistants" | "recording">;

export interface CallsApiOptions {
  readonly calls: LiveCalls;
  readonly dialer: Pick<Dialer, "find">;
  /** Undefined when nothing is stored. */
  readonly records?: CallReader | undefined;
  readonly readers: ReaderPool;
  readonly clock: Clock;
}

/** The API's routes about all calls. Requests are authenticated before they get here. */
export class CallsApi {
  readonly #options: CallsApiOptions;
  readonly #subscribers = new Set<SendEvent>();
  readonly #unsubscribe: () => void;
  readonly #activity: CallActivityFeed;

  constructor(options: CallsApiOptions) {
    this.#options = options;
    this.#activity = new CallActivityFeed(options.calls, options.clock);
    this.#unsubscribe = options.calls.watch((change) => {
      for (const send of this.#subscribers) send("call", change);
    });
  }

  /** `GET /api/calls`: the service's time, the calls in progress, and a page of ended calls. */
  async list({ url }: Request): Promise<Response> {
    const { search, from, to, assistant, endReason, since, until, before, limit } = queryOf(url);
    const query = { search, from, to, assistant, endReason, since, until, before };
    return await respond(async () => {
      const page = await this.#options.records?.list({
        ...query,
        ...(limit === undefined ? {} : { limit: Number(limit) }),
      });
      return { ...this.#state(), ended: page?.calls ?? [], next: page?.next };
    });
  }

  /**
   * `GET /api/calls/{sid}`: a call in progress or a stored one, with Twilio's status if it was placed here
   * recently.
   */
  async get(callSid: string): Promise<Response> {
    const { calls, dialer } = this.#options;
    return await respond(async () => {
      const record = calls.find(callSid)?.record ?? await this.#stored(callSid);
      const placed = dialer.find(callSid);
      return record || placed ? { ...placed, ...record } : undefined;
    });
  }

  /** `GET /api/stats`: sums by day and assistant. */
  async stats({ url }: Request): Promise<Response> {
    const { since, until, offset } = queryOf(url);
    const query = { since, until, ...(offset === undefined ? {} : { offsetMinutes: Number(offset) }) };
    return await respond(async () => ({ days: await this.#options.records?.stats(query) ?? [] }));
  }

  /** `GET /api/assistants`: the names in all stored calls, removed assistants included. */
  async assistants(): Promise<Response> {
    return await respond(async () => ({ assistants: await this.#options.records?.assistants() ?? [] }));
  }

  /**
   * `GET /api/events`: first a `calls` event with the calls in progress, then a `call` event for every
   * change. With `activity=true` also an `activity` event twice a second.
   */
  events({ url }: Request): Response {
    const withActivity = queryOf(url).activity === "true";
    return this.#options.readers.openEvents((send, stream) => {
      this.#subscribers.add(send);
      stream.onEnd(() => this.#subscribers.delete(send));
      send("calls", this.#state());
      if (withActivity) stream.onEnd(this.#activity.subscribe((calls) => send("activity", { calls })));
    });
  }

  close(): void {
    this.#unsubscribe();
  }

  async #stored(callSid: string): Promise<CallRecord | undefined> {
    const { records } = this.#options;
    const [record, recording] = await Promise.all([records?.get(callSid), records?.recording(callSid)]);
    return record &&
      { ...record, ...(recording ? { recording: { state: "stored", ms: recording.ms } } : {}) };
  }

  #state() {
    const { clock, calls } = this.#options;
    return { now: new Date(clock.wallTime()).toISOString(), calls: calls.list() };
  }
}

/** Responds with JSON; 404 for undefined, 400 for a RangeError (an invalid query). */
async function respond(load: () => Promise<unknown>): Promise<Response> {
  try {
    const body = await load();
    return body === undefined
      ? problem(STATUS_CODE.NotFound, "No call in progress and no stored call has this CallSid")
      : Response.json(body);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return problem(STATUS_CODE.BadRequest, error.message);
  }
}

/** The query's parameters, without the empty ones. */
function queryOf(url: string): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries([...new URL(url).searchParams].filter(([, value]) => value !== ""));
}
