import { assert, assertEquals, assertRejects } from "@std/assert";
import { CallingHours } from "../../../src/dialer/calling_hours.ts";
import type { CallResult } from "../../../src/dialer/campaign/results.ts";
import { ListRun, type ListRunOptions, type Progress } from "../../../src/dialer/campaign/run_list.ts";
import { type Answer, type Look, ServiceError } from "../../../src/dialer/campaign/service_client.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** A service whose calls last as long as a test says (s). */
class Line {
  readonly clock = new FakeClock();
  readonly placed: [number: string, at: number][] = [];
  readonly results: CallResult[] = [];
  readonly refusals: string[] = [];
  readonly progress: Progress[] = [];
  most = 0;
  seconds = 10;
  /** Instead of placing the call. */
  answer: (number: string) => Answer | undefined | Error = () => undefined;
  look: (number: string) => Look | undefined | Error | "as it is" = () => "as it is";
  ended: (result: CallResult) => Promise<void> = () => Promise.resolve();
  readonly abort = new AbortController();
  readonly #start = this.clock.now();
  #calls = new Map<string, { number: string; until: number }>();

  /** Runs over so many numbers, moving time until the run is over. */
  async run(numbers: number, options: Partial<ListRunOptions> = {}, limitSeconds = 3_600) {
    const run = new ListRun({
      calls: Array.from({ length: numbers }, (_, i) => ({ line: i + 2, request: { to: `+1555000000${i}` } })),
      client: { place: ({ to }) => this.#place(to), look: (callSid) => this.#look(callSid) },
      atOnce: 1,
      clock: this.clock,
      signal: this.abort.signal,
      ended: async (result) => {
        await this.ended(result);
        this.results.push(result);
      },
      refused: ({ request }, why) => this.refusals.push(`${request.to} ${why}`),
      progress: (progress) => this.progress.push(progress),
      ...options,
    });
    let over = false;
    const running = run.run().finally(() => {
      over = true;
    });
    running.catch(() => {});
    for (let second = 0; !over && second < limitSeconds; second++) {
      // The run goes on in microtasks only.
      for (let i = 0; i < 30; i++) await Promise.resolve();
      this.clock.advance(1_000);
    }
    assert(over, "the run did not end");
    assertEquals(this.clock.pending, 0);
    return await running;
  }

  outcomes(): string[] {
    return this.results.map(({ outcome }) => outcome);
  }

  /** When each call was placed, in seconds. */
  times(): number[] {
    return this.placed.map(([, at]) => (at - this.#start) / 1_000);
  }

  #place(number: string): Promise<Answer> {
    const answer = this.answer(number);
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer) return Promise.resolve(answer);
    this.placed.push([number, this.clock.now()]);
    const callSid = `CA${this.placed.length}`;
    this.#calls.set(callSid, { number, until: this.clock.now() + this.seconds * 1_000 });
    const active = [...this.#calls.values()].filter(({ until }) => until > this.clock.now()).length;
    this.most = Math.max(this.most, active);
    return Promise.resolve({ callSid });
  }

  #look(callSid: string): Promise<Look | undefined> {
    const call = this.#calls.get(callSid);
    assert(call);
    const look = this.look(call.number);
    if (look instanceof Error) return Promise.reject(look);
    if (look !== "as it is") return Promise.resolve(look);
    return Promise.resolve(
      this.clock.now() < call.until
        ? { status: "in-progress" }
        : { status: "completed", seconds: this.seconds, answeredBy: "human" },
    );
  }
}

Deno.test("calls one number after the other, and tells how each went", async () => {
  const line = new Line();
  assertEquals(await line.run(3), undefined);
  assertEquals(line.times(), [0, 10, 20]);
  assertEquals(line.results[0], {
    number: "+15550000000",
    callSid: "CA1",
    outcome: "completed",
    seconds: 10,
    answeredBy: "human",
    at: "2026-01-01T00:00:11.000Z",
  });
  assertEquals([line.outcomes(), line.most], [["completed", "completed", "completed"], 1]);
  assertEquals(line.progress.filter(({ waiting }) => waiting !== undefined), []);
  const last = line.progress.at(-1);
  assertEquals([last?.done, last?.of, last?.active], [2, 3, [["+15550000002", "in-progress"]]]);
});

Deno.test("calls as many at once as it may, no more", async () => {
  const line = new Line();
  await line.run(7, { atOnce: 3 });
  assertEquals([line.most, line.results.length, line.times()], [3, 7, [0, 0, 0, 10, 10, 10, 20]]);
  assert(line.progress.some(({ waiting, active }) => waiting === "3 calls at once" && active.length === 3));
});

Deno.test("begins no more calls a minute than it may", async () => {
  const line = new Line();
  line.seconds = 1;
  await line.run(4, { atOnce: 10, perMinute: 6 });
  assertEquals(line.times(), [0, 10, 20, 30]);
  assert(line.progress.some(({ waiting }) => waiting === "6 calls a minute"));
});

Deno.test("waits for the hours, and stops to place calls when they are over", async () => {
  const line = new Line();
  line.seconds = 60;
  // The clock begins a second after midnight.
  const hours = new CallingHours({ from: "00:02", to: "00:04", timeZone: "UTC" });
  const running = line.run(4, { hours }, 2 * 86_400);
  await running;
  const minutes = line.times().map((time) => Math.floor((time + 1) / 60));
  assertEquals(minutes, [2, 3, 24 * 60 + 2, 24 * 60 + 3]);
  assertEquals(line.progress[0]?.waiting, "calls from 00:02-00:04 UTC");
});

Deno.test("a number that is refused is told, and the next one is called", async () => {
  const line = new Line();
  line.answer = (number) => number.endsWith("0") ? { refused: "it cannot be reached" } : undefined;
  assertEquals(await line.run(2), undefined);
  assertEquals([line.refusals, line.outcomes()], [["+15550000000 it cannot be reached"], ["completed"]]);
});

Deno.test("a service that is full is asked again when it said", async () => {
  const line = new Line();
  let asked = 0;
  line.answer = () => ++asked < 4 ? { later: "There are 2 calls", seconds: 7 } : undefined;
  assertEquals(await line.run(1), undefined);
  assertEquals([line.times(), line.outcomes()], [[21], ["completed"]]);
  assert(line.progress.some(({ waiting }) => waiting === "There are 2 calls"));
});

Deno.test("a service that cannot be used ends the run; calls in progress are followed to their end", async () => {
  const line = new Line();
  line.answer = (number) => number.endsWith("1") ? new ServiceError("401", false) : undefined;
  assertEquals(await line.run(3, { atOnce: 2 }), "401");
  assertEquals(line.results.map(({ number, outcome }) => [number, outcome]), [["+15550000000", "completed"]]);
});

Deno.test("a call that was perhaps placed is kept, so that nobody is called twice", async () => {
  const line = new Line();
  line.answer = () => new ServiceError("no answer within 60 s", true);
  assertEquals(await line.run(2), "no answer within 60 s");
  assertEquals(line.results.map(({ number, outcome, detail }) => [number, outcome, detail]), [
    ["+15550000000", "unknown", "perhaps placed: no answer within 60 s"],
  ]);
});

Deno.test("a service that is gone for a moment is asked again; after 30 s it is given up", async () => {
  const line = new Line();
  line.seconds = 60;
  line.look = () => line.clock.now() % 25_000 < 22_000 ? new ServiceError("gone", true) : "as it is";
  await line.run(1);
  line.seconds = 10;
  line.look = () => new ServiceError("gone", true);
  await line.run(1);
  assertEquals(line.results.map(({ outcome, detail }) => [outcome, detail]), [
    ["completed", undefined],
    ["unknown", "gone"],
  ]);
  const [first, second] = line.results.map(({ at }) => Date.parse(at));
  assertEquals((second ?? 0) - (first ?? 0), 31_000);
});

Deno.test("a call the service has forgotten is unknown", async () => {
  const line = new Line();
  line.look = () => undefined;
  await line.run(1);
  assertEquals(line.results[0]?.detail, "the service does not know the call any more");
});

Deno.test("interrupted, it places and follows no more calls, and keeps those there were", async () => {
  for (const options of [{ atOnce: 2 }, { atOnce: 9, perMinute: 10 }]) {
    const line = new Line();
    line.clock.after(7_500, () => line.abort.abort());
    const stopped = await line.run(9, options);
    assertEquals(stopped, "Interrupted; calls in progress go on without being followed");
    assertEquals(line.results.map(({ outcome, detail }) => [outcome, detail]), [
      ["unknown", "not followed to its end"],
      ["unknown", "not followed to its end"],
    ]);
  }
});

Deno.test("interrupted while the service is full, or outside of the hours, it ends", async () => {
  const hours = new CallingHours({ from: "12:00", to: "13:00", timeZone: "UTC" });
  for (const options of [{ hours }, {}]) {
    const line = new Line();
    line.answer = () => ({ later: "full", seconds: 600 });
    line.clock.after(2_500, () => line.abort.abort());
    assertEquals(
      await line.run(2, options, 5),
      "Interrupted; calls in progress go on without being followed",
    );
    assertEquals(line.results, []);
  }
});

Deno.test("results that cannot be kept end the run", async () => {
  const line = new Line();
  line.ended = () => Promise.reject(new TypeError("disk full"));
  await assertRejects(() => line.run(5), TypeError, "disk full");
  assertEquals(line.placed.length, 1);
});

Deno.test("a result is kept before the next one is told", async () => {
  const line = new Line();
  const steps: string[] = [];
  line.ended = async ({ callSid }) => {
    steps.push(`${callSid} begins`);
    await new Promise<void>((resolve) => line.clock.after(500, resolve));
    steps.push(`${callSid} kept`);
  };
  await line.run(2, { atOnce: 2 });
  assertEquals(steps, ["CA1 begins", "CA1 kept", "CA2 begins", "CA2 kept"]);
});
