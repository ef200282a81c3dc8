import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { CallsOptions } from "../../src/calls/calls.ts";
import { CarrierPrices } from "../../src/calls/carrier_prices.ts";
import type { CarrierCharge } from "../../src/call/call_event_stream.ts";
import type { CallAssistant } from "../../src/assistants/call_assistant.ts";
import { createLog } from "../../src/telemetry/log.ts";
import type { EndedCall } from "../../src/records/call_record.ts";
import { CallRig, SALES } from "../support/call_rig.ts";
import { message } from "../support/fake_socket.ts";
import { response } from "../support/still_session.ts";

const IN = 0.01;
const STREAM = 0.004;
const OUT = 0.1;
const AMD = 0.007;
const PRICES = new Map([["in", IN], ["out", OUT], ["stream", STREAM], ["amd", AMD]]);
const NO_LOG = createLog({ level: "error", format: "json", write() {} });

/** A rig in which the carrier has prices; with the records of ended calls, and the charges after their ends. */
function billedRig(assistant: Partial<CallAssistant> = {}, options: Partial<CallsOptions> = {}) {
  const records: EndedCall[] = [];
  const later: [callSid: string, charge: CarrierCharge][] = [];
  const rig = new CallRig({
    carrierPrices: new CarrierPrices(PRICES, NO_LOG),
    onEnded: (record) => records.push(record),
    onCharged: (callSid, charge) => later.push([callSid, charge]),
    ...options,
  }, { destinations: [SALES], ...assistant });
  return { rig, records, later };
}

const OUTBOUND = { callSid: "CA1", from: "+15559870000", to: "+15551230000", outbound: true } as const;

/** Transfers call CA1 as its keypad menu does, until the destination rings. */
function transfer(rig: CallRig): void {
  rig.calls.find("CA1")?.transfer("sales");
  rig.calls.dialled.startTransfer("CA1", SALES);
}

/** Why goodbyes were said. */
function goodbyes({ lines }: CallRig): unknown[] {
  return lines.filter(({ event }) => event === "goodbye").map(({ reason }) => reason);
}

Deno.test("Calls charges begun minutes of the caller's leg and of the stream", () => {
  const { rig, records, later } = billedRig();
  const token = rig.announce("CA1");
  rig.session.observer?.sessionReady();
  // The caller's leg begins with the webhook, its stream after an announcement.
  rig.clock.advance(10_000);
  const socket = rig.stream("CA1", token);
  rig.clock.advance(51_000);
  assertEquals(rig.calls.list()[0]?.carrierMinutes, 2);
  socket.receive(message("stop"));
  assertEquals(records[0]?.carrierMinutes, 2);
  assertAlmostEquals(records[0]?.costs.carrierUsd ?? 0, 2 * IN + STREAM, 1e-9);
  assertAlmostEquals(records[0]?.costUsd ?? 0, 2 * IN + STREAM, 1e-9);
  rig.clock.advance(600_000);
  assertEquals(later, [], "nothing is billed after the call");
});

Deno.test("Calls charges both legs of a transfer until the <Dial> ends, and reports the charges after the record", async () => {
  const { rig, records, later } = billedRig({ costLimits: { perDay: 10 } });
  rig.connect("CA1");
  rig.clock.advance(30_000);
  transfer(rig);
  rig.clock.advance(20_000);
  assertEquals(rig.calls.list()[0]?.carrierMinutes, 1, "a destination that rings is not billed");
  rig.calls.transferAnswered("CA1");
  assertEquals([records[0]?.endReason, records[0]?.carrierMinutes], ["transferred", 2]);
  assertAlmostEquals(records[0]?.costs.carrierUsd ?? 0, IN + STREAM + OUT, 1e-9);
  // The caller's minutes begin at 60 s and 120 s; the destination's at 110 s.
  rig.clock.advance(80_000);
  rig.calls.dialled.end("CA1");
  rig.clock.advance(600_000);
  const [[callSid, charge] = []] = later;
  assertEquals([later.length, callSid, charge?.minutes], [1, "CA1", 3]);
  assertAlmostEquals(charge?.usd ?? 0, 2 * IN + OUT, 1e-9);
  const metrics = await rig.metrics.scrape();
  const line = (name: string) => Number(new RegExp(`^${name} (.*)$`, "m").exec(metrics)?.[1]);
  assertEquals(line("parley_carrier_minutes_total"), 5);
  assertAlmostEquals(line("parley_carrier_cost_usd_total"), 3 * IN + STREAM + 2 * OUT, 1e-9);
});

