import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { dailyHours } from "../../src/weekly_hours.ts";
import { Dialer, type DialerOptions } from "../../src/dialer/dialer.ts";
import type { CallStatus } from "../../src/twilio/call_status.ts";
import type { NewCall } from "../../src/twilio/new_call.ts";
import { TwilioError, TwilioRest } from "../../src/twilio/rest.ts";
import { ChangeSignal } from "../support/wait_until.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { ACCOUNT_SID, AUTH_TOKEN, NUMBER, TwilioApi, twilioError } from "../support/twilio_api.ts";

const ANN = "+15551230000";
const BOB = "+15551230001";
const TERMS = { detectMachine: false };

/** A dialer on a fake clock; `createCall` responds at once unless overridden. */
function setUp(options: Partial<DialerOptions> = {}) {
  const clock = new FakeClock();
  const changes = new ChangeSignal();
  const created: { readonly call: NewCall; readonly at: number }[] = [];
  const dialer = new Dialer({
    createCall(call) {
      created.push({ call, at: clock.now() });
      changes.notify();
      return Promise.resolve(`CA${created.length}`);
    },
    hangUp: () => Promise.resolve(),
    from: NUMBER,
    publicUrl: "https://phone.example.com",
    ringSeconds: 30,
    callsPerSecond: 1,
    maxCalls: 10,
    doNotCall: new Set<string>(),
    clock,
    ...options,
  });
  const report = (callSid: string, sequence: number, status: CallStatus, seconds?: number) =>
    dialer.reportStatus({ callSid, sequence, status, seconds });
  const end = (callSid: string) =>
    dialer.reportStatus({ callSid, sequence: undefined, status: "completed", seconds: 1 });
  return { clock, created, dialer, report, end, changes };
}

Deno.test("Dialer places a call and hands its request to the webhook", async () => {
  await using api = new TwilioApi();
  const clock = new FakeClock();
  const rest = new TwilioRest({ apiUrl: api.url, accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN, clock });
  const { dialer } = setUp({ createCall: (call) => rest.createCall(call) });
  const request = { to: ANN, assistant: "sales", objective: "Confirm Friday", variables: { name: "Ann" } };
  const placed = await dialer.place(request, { detectMachine: true, maxSeconds: 900 });
  assert("callSid" in placed);
  assertEquals(Object.fromEntries(api.requests[0]?.form ?? []), {
    To: ANN,
    From: NUMBER,
    Url: "https://phone.example.com/incoming-call",
    Method: "POST",
    StatusCallback: "https://phone.example.com/call-status",
    StatusCallbackEvent: "completed",
    StatusCallbackMethod: "POST",
    Timeout: "30",
    TimeLimit: "960",
    MachineDetection: "DetectMessageEnd",
    AsyncAmd: "true",
    AsyncAmdStatusCallback: "https://phone.example.com/answered-by",
    AsyncAmdStatusCallbackMethod: "POST",
  });
  assertEquals(
    api.requests[0]?.form.filter(([name]) => name === "StatusCallbackEvent").map(([, value]) => value),
    ["initiated", "ringing", "answered", "completed"],
  );
  assertEquals(await dialer.takeRequest("CA-of-a-stranger"), undefined);
  assertEquals(await dialer.takeRequest(placed.callSid), request);
  assertEquals(await dialer.takeRequest(placed.callSid), request, "Twilio repeated its webhook");
  dialer.close();
});

Deno.test("Dialer tracks a call to its end and finds it afterwards", async () => {
  const { dialer, report, clock } = setUp();
  await dialer.place({ to: ANN }, TERMS);
  assertEquals(dialer.find("CA1"), { callSid: "CA1", to: ANN, status: "queued" });
  await report("CA1", 1, "ringing");
  await report("CA1", 0, "initiated");
  assertEquals(dialer.find("CA1")?.status, "ringing");
  await report("CA1", 2, "in-progress");
  await dialer.reportAnsweredBy("CA1", "human");
  await report("CA1", 3, "completed", 34);
  const ended = { callSid: "CA1", to: ANN, status: "completed", answeredBy: "human", seconds: 34 } as const;
  assertEquals([dialer.find("CA1"), dialer.activeCalls, clock.pending], [ended, 0, 0]);
  await report("CA1", 4, "ringing");
  await dialer.reportAnsweredBy("CA1", "fax");
  assertEquals(dialer.find("CA1"), ended);
  assertEquals(dialer.find("CA2"), undefined);
});

