import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CallChange, LiveCall, LiveCalls } from "../../../src/call/live.ts";
import { Api } from "../../../src/http/admin/api.ts";
import { parseObject } from "../../../src/json.ts";
import { Bell } from "../../support/bell.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** Calls a test makes up. */
class MadeUpCalls implements LiveCalls {
  calls: LiveCall[] = [];
  readonly watchers = new Set<(change: CallChange) => void>();

  list(): readonly LiveCall[] {
    return this.calls;
  }

  watch(watcher: (change: CallChange) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  tell(change: CallChange): void {
    for (const watcher of this.watchers) watcher(change);
  }
}

function call(callSid: string, more: Partial<LiveCall> = {}): LiveCall {
  const startedAt = "2026-01-01T00:00:00.000Z";
  return {
    callSid,
    assistant: "default",
    from: "+15551230000",
    to: "+15559870000",
    state: "announced",
    startedAt,
    ...more,
  };
}

function setUp() {
  const clock = new FakeClock();
  const calls = new MadeUpCalls();
  return { clock, calls, api: new Api(calls, { placed: () => undefined }, clock) };
}

/** One reader of an event stream: what it got so far, and whether the stream is over. */
class Reader {
  text = "";
  over = false;
  readonly bell = new Bell();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    assert(response.body);
    this.#reader = response.body.getReader();
    this.#read().catch(() => {}).finally(() => {
      this.over = true;
      this.bell.ring();
    });
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for (let next = await this.#reader.read(); !next.done; next = await this.#reader.read()) {
      this.text += decoder.decode(next.value, { stream: true });
      this.bell.ring();
    }
  }

  /** The nth event, as its name and its data. */
  async event(n: number): Promise<[name: string | undefined, data: unknown]> {
    const text = await this.bell.until(`event ${n}`, () => this.#complete()[n]);
    const [, name, data = ""] = /^event: (\w+)\ndata: (.+)$/.exec(text) ?? [];
    return [name, parseObject(data)];
  }

  async until(text: string): Promise<void> {
    await this.bell.until(text, () => this.text.includes(text));
  }

  async untilOver(): Promise<void> {
    await this.bell.until("the end of the stream", () => this.over);
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }

  #complete(): string[] {
    return this.text.split("\n\n").slice(0, -1).filter((event) => event.startsWith("event:"));
  }
}

Deno.test("/api/calls lists the calls in progress, and one is found by its CallSid", async () => {
  const { calls, api } = setUp();
  assertEquals(await api.list().json(), { now: "2026-01-01T00:00:01.000Z", calls: [] });
  calls.calls = [call("CA1"), call("CA2", { from: "<script>", state: "connected" })];
  assertEquals((await api.list().json()).calls, calls.calls);
  assertEquals(await api.one("CA2").json(), calls.calls[1]);
  for (const unknown of ["CA3", "", "__proto__"]) {
    const response = api.one(unknown);
    assertEquals([response.status, response.headers.get("content-type")], [404, "application/problem+json"]);
    await response.body?.cancel();
  }
});

Deno.test("/api/events tells the calls there are, then every change, to every reader", async () => {
  const { calls, api } = setUp();
  calls.calls = [call("CA1")];
  const readers = [new Reader(api.events()), new Reader(api.events())];
  const changes: CallChange[] = [
    { type: "announced", call: call("CA2", { from: "two\nlines\n\nevent: x" }) },
    { type: "connected", call: call("CA2", { state: "connected" }) },
    { type: "ended", call: call("CA2", { state: "ending", reason: "caller hung up" }) },
  ];
  changes.forEach((change) => calls.tell(change));
  for (const reader of readers) {
    const state = { now: "2026-01-01T00:00:01.000Z", calls: calls.calls };
    assertEquals(await reader.event(0), ["calls", state]);
    for (const [n, change] of changes.entries()) assertEquals(await reader.event(n + 1), ["call", change]);
    await reader.cancel();
  }
});

Deno.test("a quiet event stream has a comment every 15 s", async () => {
  const { clock, api } = setUp();
  const reader = new Reader(api.events());
  await reader.event(0);
  clock.advance(14_999);
  const before = reader.text.length;
  clock.advance(1);
  await reader.until(": still here\n\n");
  clock.advance(45_000);
  await reader.until(": still here\n\n: still here\n\n: still here\n\n: still here\n\n");
  assertEquals(reader.text.slice(before), ": still here\n\n".repeat(4));
  await reader.cancel();
});

Deno.test("an event stream ends after an hour, and leaves no timer", async () => {
  const { clock, api } = setUp();
  const reader = new Reader(api.events());
  clock.advance(3_599_999);
  await reader.event(0);
  assertEquals(reader.over, false);
  clock.advance(1);
  await reader.untilOver();
  assertEquals(clock.pending, 0);
});

Deno.test("33 readers are one too many, until one goes", async () => {
  const { api } = setUp();
  const readers = Array.from({ length: 32 }, () => new Reader(api.events()));
  const refused = api.events();
  assertEquals([refused.status, refused.headers.get("retry-after")], [503, "10"]);
  await refused.body?.cancel();
  await readers[0]?.cancel();
  readers.push(new Reader(api.events()));
  assertEquals(api.events().status, 503);
  api.close();
  for (const reader of readers) await reader.untilOver();
});

Deno.test("a reader that does not read is dropped before it takes memory, and the others are not", async () => {
  const { clock, calls, api } = setUp();
  const stalled = api.events();
  const reader = new Reader(api.events());
  const long = { type: "announced", call: call("CA1", { from: "x".repeat(10_000) }) } as const;
  for (let n = 0; n < 300; n++) {
    calls.tell(long);
    await reader.event(n + 1);
  }
  const kept = await stalled.text();
  assert(kept.length > 900_000 && kept.length < 1_100_000, `${kept.length} bytes were kept`);
  calls.tell({ type: "ended", call: call("CA9") });
  assertEquals((await reader.event(301))[0], "call");
  await reader.cancel();
  assertEquals(clock.pending, 0);
});

Deno.test("a comment does not wait for a stalled reader either", () => {
  const { clock, calls, api } = setUp();
  api.events();
  calls.tell({ type: "announced", call: call("CA1", { from: "x".repeat(1_100_000) }) });
  assertEquals(clock.pending, 2);
  clock.advance(15_000);
  assertEquals(clock.pending, 0);
});

Deno.test("closing ends every event stream and watches no longer", async () => {
  const { clock, calls, api } = setUp();
  const readers = [new Reader(api.events()), new Reader(api.events())];
  api.close();
  for (const reader of readers) await reader.untilOver();
  assertEquals([clock.pending, calls.watchers.size], [0, 0]);
});

Deno.test("over a socket: events come at once, a reader who leaves is forgotten, a server with readers stops", async () => {
  const { clock, calls, api } = setUp();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    const response = api.events();
    response.headers.set("cache-control", "no-transform");
    return response;
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const first = new Reader(await fetch(url, { headers: { "accept-encoding": "gzip" } }));
  await first.event(0);
  const timers = clock.pending;
  const second = new Reader(await fetch(url));
  await second.event(0);
  calls.tell({ type: "connected", call: call("CA1") });
  assertStringIncludes(JSON.stringify(await first.event(1)), "CA1");
  await first.cancel();
  // The server notices when it writes to a connection that is gone, at the latest.
  await second.bell.until("the reader to be forgotten", () => {
    if (clock.pending === timers) return true;
    calls.tell({ type: "connected", call: call("CA1") });
    return false;
  });
  api.close();
  await second.untilOver();
  await server.shutdown();
});
