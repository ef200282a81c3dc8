import { assert, assertEquals, assertRejects } from "@std/assert";
import { dailyHours } from "../../../src/weekly_hours.ts";
import type { CampaignResult } from "../../../src/dialer/campaign/campaign_results.ts";
import {
  type CampaignProgress,
  CampaignRun,
  type CampaignRunOptions,
} from "../../../src/dialer/campaign/campaign_run.ts";
import {
  type PlaceResponse,
  type PolledCall,
  ServiceError,
} from "../../../src/dialer/campaign/service_client.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** Runs a campaign on a fake clock against a service whose calls last `seconds`. */
class CampaignRig {
  readonly clock = new FakeClock();
  readonly placed: [number: string, at: number][] = [];
  /** Idempotency keys of all requests to place a call. */
  readonly keys: string[] = [];
  readonly results: CampaignResult[] = [];
  readonly refusals: string[] = [];
  /** Numbers whose call was about to be placed, and those that were then not placed, in order. */
  readonly intents: string[] = [];
  intent: (number: string) => Promise<void> = () => Promise.resolve();
  readonly progress: CampaignProgress[] = [];
  most = 0;
  seconds = 10;
  /** Overrides the response to a number. */
  answer: (number: string) => PlaceResponse | undefined | Error = () => undefined;
  look: (number: string) => PolledCall | undefined | Error | "as it is" = () => "as it is";
  ended: (result: CampaignResult) => Promise<void> = () => Promise.resolve();
  readonly abort = new AbortController();
  readonly #start = this.clock.now();
  #calls = new Map<string, { number: string; until: number }>();

