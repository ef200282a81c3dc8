import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { FakeClock } from "../support/fake_clock.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService, tokenIn } from "../support/service.ts";
import { CALL_SID, connect, type ServiceCall } from "../support/service_call.ts";
import { StreamClient } from "../support/stream_client.ts";

const CARRIER_PRICES = "in=0.5, out=0.25, sip=0, stream=0.125, amd=0";
const NO_MODEL = { OPENAI_REALTIME_URL: "ws://127.0.0.1:9", CARRIER_PRICES };
/** A lost stream ends its part of the call. */
const NO_GRACE = { CARRIER_PRICES, STREAM_GRACE_SECONDS: "0" };
const REJECTED = '<Reject reason="rejected"/>';
const REJECTED_AS_BUSY = '<Reject reason="busy"/>';
const MENU = {
  assistants: { a: { language: "en", languages: { es: { key: "2", offer: "Para español, pulse dos." } } } },
};
const SALES = {
  destinations: { sales: { number: "+15550100", ringSeconds: 20 } },
  assistants: { reception: { greeting: "", keypad: { menu: { 0: "sales" } } } },
};

/** The TwiML of a caller; each has a number of their own, unless `From` is set. */
function ring(service: TestService, callSid: string, From = `+1555${callSid.slice(2, 9)}`): Promise<string> {
  return service.post("/incoming-call", { CallSid: callSid, From });
}

/** Minutes and dollars that the carrier billed so far. */
async function billed({ url }: TestService): Promise<[minutes: number, usd: number]> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const read = (name: string) =>
    Number(new RegExp(`^parley_carrier_${name}_total (.*)$`, "m").exec(metrics)?.[1]);
  return [read("minutes"), read("cost_usd")];
}

async function hangUp(service: TestService, callSid: string): Promise<void> {
  await service.post("/call-status", { CallSid: callSid, CallStatus: "completed" });
}

/** Transfers the caller by the keypad menu; returns the TwiML that dials. */
async function transfer({ stream, service }: ServiceCall): Promise<string> {
  stream.press("0");
  await stream.end();
  return await service.post("/after-stream", { CallSid: CALL_SID, CallStatus: "in-progress" });
}

Deno.test("Callers in the language menu take places in MAX_CALLS, count per hour, and are billed", async () => {
  const clock = new FakeClock();
  const env = { ...NO_MODEL, MAX_CALLS: "2", CALLS_PER_CALLER_AND_HOUR: "1" };
  await using service = new TestService(env, clock, MENU);
  const [ann, bob] = ["+15550000001", "+15550000002"];
  assertStringIncludes(await ring(service, "CA1", ann), "<Gather");
  assertStringIncludes(await ring(service, "CA1", ann), "<Gather", "the same call, repeated");
  assertEquals(await billed(service), [1, 0.5]);
  assertStringIncludes(await ring(service, "CA2", ann), REJECTED);
  assertStringIncludes(await ring(service, "CA3", bob), "<Gather");
  assertStringIncludes(await ring(service, "CA4"), "All our lines are busy");
  // One hangs up in the menu, and the other's call is never reported again.
  await hangUp(service, "CA1");
  assertStringIncludes(await ring(service, "CA5"), "<Gather");
  clock.advance(60_000);
  assertStringIncludes(await ring(service, "CA6"), "<Gather");
  assertStringIncludes(await ring(service, "CA7"), "<Gather");
});

Deno.test("Language menu is billed and counted with its call, once", async () => {
  const clock = new FakeClock();
  await using model = new ScriptedModel();
  const env = {
    OPENAI_REALTIME_URL: model.url,
    CARRIER_PRICES,
    MAX_CALLS: "1",
    CALLS_PER_CALLER_AND_HOUR: "1",
  };
  await using service = new TestService(env, clock, MENU);
  await ring(service, CALL_SID, "+15551230000");
  clock.advance(31_000);
  const chosen = { CallSid: CALL_SID, Digits: "2" };
  assertStringIncludes(await service.post("/language-chosen", chosen), "<Stream");
  clock.advance(28_000);
  assertEquals(await billed(service), [1, 0.5]);
  clock.advance(1_000);
  assertEquals(await billed(service), [2, 1]);
});

Deno.test("Refused calls that are answered are billed a minute and count per hour; rejected ones are not", async () => {
  const env = { ...NO_MODEL, MAX_CALLS: "1", CALLS_PER_CALLER_AND_HOUR: "2" };
  await using service = new TestService(env);
  await ring(service, "CA1", "+15550000001");
  for (const callSid of ["CA2", "CA3"]) {
    assertStringIncludes(await ring(service, callSid, "+15550000002"), "All our lines are busy");
  }
  assertEquals(await billed(service), [3, 1.5]);
  assertStringIncludes(await ring(service, "CA4", "+15550000002"), REJECTED);
  assertEquals(await billed(service), [3, 1.5]);
});