Deno.test("Dialer refuses forbidden calls without a request to Twilio", async () => {
  const hours = dailyHours("09:00", "18:00", "UTC");
  const { dialer, created, clock } = setUp({ doNotCall: new Set([BOB]), hours });
  const refused = async (to: string) => {
    const result = await dialer.place({ to }, TERMS);
    assert("refused" in result);
    assertStringIncludes(result.detail, result.refused === "do not call" ? BOB : "");
    return result.refused;
  };
  // The clock starts at midnight.
  assertEquals(await refused(ANN), "outside hours");
  for (const invalid of ["5551230000", "sip:ann@example.com", "client:ann", `${ANN}\n`, ""]) {
    assertEquals(await refused(invalid), "not a number");
  }
  assertEquals(await refused(BOB), "do not call");
  assertEquals(created.length, 0);
  clock.advance(10 * 3_600_000);
  assertEquals(await dialer.place({ to: ANN }, TERMS), { callSid: "CA1" });
  dialer.close();
});

Deno.test("Dialer starts calls 1 s apart, in order of request", async () => {
  const { dialer, created, clock } = setUp();
  const began = clock.now();
  const placed = [ANN, BOB, ANN].map((to) => dialer.place({ to }, TERMS));
  await placed[0];
  clock.advance(999);
  assertEquals(created.length, 1);
  clock.advance(1);
  await placed[1];
  clock.advance(1_000);
  await placed[2];
  assertEquals(created.map(({ call, at }) => [call.to, at - began]), [[ANN, 0], [BOB, 1_000], [ANN, 2_000]]);
  clock.advance(5_000);
  await dialer.place({ to: BOB }, TERMS);
  assertEquals(created[3]?.at, clock.now(), "no delay after a pause");
  dialer.close();
});

Deno.test("Dialer counts waiting, ringing and answered calls against its limit, but not failed and ended ones", async () => {
  const { dialer, clock, end } = setUp({ maxCalls: 2 });
  const [first, second] = [dialer.place({ to: ANN }, TERMS), dialer.place({ to: BOB }, TERMS)];
  const full = {
    refused: "full",
    detail: "2 outbound calls are in progress, the maximum; retry when one has ended",
  } as const;
  assertEquals([await dialer.place({ to: ANN }, TERMS), dialer.activeCalls], [full, 2]);
  clock.advance(1_000);
  await Promise.all([first, second]);
  assertEquals([await dialer.place({ to: ANN }, TERMS), dialer.activeCalls], [full, 2]);
  await end("CA1");
  clock.advance(1_000);
  assertEquals(await dialer.place({ to: ANN }, TERMS), { callSid: "CA3" });
  dialer.close();

  let refusals = 0;
  const failing = setUp({
    maxCalls: 1,
    createCall: () => Promise.reject(new TwilioError(`no ${++refusals}`, 400, 21214)),
  });
  for (const n of [1, 2]) {
    await assertRejects(() => failing.dialer.place({ to: ANN }, TERMS), TwilioError, `no ${n}`);
    failing.clock.advance(1_000);
  }
  assertEquals([failing.dialer.activeCalls, failing.clock.pending], [0, 0]);
});

Deno.test("Dialer drops a request, but not the call, when the webhook is overdue", async () => {
  for (const [ms, taken] of [[59_999, { to: ANN }], [60_000, undefined]] as const) {
    const { dialer, clock } = setUp();
    await dialer.place({ to: ANN }, TERMS);
    clock.advance(ms);
    assertEquals([await dialer.takeRequest("CA1"), dialer.activeCalls], [taken, 1]);
    dialer.close();
    assertEquals(clock.pending, 0);
  }
});

Deno.test("Dialer frees the slot of a call whose end was never reported", async () => {
  for (const [maxSeconds, seconds] of [[600, 60 + 660], [undefined, 60 + 3_600]] as const) {
    const { dialer, clock } = setUp();
    await dialer.place({ to: ANN }, { ...TERMS, maxSeconds });
    clock.advance(seconds * 1_000 - 1);
    assertEquals(dialer.activeCalls, 1);
    clock.advance(1);
    assertEquals([dialer.activeCalls, clock.pending, dialer.find("CA1")], [0, 0, undefined]);
  }
});

