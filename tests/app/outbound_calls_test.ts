import { assertEquals, assertMatch } from "@std/assert";
import type { ServiceConfig } from "../../src/app/service_config.ts";
import { OutboundCalls, type OutboundCallsOptions } from "../../src/app/outbound_calls.ts";
import { Admission } from "../../src/calls/admission.ts";
import { placeCall, placementKeys } from "../../src/http/admin/api/post_calls.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { emptyCounts } from "../support/empty_counts.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { freePort } from "../support/free_port.ts";
import { poll } from "../support/wait_until.ts";
import { configOf } from "../support/service.ts";
import { ACCOUNT_SID, AUTH_TOKEN, NUMBER, TwilioApi } from "../support/twilio_api.ts";

const ANN = "+15551230000";
const BOB = "+15554560000";
const ASSISTANTS = {
  default: "plain",
  assistants: { plain: {}, reminder: { voicemail: { leave: "Call back." } } },
};

function setUp(
  api: Pick<TwilioApi, "url">,
  env: Record<string, string> = {},
  changes: Partial<ServiceConfig> = {},
  options: Partial<OutboundCallsOptions> = {},
) {
  const config = configOf({
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    TWILIO_PHONE_NUMBER: NUMBER,
    TWILIO_API_URL: api.url,
    PUBLIC_URL: "https://phone.example.com",
    ...env,
  }, ASSISTANTS);
  const { assistants, default: byDefault } = config.assistants;
  // 2026-01-01, 01:00 in Berlin.
  const clock = new FakeClock();
  const outbound = new OutboundCalls({
    isOverBudget: () => false,
    answerPrice: () => 0,
    admission: new Admission({ denied: [], maxPerNumberDay: 2 }, emptyCounts(clock)),
    config: { ...config, ...changes },
    assistant: (name) => name === undefined ? byDefault : assistants.find((each) => each.name === name),
    clock,
    log: createLog({ level: "error", format: "json", write() {} }),
    ...options,
  });
  const place = async (to: string, assistant?: string) => {
    const request = new Request("http://localhost/calls", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ to, assistant }),
    });
    const response = await placeCall(request, {
      outbound,
      keys: placementKeys(clock),
      clock,
      onRefused() {},
    });
    return { status: response.status, retry: response.headers.get("retry-after"), ...await response.json() };
  };
  return { outbound, place, clock };
}

Deno.test("OutboundCalls names every setting that placing calls needs, the credentials included", async () => {
  await using api = new TwilioApi();
  const credentials = "TWILIO_AUTH_TOKEN (or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET)";
  const detailWithout = async (...names: (keyof ServiceConfig)[]) => {
    const { outbound } = setUp(api, {}, Object.fromEntries(names.map((name) => [name, undefined])));
    const result = await outbound.place({ to: ANN });
    return "detail" in result ? result.detail : undefined;
  };
  assertEquals(await detailWithout("TWILIO_AUTH_TOKEN"), `Placing calls needs ${credentials}; set them`);
  assertEquals(
    await detailWithout("PUBLIC_URL", "TWILIO_AUTH_TOKEN"),
    `Placing calls needs PUBLIC_URL, ${credentials}; set them`,
  );
});

Deno.test("OutboundCalls refuses numbers on the do-not-call list and calls outside calling hours", async () => {
  await using api = new TwilioApi();
  const listed = setUp(api, {}, { doNotCall: new Set([ANN]) });
  const { status, detail } = await listed.place(ANN);
  assertEquals(status, 409);
  assertMatch(detail, /do.not.call/i);
  assertEquals((await setUp(api, { CALLING_HOURS: "09:00-18:00 Europe/Berlin" }).place(BOB)).status, 409);
  assertEquals(api.requests, []);
  assertEquals((await listed.place(BOB)).status, 201);
});

Deno.test("OutboundCalls limits the calls to one number in 24 hours", async () => {
  await using api = new TwilioApi();
  const { place, clock } = setUp(api, { OUTBOUND_CALLS_PER_SECOND: "100" });
  for (const expected of [201, 201, 429]) {
    assertEquals((await place(ANN)).status, expected);
    clock.advance(1_000);
  }
  assertEquals((await place(BOB)).status, 201);
  clock.advance(86_400_000);
  assertEquals((await place(ANN)).status, 201);
});

