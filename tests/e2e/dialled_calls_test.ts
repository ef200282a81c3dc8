import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { FakeClock } from "../support/fake_clock.ts";
import { TestService } from "../support/service.ts";
import { CALL_SID, connect, type ServiceCall } from "../support/service_call.ts";

const SALES = {
  destinations: { sales: { number: "+15550100", ringSeconds: 20 } },
  assistants: {
    reception: { greeting: "", keypad: { menu: { 0: "sales" } }, limits: { dayMinutes: 5 } },
  },
};
/** A folder of its own, because budgets are kept across restarts. */
function dataDir() {
  const path = Deno.makeTempDirSync();
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

const BUSY = "All our lines are busy";
/** Twilio does not bill a rejected call. */
const REJECTED = '<Reject reason="busy"/>';

/** A call whose caller is being transferred, on a service for one call at a time; returns the TwiML that dials. */
async function transfer(line: ServiceCall): Promise<string> {
  const { stream, service } = line;
  const dtmf = { track: "inbound_track", digit: "0" };
  stream.send({ event: "dtmf", streamSid: stream.streamSid, sequenceNumber: "5", dtmf });
  await stream.end();
  return await service.post("/after-stream", { CallSid: CALL_SID });
}

async function answered({ service }: ServiceCall): Promise<void> {
  const form = { CallSid: "CA2", ParentCallSid: CALL_SID, CallStatus: "in-progress" };
  await service.post("/call-status", form);
  assertEquals((await service.logged("call ended")).end_reason, "transferred");
}

/** The TwiML of another caller, from a number of its own. */
function ring(service: TestService, callSid: string): Promise<string> {
  return service.post("/incoming-call", { CallSid: callSid, From: `+1555${callSid.slice(2)}` });
}

Deno.test("Transferred caller keeps their place in MAX_CALLS until /after-transfer", async () => {
  using data = dataDir();
  await using line = await connect({ MAX_CALLS: "1", DATA_DIR: data.path }, undefined, SALES);
  assertStringIncludes(await transfer(line), 'timeLimit="1800"');
  await answered(line);
  assertStringIncludes(await ring(line.service, "CA3000"), BUSY);
  const form = { CallSid: CALL_SID, DialCallStatus: "completed", CallStatus: "in-progress" };
  await line.service.post("/after-transfer", form);
  assertStringIncludes(await ring(line.service, "CA3001"), "<Stream");
});

Deno.test("Transferred caller keeps their place across a restart, until /after-transfer", async () => {
  using data = dataDir();
  const env = { MAX_CALLS: "1", DATA_DIR: data.path };
  await using line = await connect(env, undefined, SALES);
  await transfer(line);
  await answered(line);
  await line.service.stop();
  const files = ["live_calls.json", "counts.json", "minutes.json"].map((name) => `${data.path}/${name}`);
  for (const text of await Promise.all(files.map((path) => Deno.readTextFile(path).catch(() => "")))) {
    assertEquals(/1555|5550100/.test(text), false, "no number is stored");
  }
  await using restarted = new TestService(env, undefined, SALES);
  assertStringIncludes(await ring(restarted, "CA3000"), BUSY);
  const form = { CallSid: CALL_SID, DialCallStatus: "completed", CallStatus: "in-progress" };
  assertStringIncludes(await restarted.post("/after-transfer", form), "<Hangup");
  assertStringIncludes(await ring(restarted, "CA3001"), "<Stream");
});

Deno.test("Transferred caller frees their place when their call is reported completed", async () => {
  using data = dataDir();
  await using line = await connect({ MAX_CALLS: "1", DATA_DIR: data.path }, undefined, SALES);
  await transfer(line);
  await answered(line);
  await line.service.post("/call-status", { CallSid: CALL_SID, CallStatus: "completed" });
  assertStringIncludes(await ring(line.service, "CA3000"), "<Stream");
});

Deno.test("Transferred caller frees their place after MAX_TRANSFER_SECONDS when Twilio reports nothing", async () => {
  const clock = new FakeClock();
  const assistants = { ...SALES, assistants: { reception: { ...SALES.assistants.reception, limits: {} } } };
  await using line = await connect({ MAX_CALLS: "1", MAX_TRANSFER_SECONDS: "600" }, clock, assistants);
  assertStringIncludes(await transfer(line), 'timeLimit="600"');
  await answered(line);
  clock.advance(600_000);
  assertStringIncludes(await ring(line.service, "CA3000"), BUSY);
  // The ring time comes on top, and a margin for Twilio.
  clock.advance(20_000 + 30_000);
  assertStringIncludes(await ring(line.service, "CA3001"), "<Stream");
});

Deno.test("Transferred caller's minutes count in the day's budget, for both legs, until the transfer ends", async () => {
  const clock = new FakeClock();
  using data = dataDir();
  await using line = await connect({ DATA_DIR: data.path }, clock, SALES);
  await transfer(line);
  await answered(line);
  clock.advance(60_000);
  assertStringIncludes(await ring(line.service, "CA3000"), "<Stream", "four of five minutes are used");
  clock.advance(60_000);
  assertStringIncludes(await ring(line.service, "CA3001"), REJECTED, "the budget is used up");
});

Deno.test("Destination of a transfer is billed although Twilio's report that it answered is lost", async () => {
  using data = dataDir();
  const env = { DATA_DIR: data.path, CARRIER_PRICES: "in=0.5, out=0.25, stream=0.125" };
  await using line = await connect(env, undefined, SALES);
  await transfer(line);
  const form = { CallSid: CALL_SID, DialCallStatus: "completed", CallStatus: "in-progress" };
  await line.service.post("/after-transfer", form);
  assertEquals((await line.service.logged("call ended")).end_reason, "transferred");
  const metrics = await (await fetch(`${line.service.url}/metrics`)).text();
  assertStringIncludes(metrics, "parley_carrier_minutes_total 2\n");
  assertStringIncludes(metrics, "parley_carrier_cost_usd_total 0.875\n");
});

Deno.test("OVERFLOW dials at most MAX_OVERFLOW_CALLS numbers at once, each with a time limit", async () => {
  const clock = new FakeClock();
  const env = { MAX_CALLS: "1", OVERFLOW: "+15550199", MAX_OVERFLOW_CALLS: "2", MAX_TRANSFER_SECONDS: "900" };
  await using service = new TestService({ OPENAI_REALTIME_URL: "ws://127.0.0.1:9", ...env }, clock);
  await ring(service, "CA1000");
  const dials =
    /<Dial[^>]* timeLimit="900"[^>]*><Number [^>]*statusCallbackEvent="answered completed"[^>]*>\+15550199</;
  assertMatch(await ring(service, "CA1001"), dials);
  assertMatch(await ring(service, "CA1002"), dials);
  assertStringIncludes(await ring(service, "CA1003"), BUSY);

  const ended = { CallSid: "CA2", ParentCallSid: "CA1001", CallStatus: "no-answer" };
  await service.post("/call-status", ended);
  assertMatch(await ring(service, "CA1004"), dials);
  await service.post("/call-status", { CallSid: "CA1004", CallStatus: "completed" });
  assertMatch(await ring(service, "CA1005"), dials);
  assertStringIncludes(await ring(service, "CA1006"), BUSY);
  // The call waiting for its stream has ended meanwhile, so one caller gets its place.
  clock.advance(960_000);
  assertStringIncludes(await ring(service, "CA1007"), "<Stream");
  assertMatch(await ring(service, "CA1008"), dials);
});

Deno.test("OVERFLOW does not forward a call that an exhausted budget refuses", async () => {
  for (const OVERFLOW of ["+15550199", "https://other.example.com/voice"]) {
    const clock = new FakeClock();
    using data = dataDir();
    await using line = await connect({ OVERFLOW, DATA_DIR: data.path }, clock, SALES);
    await transfer(line);
    await answered(line);
    clock.advance(120_000);
    assertStringIncludes(await ring(line.service, "CA3000"), REJECTED);
  }
});