Deno.test("Call whose first minute uses up a budget is rejected without a model session", async () => {
  const assistants = { assistants: { a: { limits: { callUsd: 0.5 } } } };
  for (const isDay of [true, false]) {
    await using model = new ScriptedModel();
    const env = {
      OPENAI_REALTIME_URL: model.url,
      CARRIER_PRICES,
      ...(isDay ? { MAX_USD_PER_DAY: "1" } : {}),
    };
    await using service = new TestService(env, undefined, isDay ? undefined : assistants);
    if (isDay) {
      assertStringIncludes(await ring(service, "CA1"), "<Stream");
      await model.session();
      await hangUp(service, "CA1");
    }
    const before = await billed(service);
    assertStringIncludes(await ring(service, "CA2"), REJECTED_AS_BUSY);
    assertEquals([service.events("call announced").length, await billed(service)], [isDay ? 1 : 0, before]);
  }
});

Deno.test("Call that comes back is not counted again", async () => {
  await using line = await connect({ CALLS_PER_CALLER_AND_HOUR: "1", CALLS_PER_NUMBER_AND_DAY: "1" });
  line.stream.stop();
  await line.service.logged("call ended");
  assertStringIncludes(await ring(line.service, CALL_SID, "+15551230000"), "<Stream");
  assertStringIncludes(await ring(line.service, "CA2", "+15551230000"), REJECTED);
});

Deno.test("Parts of a call share its time limit and its budget", async () => {
  const clock = new FakeClock();
  // 0.5 for the caller's minute and 0.125 for each stream.
  const assistants = { assistants: { a: { greeting: "", limits: { callSeconds: 16, callUsd: 0.8 } } } };
  await using line = await connect(NO_GRACE, clock, assistants);
  clock.advance(8_000);
  line.stream.close();
  await line.service.logged("call ended");
  const form = { CallSid: CALL_SID, CallStatus: "in-progress" };
  const twiml = await line.service.post("/after-stream", form);
  const session = await line.model.session(1);
  await session.configure();
  await line.service.logged("session ready", 2);
  await using second = new StreamClient(line.service.streamUrl);
  await second.start(CALL_SID, { token: tokenIn(twiml), from: "+15551230000" });
  await line.service.logged("stream started", 2);
  clock.advance(7_999);
  assertEquals(line.service.events("goodbye"), []);
  clock.advance(1);
  assertEquals((await line.service.logged("goodbye")).reason, "time limit");
  second.close();
  await line.service.logged("call ended", 2);
  assertStringIncludes(await line.service.post("/after-stream", form), "<Hangup");
});

Deno.test("Call whose parts have used up its budget is not connected again", async () => {
  const clock = new FakeClock();
  const assistants = { assistants: { a: { greeting: "", limits: { callUsd: 0.7 } } } };
  await using line = await connect(NO_GRACE, clock, assistants);
  const { service, model } = line;
  line.stream.close();
  await service.logged("call ended");
  const form = { CallSid: CALL_SID, CallStatus: "in-progress" };
  const token = tokenIn(await service.post("/after-stream", form));
  await (await model.session(1)).configure();
  await service.logged("session ready", 2);
  await using second = new StreamClient(service.streamUrl);
  await second.start(CALL_SID, { token, from: "+15551230000" });
  assertEquals((await service.logged("goodbye")).reason, "spending limit");
  second.close();
  await service.logged("call ended", 2);
  assertStringIncludes(await ring(service, CALL_SID, "+15551230000"), REJECTED_AS_BUSY);
  assertEquals(model.sessions.length, 2);
});

Deno.test("Destination that Twilio never reported as answered is billed for the duration of the <Dial>", async () => {
  const clock = new FakeClock();
  await using line = await connect({ CARRIER_PRICES }, clock, SALES);
  await transfer(line);
  clock.advance(66_000);
  assertEquals((await line.service.logged("call ended")).end_reason, "transferred");
  const form = { CallSid: CALL_SID, CallStatus: "in-progress", DialCallStatus: "completed" };
  await line.service.post("/after-transfer", { ...form, DialCallDuration: "65" });
  // Two minutes of each leg and one of the stream.
  assertEquals(await billed(line.service), [4, 2 * 0.5 + 2 * 0.25 + 0.125]);
});

Deno.test("Redirect back while the destination rings ends the <Dial>", async () => {
  const clock = new FakeClock();
  await using line = await connect({ MAX_CALLS: "1", CARRIER_PRICES }, clock, SALES);
  const { service } = line;
  await transfer(line);
  const token = tokenIn(await ring(service, CALL_SID, "+15551230000"));
  await using back = new StreamClient(service.streamUrl);
  await back.start(CALL_SID, { token, from: "+15551230000" });
  await service.logged("stream started", 2);
  back.stop();
  await service.logged("call ended");
  const bill = await billed(service);
  clock.advance(120_000);
  assertEquals(await billed(service), bill);
  assertStringIncludes(await ring(service, "CA2"), "<Stream");
});

Deno.test("Forwarded call that comes back pays its caller's minute once, and its destination by duration", async () => {
  const clock = new FakeClock();
  const env = { ...NO_MODEL, MAX_CALLS: "1", OVERFLOW: "+15550199" };
  await using service = new TestService(env, clock);
  await ring(service, "CA1");
  assertMatch(await ring(service, "CA2"), /<Dial .*answered completed/);
  clock.advance(10_000);
  const child = { CallSid: "CA3", ParentCallSid: "CA2", CallStatus: "completed", CallDuration: "9" };
  await service.post("/call-status", child);
  assertEquals(await billed(service), [3, 1.25]);
  await hangUp(service, "CA1");
  assertStringIncludes(await ring(service, "CA2"), "<Stream");
  assertEquals(await billed(service), [3, 1.25]);
});