Deno.test("Calls charges a transfer whose end Twilio never reports until it must have ended", () => {
  const { rig, later } = billedRig({}, { maxTransferSeconds: 100 });
  rig.connect("CA1");
  transfer(rig);
  rig.calls.transferAnswered("CA1");
  rig.clock.advance(3_600_000);
  // 130 s from the start of the <Dial>, ringing and the time for reports included.
  assertEquals(later.map(([, { minutes }]) => minutes), [2 + 2]);
});

Deno.test("Calls counts transferred minutes and dollars of both legs in the day's budgets", () => {
  const { rig } = billedRig({ costLimits: { perDay: 10 }, minuteLimits: { perDay: 6 } });
  rig.connect("CA1");
  transfer(rig);
  rig.calls.transferAnswered("CA1");
  const over = (limits: CallAssistant["costLimits"], minutes?: CallAssistant["minuteLimits"]) =>
    rig.calls.isOverBudget("+15551230000", { costLimits: limits, minuteLimits: minutes });
  rig.clock.advance(60_000);
  assertEquals([over({}, { perDay: 4 }), over({}, { perDay: 5 })], [true, false]);
  const usd = 2 * IN + 2 * OUT + STREAM;
  assertEquals([over({ perDay: usd - 0.001 }), over({ perDay: usd + 0.001 })], [true, false]);
});

Deno.test("Calls continues to charge the caller's leg when the destination does not answer", () => {
  const { rig, records, later } = billedRig();
  rig.connect("CA1");
  transfer(rig);
  rig.clock.advance(20_000);
  rig.calls.dialled.end("CA1");
  const next = rig.calls.transferFailed("CA1", "no-answer");
  const socket = rig.stream("CA1", next?.token ?? "");
  rig.clock.advance(50_000);
  socket.receive(message("stop"));
  assertEquals([records[0]?.carrierMinutes, later], [2, []]);
  assertAlmostEquals(
    records[0]?.costs.carrierUsd ?? 0,
    2 * IN + 2 * STREAM,
    1e-9,
    "two streams of one minute",
  );
});

Deno.test("Calls charges a minute once when a call continues after a lost stream", () => {
  const { rig, records } = billedRig();
  const { socket } = rig.connect("CA1");
  rig.clock.advance(10_000);
  socket.drop();
  rig.clock.advance(10_000);
  assertEquals([records[0]?.endReason, records[0]?.carrierMinutes], ["stream lost", 1]);
  rig.calls.resume("CA1");
  rig.clock.advance(39_000);
  rig.calls.endAll("shutdown");
  assertEquals(records[1]?.carrierMinutes, 0, "the first part has paid for this minute");
});

Deno.test("Calls charges the detection of an answering machine once, and the price of the called number", () => {
  const { rig, records } = billedRig({ voicemail: "hang up" });
  rig.calls.announce(
    { callSid: "CA1", from: "+15559870000", to: "+15551230000", outbound: true },
    rig.assistant,
  );
  rig.calls.endAll("shutdown");
  assertAlmostEquals(records[0]?.costs.carrierUsd ?? 0, OUT + AMD, 1e-9);
});

Deno.test("Calls charges no carrier for the console's calls", () => {
  const { rig, records } = billedRig();
  rig.calls.announce({ callSid: "CA1", from: "client:console", to: "", hasNoCarrier: true }, rig.assistant);
  rig.clock.advance(1_000);
  rig.calls.endAll("shutdown");
  assertEquals([records[0]?.costUsd, records[0]?.carrierMinutes], [0, 0]);
});

