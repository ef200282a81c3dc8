import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CallingHours } from "../../src/dialer/calling_hours.ts";
import { Dialer, type DialerOptions } from "../../src/dialer/dialer.ts";
import type { CallStatus } from "../../src/twilio/call_status.ts";
import type { NewCall } from "../../src/twilio/new_call.ts";
import { TwilioError, TwilioRest } from "../../src/twilio/rest.ts";
import { Bell } from "../support/bell.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { ACCOUNT_SID, AUTH_TOKEN, NUMBER, TwilioApi, twilioError } from "../support/twilio_api.ts";

const ANN = "+15551230000";
const BOB = "+15551230001";
const TERMS = { detectMachine: false };

/** A dialer whose Twilio answers at once, or when a test says so. */
function setUp(options: Partial<DialerOptions> = {}) {
  const clock = new FakeClock();
  const bell = new Bell();
  const created: { readonly call: NewCall; readonly at: number }[] = [];
  const dialer = new Dialer({
    createCall(call) {
      created.push({ call, at: clock.now() });
      bell.ring();
      return Promise.resolve(`CA${created.length}`);
    },
    from: NUMBER,
    publicUrl: "https://phone.example.com",
    ringSeconds: 30,
    perSecond: 1,
    maxCalls: 10,
    doNotCall: new Set<string>(),
    clock,
    ...options,
  });
  const report = (callSid: string, sequence: number, status: CallStatus, seconds?: number) =>
    dialer.report({ callSid, sequence, status, seconds });
  /** Ends a call at once. */
  const end = (callSid: string) =>
    dialer.report({ callSid, sequence: undefined, status: "completed", seconds: 1 });
  return { clock, created, dialer, report, end, bell };
}

Deno.test("a call is placed with Twilio, and its request is there for the webhook, once", async () => {
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
  assertEquals(await dialer.take("CA-of-a-stranger"), undefined);
  assertEquals(await dialer.take(placed.callSid), request);
  assertEquals(await dialer.take(placed.callSid), undefined);
  dialer.close();
});

Deno.test("follows a call to its end, and can be asked afterwards", async () => {
  const { dialer, report, clock } = setUp();
  await dialer.place({ to: ANN }, TERMS);
  assertEquals(dialer.placed("CA1"), { callSid: "CA1", to: ANN, status: "queued" });
  await report("CA1", 1, "ringing");
  await report("CA1", 0, "initiated");
  assertEquals(dialer.placed("CA1")?.status, "ringing");
  await report("CA1", 2, "in-progress");
  await dialer.answeredBy("CA1", "human");
  await report("CA1", 3, "completed", 34);
  const ended = { callSid: "CA1", to: ANN, status: "completed", answeredBy: "human", seconds: 34 } as const;
  assertEquals([dialer.placed("CA1"), dialer.count, clock.pending], [ended, 0, 0]);
  await report("CA1", 4, "ringing");
  await dialer.answeredBy("CA1", "fax");
  assertEquals(dialer.placed("CA1"), ended);
  assertEquals(dialer.placed("CA2"), undefined);
});

Deno.test("refuses what may not be called, and asks Twilio nothing", async () => {
  const hours = new CallingHours({ from: "09:00", to: "18:00", timeZone: "UTC" });
  const { dialer, created, clock } = setUp({ doNotCall: new Set([BOB]), hours });
  const refused = async (to: string) => {
    const answer = await dialer.place({ to }, TERMS);
    assert("refused" in answer);
    assertStringIncludes(answer.detail, answer.refused === "do not call" ? BOB : "");
    return answer.refused;
  };
  // The clock begins at midnight.
  assertEquals(await refused(ANN), "outside hours");
  for (const none of ["5551230000", "sip:ann@example.com", "client:ann", `${ANN}\n`, ""]) {
    assertEquals(await refused(none), "not a number");
  }
  assertEquals(await refused(BOB), "do not call");
  assertEquals(created.length, 0);
  clock.advance(10 * 3_600_000);
  assertEquals(await dialer.place({ to: ANN }, TERMS), { callSid: "CA1" });
  dialer.close();
});

Deno.test("calls begin a second after one another, in the order they were asked for", async () => {
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
  assertEquals(created[3]?.at, clock.now(), "after a pause nothing is waited for");
  dialer.close();
});

Deno.test("a call that waits, rings or is answered holds a place; one that failed or ended does not", async () => {
  const { dialer, clock, end } = setUp({ maxCalls: 2 });
  const [first, second] = [dialer.place({ to: ANN }, TERMS), dialer.place({ to: BOB }, TERMS)];
  const full = {
    refused: "full",
    detail: "There are 2 placed calls already; wait until one has ended",
  } as const;
  assertEquals([await dialer.place({ to: ANN }, TERMS), dialer.count], [full, 2]);
  clock.advance(1_000);
  await Promise.all([first, second]);
  assertEquals([await dialer.place({ to: ANN }, TERMS), dialer.count], [full, 2]);
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
  assertEquals([failing.dialer.count, failing.clock.pending], [0, 0]);
});