Deno.test("Dialer applies callbacks that arrive before Twilio's response with the CallSid", async () => {
  const response = Promise.withResolvers<string>();
  const { dialer, clock } = setUp({ createCall: () => response.promise });
  const placed = dialer.place({ to: ANN }, TERMS);
  const taken = dialer.takeRequest("CA9");
  const reported = dialer.reportStatus({
    callSid: "CA9",
    sequence: 0,
    status: "initiated",
    seconds: undefined,
  });
  const detection = dialer.reportAnsweredBy("CA9", "human");
  response.resolve("CA9");
  assertEquals([await placed, await taken], [{ callSid: "CA9" }, { to: ANN }]);
  await Promise.all([reported, detection]);
  assertEquals(dialer.find("CA9"), { callSid: "CA9", to: ANN, status: "initiated", answeredBy: "human" });
  dialer.close();
  assertEquals(clock.pending, 0);
});

Deno.test("Dialer answers a webhook of another call after a request has failed", async () => {
  const response = Promise.withResolvers<string>();
  const { dialer } = setUp({ createCall: () => response.promise });
  const placed = dialer.place({ to: ANN }, TERMS);
  const taken = dialer.takeRequest("CA-of-another-process");
  response.reject(new TwilioError("no", 400, 21214));
  await assertRejects(() => placed, TwilioError);
  assertEquals(await taken, undefined);
});

Deno.test("Dialer places no call while draining, not even a waiting one", async () => {
  const { dialer, created, clock } = setUp();
  await dialer.place({ to: ANN }, TERMS);
  const waiting = dialer.place({ to: BOB }, TERMS);
  dialer.drain();
  clock.advance(1_000);
  const refusals = [await waiting, await dialer.place({ to: BOB }, TERMS)];
  assertEquals(refusals.map((each) => "refused" in each && each.refused), ["draining", "draining"]);
  assertEquals([created.length, dialer.activeCalls], [1, 1], "the ringing call can still be answered");
  assertEquals(await dialer.takeRequest("CA1"), { to: ANN });
  dialer.close();
});

Deno.test("Dialer.cancelRinging() ends calls that ring and calls being placed, but none that was answered", async () => {
  const hungUp: string[] = [];
  const responses = [Promise.resolve("CA1"), Promise.resolve("CA2")];
  const late = Promise.withResolvers<string>();
  const { dialer } = setUp({
    callsPerSecond: Infinity,
    createCall: () => responses.shift() ?? late.promise,
    hangUp: (callSid) => Promise.resolve(void hungUp.push(callSid)),
  });
  for (const to of [ANN, BOB]) await dialer.place({ to }, TERMS);
  await dialer.takeRequest("CA2");
  const placing = dialer.place({ to: ANN }, TERMS);
  assertEquals(dialer.ringing, 2);
  const cancelled = dialer.cancelRinging();
  late.resolve("CA3");
  await Promise.all([placing, cancelled]);
  assertEquals([hungUp, dialer.ringing], [["CA1", "CA3"], 0]);
  dialer.close();
});

Deno.test("Dialer leaves no timer after close", async () => {
  const { dialer, clock, report } = setUp();
  await dialer.place({ to: ANN }, TERMS);
  await report("CA1", 2, "in-progress");
  dialer.close();
  assertEquals([clock.pending, dialer.activeCalls, dialer.find("CA1")], [0, 0, undefined]);
});

Deno.test("Dialer finds the last 1,000 ended calls", async () => {
  const { dialer, clock, end } = setUp({ callsPerSecond: 1_000 });
  for (let n = 1; n <= 1_001; n++) {
    await dialer.place({ to: ANN }, TERMS);
    await end(`CA${n}`);
    clock.advance(1);
  }
  assertEquals([dialer.find("CA1"), dialer.find("CA2")?.status, clock.pending], [
    undefined,
    "completed",
    0,
  ]);
});

Deno.test("Dialer passes Twilio's error on with its remedy", async () => {
  await using api = new TwilioApi();
  api.override = () => twilioError(400, 21215, "Geo");
  const clock = new FakeClock();
  const rest = new TwilioRest({ apiUrl: api.url, accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN, clock });
  const { dialer } = setUp({ createCall: (call) => rest.createCall(call) });
  await assertRejects(() => dialer.place({ to: ANN }, TERMS), TwilioError, "Geo permissions");
  assertEquals(dialer.activeCalls, 0);
});