Deno.test("Calls counts both legs of a call that OVERFLOW forwards in the day's budget", () => {
  const { rig, later } = billedRig();
  const incoming = { callSid: "CA1", from: "+15551230000", to: "+15559870000" };
  assertEquals(rig.calls.dialled.forward(incoming, "+15550199", rig.assistant), 1_800);
  assertEquals(rig.calls.dialled.forward(incoming, "+15550199", rig.assistant), 1_800, "Twilio asked twice");
  rig.calls.transferAnswered("CA1");
  rig.clock.advance(61_000);
  rig.calls.dialled.end("CA1");
  rig.clock.advance(600_000);
  const over = (perDay: number) =>
    rig.calls.isOverBudget("+15551230000", { costLimits: { perDay }, minuteLimits: undefined });
  const usd = 2 * IN + 2 * OUT;
  assertEquals([over(usd - 0.001), over(usd + 0.001)], [true, false]);
  assertEquals(later.map(([callSid]) => callSid), ["CA1"]);
});

Deno.test("Calls ends a call with a goodbye when the carrier's minutes use up its budget", () => {
  const { rig, records } = billedRig({ costLimits: { perCall: 2 * IN + STREAM } });
  const { session } = rig.connect("CA1");
  rig.clock.advance(60_000);
  assertEquals(session.requests.length, 1, "the goodbye");
  session.requests[0]?.onDone?.(response());
  assertEquals(records[0]?.endReason, "spending limit");
});

Deno.test("DialledCalls forwards as many calls at a time as are allowed, and keeps each until its time limit", () => {
  const { rig } = billedRig({}, { maxOverflowCalls: 1, maxTransferSeconds: 100 });
  const forward = (callSid: string) =>
    rig.calls.dialled.forward({ callSid, from: "+1", to: "+1" }, "+15550199", rig.assistant);
  assertEquals([forward("CA1"), forward("CA2"), forward("")], [100, undefined, undefined]);
  rig.clock.advance(139_999);
  assertEquals(forward("CA2"), undefined);
  rig.clock.advance(1);
  assertEquals(forward("CA2"), 100, "30 s of ringing, 100 s, and 10 s for the report");
  assertEquals(forward("CA2"), 100, "its time starts again");
  rig.clock.advance(139_999);
  assertEquals(forward("CA3"), undefined);
  rig.calls.dialled.end("CA2");
  assertEquals(forward("CA3"), 100);
});

Deno.test("Calls bills and limits a prepared outbound call from its answer on", () => {
  const { rig, records } = billedRig({
    voicemail: "hang up",
    maxCallMs: 60_000,
    costLimits: { perCall: 0.3 },
  });
  rig.calls.prepareOutbound(OUTBOUND, rig.assistant, 90_000);
  rig.session.observer?.sessionReady();
  rig.clock.advance(61_000);
  assertEquals([rig.calls.count, rig.calls.places, records], [0, 0, []], "ringing costs nothing");
  const announced = rig.calls.announce(OUTBOUND, rig.assistant);
  const token = "token" in announced ? announced.token ?? "" : "";
  assertEquals([rig.calls.list()[0]?.carrierMinutes, rig.sessions.length], [1, 1]);
  rig.stream("CA1", token);
  rig.clock.advance(59_000);
  assertEquals(goodbyes(rig), []);
  rig.clock.advance(1_000);
  assertEquals(goodbyes(rig), ["time limit"]);
  rig.calls.endAll("shutdown");
  assertEquals(records[0]?.carrierMinutes, 2);
  assertAlmostEquals(records[0]?.costs.carrierUsd ?? 0, 2 * OUT + AMD + 2 * STREAM, 1e-9);
});

Deno.test("Calls ends a prepared outbound call that uses up its budget, and refuses it at the answer without one", () => {
  const { rig } = billedRig({ costLimits: { perCall: OUT + STREAM / 2 } });
  rig.calls.prepareOutbound(OUTBOUND, rig.assistant, 90_000);
  rig.session.observer?.sessionReady();
  const announced = rig.calls.announce(OUTBOUND, rig.assistant);
  rig.stream("CA1", "token" in announced ? announced.token ?? "" : "");
  assertEquals(goodbyes(rig), ["spending limit"]);
  rig.calls.endAll("shutdown");
  const poor = billedRig({ costLimits: { perCall: OUT } });
  poor.rig.calls.prepareOutbound(OUTBOUND, poor.rig.assistant, 90_000);
  assertEquals(poor.rig.calls.reserve(OUTBOUND, poor.rig.assistant), "spending limit");
  assertEquals([poor.rig.session.closed, poor.rig.calls.places], [true, 0]);
});
