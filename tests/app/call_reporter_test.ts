import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  addCosts,
  type CallRecord,
  type EndedCall,
  type WrittenSummary,
} from "../../src/records/call_record.ts";
import { systemClock } from "../../src/clock.ts";
import { CallReporter, type RecordWriter } from "../../src/app/call_reporter.ts";
import type { JsonObject } from "../../src/json.ts";
import { parseObject } from "../../src/json.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { ChangeSignal, settle } from "../support/wait_until.ts";
import { sampleEndedCall } from "../support/sample_calls.ts";
import { field } from "../support/field.ts";
import { configOf } from "../support/service.ts";

const CALL = { callSid: "CA1", from: "+15551230000", to: "+15559870000" };
const RECORD = sampleEndedCall(CALL);
const message = (text: string) =>
  ({ kind: "message", name: "Ann", number: "+15551230000", message: text, urgent: false }) as const;

/** A reporter, the webhook events its server received, and the records it wrote. */
class ReporterRig implements AsyncDisposable {
  readonly received: JsonObject[] = [];
  readonly written: EndedCall[] = [];
  /** Whether each write was marked as reported. */
  readonly reported: boolean[] = [];
  readonly started: CallRecord[] = [];
  /** Number of written records at each flush. */
  readonly flushed: number[] = [];
  /** The promise that a flush returns. */
  flushing: Promise<void> = Promise.resolve();
  /** Calls left by an earlier process. */
  leftOver: EndedCall[] = [];
  readonly folder = Deno.makeTempDirSync();
  readonly reporter: CallReporter;
  readonly #changes = new ChangeSignal();
  readonly #server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    this.received.push(parseObject(await request.text()) ?? {});
    this.#changes.notify();
    return new Response(null, { status: 204 });
  });

  readonly lines: JsonObject[] = [];

  constructor(dataDir = "", { allowPrivate = true } = {}) {
    const url = `http://127.0.0.1:${this.#server.addr.port}/`;
    const { assistants, ...config } = configOf({
      WEBHOOK_SECRET: "a secret of 24 characters",
      DATA_DIR: dataDir || this.folder,
    }, { afterCall: { url, allowPrivate: true }, assistants: { reception: {} } });
    const records: RecordWriter = {
      write: (call, reported = true) => {
        this.written.push(call);
        this.reported.push(reported);
      },
      flush: () => {
        this.flushed.push(this.written.length);
        return this.flushing;
      },
      start: (call) => this.started.push(call),
      get: (callSid) => Promise.resolve(this.written.findLast((call) => call.callSid === callSid)),
      unreported: () => Promise.resolve(this.leftOver),
    };
    const afterCall = assistants.afterCall && { ...assistants.afterCall, allowPrivate };
    const testConfig = { ...config, assistants: { ...assistants, ...(afterCall ? { afterCall } : {}) } };
    const write = (line: string) => {
      this.lines.push(parseObject(line) ?? {});
      this.#changes.notify();
    };
    const log = createLog({ level: "warn", format: "json", write });
    this.reporter = new CallReporter(testConfig, records, systemClock, log);
  }

  async logged(event: string): Promise<JsonObject> {
    return await this.#changes.until(event, () => this.lines.find((line) => line.event === event));
  }

  async events(count: number): Promise<JsonObject[]> {
    await this.#changes.until(`${count} events`, () => this.received[count - 1]);
    return this.received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reporter.stop();
    await this.#server.shutdown();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("CallReporter sends each message immediately, and again with its call", async () => {
  await using rig = new ReporterRig();
  await rig.reporter.addMessage(CALL, "reception", message("one"));
  rig.reporter.callEnded({ ...RECORD, messages: [message("one")] }, undefined);
  const events = await rig.events(2);
  assertEquals(field(events.find(({ type }) => type === "message.taken"), "data", "message"), "one");
  const ended = events.find(({ type }) => type === "call.ended");
  assertEquals(field(ended, "data", "messages"), [message("one")]);
});

Deno.test("CallReporter sends nothing to a host with a private address, unless afterCall allows it", async () => {
  await using rig = new ReporterRig("", { allowPrivate: false });
  rig.reporter.callEnded(RECORD, undefined);
  const { problem } = await rig.logged("webhook not delivered");
  assertStringIncludes(String(problem), "127.0.0.1 is not a public address");
  assertEquals(rig.received, []);
});