Deno.test("a request is forgotten when the call can no longer be answered; the call is not", async () => {
  for (const [ms, taken] of [[59_999, { to: ANN }], [60_000, undefined]] as const) {
    const { dialer, clock } = setUp();
    await dialer.place({ to: ANN }, TERMS);
    clock.advance(ms);
    assertEquals([await dialer.take("CA1"), dialer.count], [taken, 1]);
    dialer.close();
    assertEquals(clock.pending, 0);
  }
});

Deno.test("a call whose end is never reported holds its place no longer than it can last", async () => {
  for (const [maxSeconds, seconds] of [[600, 60 + 660], [undefined, 60 + 4 * 3_600]] as const) {
    const { dialer, clock } = setUp();
    await dialer.place({ to: ANN }, { ...TERMS, maxSeconds });
    clock.advance(seconds * 1_000 - 1);
    assertEquals(dialer.count, 1);
    clock.advance(1);
    assertEquals([dialer.count, clock.pending, dialer.placed("CA1")], [0, 0, undefined]);
  }
});

Deno.test("what Twilio says of a call before it has told us the CallSid is not lost", async () => {
  const answer = Promise.withResolvers<string>();
  const { dialer, clock } = setUp({ createCall: () => answer.promise });
  const placed = dialer.place({ to: ANN }, TERMS);
  const taken = dialer.take("CA9");
  const reported = dialer.report({ callSid: "CA9", sequence: 0, status: "initiated", seconds: undefined });
  const verdict = dialer.answeredBy("CA9", "human");
  answer.resolve("CA9");
  assertEquals([await placed, await taken], [{ callSid: "CA9" }, { to: ANN }]);
  await Promise.all([reported, verdict]);
  assertEquals(dialer.placed("CA9"), { callSid: "CA9", to: ANN, status: "initiated", answeredBy: "human" });
  dialer.close();
  assertEquals(clock.pending, 0);
});

Deno.test("a webhook of another call is not held up by a request that fails", async () => {
  const answer = Promise.withResolvers<string>();
  const { dialer } = setUp({ createCall: () => answer.promise });
  const placed = dialer.place({ to: ANN }, TERMS);
  const taken = dialer.take("CA-of-another-process");
  answer.reject(new TwilioError("no", 400, 21214));
  await assertRejects(() => placed, TwilioError);
  assertEquals(await taken, undefined);
});

Deno.test("while draining no call is placed, not even one that waits", async () => {
  const { dialer, created, clock } = setUp();
  await dialer.place({ to: ANN }, TERMS);
  const waiting = dialer.place({ to: BOB }, TERMS);
  dialer.drain();
  clock.advance(1_000);
  const refusals = [await waiting, await dialer.place({ to: BOB }, TERMS)];
  assertEquals(refusals.map((each) => "refused" in each && each.refused), ["draining", "draining"]);
  assertEquals([created.length, dialer.count], [1, 1], "the one that rings may be answered");
  assertEquals(await dialer.take("CA1"), { to: ANN });
  dialer.close();
});

Deno.test("closed, it waits for nothing more", async () => {
  const { dialer, clock, report } = setUp();
  await dialer.place({ to: ANN }, TERMS);
  await report("CA1", 2, "in-progress");
  dialer.close();
  assertEquals([clock.pending, dialer.count, dialer.placed("CA1")], [0, 0, undefined]);
});

Deno.test("a thousand ended calls are remembered, no more", async () => {
  const { dialer, clock, end } = setUp({ perSecond: 1_000 });
  for (let n = 1; n <= 1_001; n++) {
    await dialer.place({ to: ANN }, TERMS);
    await end(`CA${n}`);
    clock.advance(1);
  }
  assertEquals([dialer.placed("CA1"), dialer.placed("CA2")?.status, clock.pending], [
    undefined,
    "completed",
    0,
  ]);
});

Deno.test("Twilio's refusal reaches who asked, with its remedy", async () => {
  await using api = new TwilioApi();
  api.instead = () => twilioError(400, 21215, "Geo");
  const clock = new FakeClock();
  const rest = new TwilioRest({ apiUrl: api.url, accountSid: ACCOUNT_SID, authToken: AUTH_TOKEN, clock });
  const { dialer } = setUp({ createCall: (call) => rest.createCall(call) });
  await assertRejects(() => dialer.place({ to: ANN }, TERMS), TwilioError, "Geo permissions");
  assertEquals(dialer.count, 0);
});