  /** Runs a campaign of `numbers` recipients and advances the clock until it ends. */
  async run(numbers: number, options: Partial<CampaignRunOptions> = {}, limitSeconds = 3_600) {
    const run = new CampaignRun({
      recipients: Array.from(
        { length: numbers },
        (_, i) => ({ line: i + 2, request: { to: `+1555000000${i}` } }),
      ),
      client: { place: ({ to }, key) => this.#place(to, key), poll: (callSid) => this.#look(callSid) },
      atOnce: 1,
      clock: this.clock,
      signal: this.abort.signal,
      onResult: async (result) => {
        await this.ended(result);
        this.results.push(result);
      },
      onPlacing: async ({ request }) => {
        await this.intent(request.to);
        this.intents.push(`placing ${request.to}, ${this.placed.length} placed`);
      },
      onNotPlaced: ({ request }) => {
        this.intents.push(`not placed ${request.to}`);
        return Promise.resolve();
      },
      onRefusal: ({ request }, why) => this.refusals.push(`${request.to} ${why}`),
      onProgress: (progress) => this.progress.push(progress),
      ...options,
    });
    let over = false;
    const running = run.run().finally(() => {
      over = true;
    });
    running.catch(() => {});
    for (let second = 0; !over && second < limitSeconds; second++) {
      // The campaign advances in microtasks only.
      for (let i = 0; i < 60; i++) await Promise.resolve();
      this.clock.advance(1_000);
    }
    assert(over, "the campaign did not end");
    assertEquals(this.clock.pending, 0);
    return await running;
  }

  outcomes(): string[] {
    return this.results.map(({ outcome }) => outcome);
  }

  /** When each call was placed (s). */
  times(): number[] {
    return this.placed.map(([, at]) => (at - this.#start) / 1_000);
  }

  #place(number: string, key: string): Promise<PlaceResponse> {
    this.keys.push(key);
    const response = this.answer(number);
    if (response instanceof Error) return Promise.reject(response);
    if (response) return Promise.resolve(response);
    this.placed.push([number, this.clock.now()]);
    const callSid = `CA${this.placed.length}`;
    this.#calls.set(callSid, { number, until: this.clock.now() + this.seconds * 1_000 });
    const active = [...this.#calls.values()].filter(({ until }) => until > this.clock.now()).length;
    this.most = Math.max(this.most, active);
    return Promise.resolve({ callSid });
  }

  #look(callSid: string): Promise<PolledCall | undefined> {
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

Deno.test("CampaignRun calls one number after the other and reports results", async () => {
  const rig = new CampaignRig();
  assertEquals(await rig.run(3), undefined);
  assertEquals(rig.times(), [0, 10, 20]);
  assertEquals(rig.results[0], {
    number: "+15550000000",
    callSid: "CA1",
    outcome: "completed",
    seconds: 10,
    answeredBy: "human",
    at: "2026-01-01T00:00:11.000Z",
  });
  assertEquals([rig.outcomes(), rig.most], [["completed", "completed", "completed"], 1]);
  assertEquals(rig.progress.filter(({ waiting }) => waiting !== undefined), []);
  const last = rig.progress.at(-1);
  assertEquals([last?.done, last?.total, last?.active], [2, 3, [["+15550000002", "in-progress"]]]);
});

Deno.test("CampaignRun saves that it places a call before it places it", async () => {
  const rig = new CampaignRig();
  await rig.run(2, { atOnce: 2 });
  assertEquals(rig.intents, ["placing +15550000000, 0 placed", "placing +15550000001, 1 placed"]);
});

Deno.test("CampaignRun places no call when its intent cannot be saved", async () => {
  const rig = new CampaignRig();
  rig.intent = () => Promise.reject(new TypeError("disk full"));
  await assertRejects(() => rig.run(3), TypeError, "disk full");
  assertEquals(rig.placed, []);
});

Deno.test("CampaignRun withdraws the intent of a call that was certainly not placed", async () => {
  for (const response of [{ refused: "do not call" }, new ServiceError("401", false)]) {
    const rig = new CampaignRig();
    rig.answer = () => response;
    await rig.run(1);
    assertEquals(rig.intents, ["placing +15550000000, 0 placed", "not placed +15550000000"]);
  }
  const unsure = new CampaignRig();
  unsure.answer = () => new ServiceError("no answer", true);
  await unsure.run(1);
  assertEquals([unsure.intents.length, unsure.outcomes()], [1, ["unknown"]]);
});

Deno.test("CampaignRun sends the same idempotency key when it retries a call, and another for the next", async () => {
  const rig = new CampaignRig();
  rig.answer = () => rig.keys.length === 1 ? { retry: "full", seconds: 1 } : undefined;
  await rig.run(2);
  const [first, retry, second] = rig.keys;
  assertEquals([rig.keys.length, first === retry, first === second], [3, true, false]);
});

Deno.test("CampaignRun keeps to its concurrency limit", async () => {
  const rig = new CampaignRig();
  await rig.run(7, { atOnce: 3 });
  assertEquals([rig.most, rig.results.length, rig.times()], [3, 7, [0, 0, 0, 10, 10, 10, 20]]);
  assert(
    rig.progress.some(({ waiting, active }) => waiting === "at most 3 calls at once" && active.length === 3),
  );
});

Deno.test("CampaignRun keeps to its rate limit", async () => {
  const rig = new CampaignRig();
  rig.seconds = 1;
  await rig.run(4, { atOnce: 10, perMinute: 6 });
  assertEquals(rig.times(), [0, 10, 20, 30]);
  assert(rig.progress.some(({ waiting }) => waiting === "at most 6 calls a minute"));
});

Deno.test("CampaignRun places calls within the calling hours only", async () => {
  const rig = new CampaignRig();
  rig.seconds = 60;
  // The clock starts 1 s after midnight.
  const hours = dailyHours("00:02", "00:04", "UTC");
  const running = rig.run(4, { hours }, 2 * 86_400);
  await running;
  const minutes = rig.times().map((time) => Math.floor((time + 1) / 60));
  assertEquals(minutes, [2, 3, 24 * 60 + 2, 24 * 60 + 3]);
  assertEquals(rig.progress[0]?.waiting, "calling hours are 00:02-00:04 UTC");
});

Deno.test("CampaignRun reports a refusal and calls the next number", async () => {
  const rig = new CampaignRig();
  rig.answer = (number) => number.endsWith("0") ? { refused: "it cannot be reached" } : undefined;
  assertEquals(await rig.run(2), undefined);
  assertEquals([rig.refusals, rig.outcomes()], [["+15550000000 it cannot be reached"], ["completed"]]);
});

Deno.test("CampaignRun retries a full service after its Retry-After", async () => {
  const rig = new CampaignRig();
  let asked = 0;
  rig.answer = () => ++asked < 4 ? { retry: "There are 2 calls", seconds: 7 } : undefined;
  assertEquals(await rig.run(1), undefined);
  assertEquals([rig.times(), rig.outcomes()], [[21], ["completed"]]);
  assert(rig.progress.some(({ waiting }) => waiting === "There are 2 calls"));
});

Deno.test("CampaignRun stops at an unusable service but follows calls in progress", async () => {
  const rig = new CampaignRig();
  rig.answer = (number) => number.endsWith("1") ? new ServiceError("401", false) : undefined;
  assertEquals(await rig.run(3, { atOnce: 2 }), "401");
  assertEquals(rig.results.map(({ number, outcome }) => [number, outcome]), [["+15550000000", "completed"]]);
});

Deno.test("CampaignRun saves a call that was perhaps placed, so that nobody is called twice", async () => {
  const rig = new CampaignRig();
  rig.answer = () => new ServiceError("no answer within 60 s", true);
  assertEquals(await rig.run(2), "no answer within 60 s");
  assertEquals(rig.results.map(({ number, outcome, detail }) => [number, outcome, detail]), [
    ["+15550000000", "unknown", "perhaps placed: no answer within 60 s"],
  ]);
});

Deno.test("CampaignRun gives up a call after 30 s of failed polls, not earlier", async () => {
  const rig = new CampaignRig();
  rig.seconds = 60;
  rig.look = () => rig.clock.now() % 25_000 < 22_000 ? new ServiceError("gone", true) : "as it is";
  await rig.run(1);
  rig.seconds = 10;
  rig.look = () => new ServiceError("gone", true);
  await rig.run(1);
  assertEquals(rig.results.map(({ outcome, detail }) => [outcome, detail]), [
    ["completed", undefined],
    ["unknown", "gone"],
  ]);
  const [first, second] = rig.results.map(({ at }) => Date.parse(at));
  assertEquals((second ?? 0) - (first ?? 0), 31_000);
});

Deno.test("CampaignRun reports unknown for a call the service does not know", async () => {
  const rig = new CampaignRig();
  rig.look = () => undefined;
  await rig.run(1);
  assertEquals(rig.results[0]?.detail, "the service no longer knows this call");
});

Deno.test("CampaignRun stops placing and following calls when interrupted, and saves them as unknown", async () => {
  for (const options of [{ atOnce: 2 }, { atOnce: 9, perMinute: 10 }]) {
    const rig = new CampaignRig();
    rig.clock.after(7_500, () => rig.abort.abort());
    const stopped = await rig.run(9, options);
    assertEquals(stopped, "Interrupted. Calls in progress continue, but their results are unknown.");
    assertEquals(rig.results.map(({ outcome, detail }) => [outcome, detail]), [
      ["unknown", "not followed to the end"],
      ["unknown", "not followed to the end"],
    ]);
  }
});

Deno.test("CampaignRun ends when interrupted while it waits", async () => {
  const hours = dailyHours("12:00", "13:00", "UTC");
  for (const options of [{ hours }, {}]) {
    const rig = new CampaignRig();
    rig.answer = () => ({ retry: "full", seconds: 600 });
    rig.clock.after(2_500, () => rig.abort.abort());
    assertEquals(
      await rig.run(2, options, 5),
      "Interrupted. Calls in progress continue, but their results are unknown.",
    );
    assertEquals(rig.results, []);
  }
});

Deno.test("CampaignRun stops when results cannot be saved", async () => {
  const rig = new CampaignRig();
  rig.ended = () => Promise.reject(new TypeError("disk full"));
  await assertRejects(() => rig.run(5), TypeError, "disk full");
  assertEquals(rig.placed.length, 1);
});

Deno.test("CampaignRun saves a result before it reports the next", async () => {
  const rig = new CampaignRig();
  const steps: string[] = [];
  rig.ended = async ({ callSid }) => {
    steps.push(`${callSid} begins`);
    await new Promise<void>((resolve) => rig.clock.after(500, resolve));
    steps.push(`${callSid} kept`);
  };
  await rig.run(2, { atOnce: 2 });
  assertEquals(steps, ["CA1 begins", "CA1 kept", "CA2 begins", "CA2 kept"]);
});