Deno.test("CallReporter delivers a message that cannot be written to disk from memory, and says so", async () => {
  const file = await Deno.makeTempFile();
  {
    await using rig = new ReporterRig(`${file}/data`);
    assertEquals(await rig.reporter.addMessage(CALL, "reception", message("one")), "memory");
    const [event] = await rig.events(1);
    assertEquals(field(event, "data", "message"), "one");
  }
  await Deno.remove(file);
});

Deno.test("CallReporter.stop() waits for the summary and saves the report", async () => {
  await using rig = new ReporterRig();
  const summary = Promise.withResolvers<WrittenSummary>();
  rig.reporter.callEnded(RECORD, summary.promise);
  const stopped = rig.reporter.stop();
  summary.resolve(writtenSummary("They talked."));
  await stopped;
  const queued = [...Deno.readDirSync(`${rig.folder}/webhooks`)].length;
  assertEquals(queued + rig.received.length > 0, true);
});

/** A summary of 40 tokens for 0.25 dollars. */
function writtenSummary(text: string): WrittenSummary {
  const tokens = { textIn: 0, textCached: 0, textOut: 40, audioIn: 0, audioCached: 0, audioOut: 0 };
  return { text, tokens, costUsd: 0.25 };
}

Deno.test("CallReporter adds carrier charges that arrive after the end to the stored record", async () => {
  await using rig = new ReporterRig();
  const summary = Promise.withResolvers<WrittenSummary>();
  rig.reporter.callEnded(RECORD, summary.promise);
  rig.reporter.addCharge(RECORD.callSid, { usd: 0.5, minutes: 3 });
  rig.reporter.addCharge("CA404", { usd: 0.5, minutes: 3 });
  summary.resolve(writtenSummary("Ann called."));
  await rig.events(1);
  await rig.reporter.stop();
  assertEquals(rig.written.length, 3, "a call without a record gets none");
  const { costUsd, costs, carrierMinutes } = rig.written.at(-1) ?? RECORD;
  assertEquals([costUsd, carrierMinutes], [RECORD.costUsd + 0.75, RECORD.carrierMinutes + 3]);
  assertEquals([costs.summaryUsd, costs.carrierUsd], [0.25, 0.5]);
});

Deno.test("CallReporter sends the webhook of a transferred call with the whole cost, when its legs have ended", async () => {
  await using rig = new ReporterRig();
  const summary = Promise.withResolvers<WrittenSummary>();
  rig.reporter.callEnded(RECORD, summary.promise, true);
  summary.resolve(writtenSummary("Ann called."));
  await settle();
  rig.reporter.addCharge(RECORD.callSid, { usd: 0.5, minutes: 3 });
  await settle();
  assertEquals([rig.received, rig.reported.includes(true)], [[], false]);
  rig.reporter.callSettled(RECORD.callSid);
  const [event] = await rig.events(1);
  assertEquals(field(event, "data", "costUsd"), RECORD.costUsd + 0.25 + 0.5);
  assertEquals(field(event, "data", "carrierMinutes"), RECORD.carrierMinutes + 3);
  assertEquals(field(event, "data", "summary"), "Ann called.");
  await rig.reporter.stop();
  assertEquals(rig.reported.at(-1), true);
});

Deno.test("CallReporter leaves the webhook of a call that is still transferred to the next process", async () => {
  {
    await using rig = new ReporterRig();
    rig.reporter.callEnded(RECORD, undefined, true);
    rig.reporter.addCharge(RECORD.callSid, { usd: 0.5, minutes: 3 });
    await rig.reporter.stop();
    assertEquals([rig.received, rig.reported], [[], [false, false]]);
  }
  await using next = new ReporterRig();
  next.leftOver = [RECORD];
  next.reporter.reportLeftOver((callSid) => callSid === RECORD.callSid);
  await settle();
  assertEquals(next.received, []);
  next.reporter.callSettled(RECORD.callSid);
  assertEquals((await next.events(1))[0]?.type, "call.ended");
});

Deno.test("CallReporter writes the record immediately and completes it when the summary arrives", async () => {
  await using rig = new ReporterRig();
  const summary = Promise.withResolvers<WrittenSummary>();
  rig.reporter.callEnded({ ...RECORD, costUsd: 0.5 }, summary.promise);
  await settle();
  assertEquals([rig.written, rig.reported], [[{ ...RECORD, costUsd: 0.5 }], [false]]);
  summary.resolve(writtenSummary("Ann called."));
  await rig.events(1);
  await rig.reporter.stop();
  assertEquals(rig.written.slice(1), [{
    ...RECORD,
    summary: "Ann called.",
    costUsd: 0.75,
    costs: { ...RECORD.costs, summaryUsd: 0.25 },
    tokens: { ...RECORD.tokens, textOut: RECORD.tokens.textOut + 40 },
  }]);
  assertEquals(rig.reported, [false, true]);
  assertEquals(field(rig.received[0], "data", "summary"), "Ann called.");
});