Deno.test("OutboundCalls counts calls that are being placed, and unconfirmed ones, for the limit of a number", async () => {
  await using api = new TwilioApi();
  const { place, clock } = setUp(api, { OUTBOUND_CALLS_PER_SECOND: "100" });
  const placed = [place(ANN), place(ANN), place(ANN)];
  // The second call waits for the rate limit.
  await poll("two calls to be placed", () => {
    clock.advance(10);
    return api.requests.length === 2;
  });
  assertEquals((await Promise.all(placed)).map(({ status }) => status).sort(), [201, 201, 429]);
  api.override = () => Response.json({ message: "oops", status: 500 }, { status: 500 });
  const unconfirmed = [];
  for (let i = 0; i < 3; i++) {
    unconfirmed.push((await place(BOB)).status);
    clock.advance(1_000);
  }
  assertEquals(unconfirmed, [504, 504, 429]);
  api.override = () => Response.json({ message: "no", status: 400 }, { status: 400 });
  for (let i = 0; i < 3; i++) {
    assertEquals((await place("+15557890000")).status, 422, "certainly not placed");
    clock.advance(1_000);
  }
});

Deno.test("OutboundCalls refuses calls that the day's budget cannot pay when those that ring are answered", async () => {
  await using api = new TwilioApi();
  const { outbound, place, clock } = setUp(api, { OUTBOUND_CALLS_PER_SECOND: "100" }, {}, {
    answerPrice: () => 1,
    isOverBudget: (_party, _limits, nextUsd) => nextUsd >= 2.5,
  });
  const first = await outbound.place({ to: ANN });
  clock.advance(1_000);
  assertEquals((await place(BOB)).status, 201);
  clock.advance(1_000);
  assertEquals((await place("+15557890000")).status, 429);
  if (!("callSid" in first)) throw new Error("not placed");
  await outbound.dialer.takeRequest(first.callSid);
  clock.advance(1_000);
  assertEquals((await place("+15557890000")).status, 201, "an answered call is billed already");
});

Deno.test("OutboundCalls refuses calls beyond MAX_OUTBOUND_CALLS and while draining", async () => {
  await using api = new TwilioApi();
  const { outbound, place } = setUp(api, { MAX_OUTBOUND_CALLS: "1" });
  assertEquals((await place(ANN)).status, 201);
  const { status, retry } = await place(BOB);
  assertEquals([status, retry], [429, "5"]);
  outbound.dialer.drain();
  assertEquals((await place(BOB)).status, 503);
  assertEquals(api.requests.length, 1);
});

Deno.test("OutboundCalls requests machine detection only for assistants with voicemail", async () => {
  for (const [assistant, asyncAmd] of [["plain", undefined], ["reminder", "true"]] as const) {
    await using api = new TwilioApi();
    await setUp(api).place(ANN, assistant);
    assertEquals(Object.fromEntries(api.requests[0]?.form ?? []).AsyncAmd, asyncAmd);
  }
});

Deno.test("OutboundCalls places calls no faster than OUTBOUND_CALLS_PER_SECOND", async () => {
  await using api = new TwilioApi();
  const { outbound, place, clock } = setUp(api, { OUTBOUND_CALLS_PER_SECOND: "2" });
  await place(ANN);
  const second = outbound.place({ to: BOB });
  for (let i = 0; i < 10; i++) await Promise.resolve();
  const timers = clock.pending;
  clock.advance(499);
  assertEquals(
    [clock.pending, api.requests.length],
    [timers, 1],
    "the second call still waits for its timer",
  );
  clock.advance(1);
  assertEquals(["callSid" in await second, api.requests.length], [true, 2]);
});

Deno.test("OutboundCalls reports an unconfirmed call when Twilio fails", async () => {
  await using api = new TwilioApi();
  const { place } = setUp(api);
  api.override = () => Response.json({ message: "oops", status: 500 }, { status: 500 });
  assertEquals((await place(ANN)).status, 504);
});

Deno.test("OutboundCalls reports a call that was not placed when Twilio cannot be reached", async () => {
  const { place } = setUp({ url: `http://127.0.0.1:${freePort()}` });
  const { status, detail } = await place(ANN);
  assertEquals(status, 502);
  assertMatch(detail, /Cannot reach Twilio/);
});