Deno.test("CallReporter does not restore a call that is forgotten or redacted while its summary is written", async () => {
  await using rig = new ReporterRig();
  const summaries = [Promise.withResolvers<WrittenSummary>(), Promise.withResolvers<WrittenSummary>()];
  rig.reporter.callEnded(RECORD, summaries[0]?.promise);
  rig.reporter.callEnded({ ...RECORD, callSid: "CA2" }, summaries[1]?.promise);
  await settle();
  rig.written.splice(0, 2, { ...RECORD, callSid: "CA2", from: "[forgotten]" });
  for (const { resolve } of summaries) resolve(writtenSummary("Ann called."));
  await rig.reporter.stop();
  assertEquals(rig.written.map(({ callSid, from }) => [callSid, from]), [
    ["CA2", "[forgotten]"],
    ["CA2", "[forgotten]"],
  ]);
  assertEquals(rig.received.map((event) => field(event, "data", "callSid")), ["CA2"]);
});

Deno.test("CallReporter sends no webhook before the record is on disk", async () => {
  await using rig = new ReporterRig();
  const flushing = Promise.withResolvers<void>();
  rig.flushing = flushing.promise;
  rig.reporter.callEnded(RECORD, undefined);
  await settle();
  const before = [rig.flushed, rig.reported, rig.received];
  flushing.reject(new Error("The call store is closed"));
  assertEquals(before, [[1], [false], []]);
  await rig.logged("call records not flushed");
  await rig.events(1);
});

Deno.test("CallReporter reports the calls that an earlier process left unreported", async () => {
  await using rig = new ReporterRig();
  rig.leftOver = [{ ...RECORD, endReason: "interrupted" }, { ...RECORD, callSid: "CA2" }];
  rig.reporter.reportLeftOver();
  const events = await rig.events(2);
  const ends = events.map((event) => [field(event, "data", "callSid"), field(event, "data", "endReason")]);
  assertEquals(ends.toSorted(), [["CA1", "interrupted"], ["CA2", "caller hung up"]]);
  await rig.reporter.stop();
  assertEquals(rig.reported, [false, true, false, true]);
});

Deno.test("CallReporter merges both parts of a call that came back into one record", async () => {
  await using rig = new ReporterRig();
  const turn = { speaker: "caller", text: "Hello", atMs: 1_000 } as const;
  const costs = { modelUsd: 0.25, transcriptionUsd: 0.125, summaryUsd: 0, carrierUsd: 0.125 };
  const part = { ...RECORD, seconds: 30, turns: [turn], callerTurns: 1, costUsd: 0.5, costs };
  rig.reporter.callEnded({ ...part, endReason: "transferred" }, undefined);
  await rig.events(1);
  rig.reporter.callEnded({
    ...part,
    startedAt: "2026-01-01T00:05:00.000Z",
    endedAt: "2026-01-01T00:06:00.000Z",
  }, undefined);
  await rig.events(2);
  const { turns, seconds, callerTurns, costUsd, startedAt, endedAt, endReason } = rig.written.at(-1) ??
    RECORD;
  assertEquals([turns.map(({ atMs }) => atMs), seconds, callerTurns, costUsd], [[1_000, 31_000], 60, 2, 1]);
  assertEquals([startedAt, endedAt, endReason], [
    RECORD.startedAt,
    "2026-01-01T00:06:00.000Z",
    "caller hung up",
  ]);
  assertEquals(rig.written.at(-1)?.costs, addCosts(costs, costs));
});

Deno.test("CallReporter keeps the conversation when a later part of the call never connected", async () => {
  await using rig = new ReporterRig();
  const turns = [{ speaker: "caller", text: "Hello", atMs: 1_000 } as const];
  rig.reporter.callEnded({ ...RECORD, seconds: 30, turns, endReason: "stream lost" }, undefined);
  await rig.events(1);
  const again = {
    ...RECORD,
    startedAt: "2026-01-01T00:05:00.000Z",
    endReason: "never connected",
    costUsd: 0.1,
  };
  rig.reporter.callEnded(again, undefined);
  await rig.reporter.stop();
  const last = rig.written.at(-1);
  assertEquals([last?.turns, last?.endReason, last?.costUsd], [turns, "stream lost", RECORD.costUsd + 0.1]);
  assertEquals(rig.received.length, 1, "no second webhook");
});
