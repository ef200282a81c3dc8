import { assertEquals, assertMatch } from "@std/assert";
import type { Config } from "../../../src/config/config.ts";
import { Outbound } from "../../../src/http/twilio/outbound.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { configOf } from "../../support/service.ts";
import { ACCOUNT_SID, AUTH_TOKEN, NUMBER, TwilioApi } from "../../support/twilio_api.ts";

const ANN = "+15551230000";
const BOB = "+15554560000";
const ASSISTANTS = {
  default: "plain",
  assistants: { plain: {}, reminder: { voicemail: { leave: "Call back." } } },
};

function setUp(api: TwilioApi, env: Record<string, string> = {}, changes: Partial<Config> = {}) {
  const config = configOf({
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    TWILIO_PHONE_NUMBER: NUMBER,
    TWILIO_API_URL: api.url,
    PUBLIC_URL: "https://phone.example.com",
    ...env,
  }, ASSISTANTS);
  const { assistants, default: byDefault } = config.assistants;
  // 2026-01-01, one o'clock in the morning in Berlin.
  const clock = new FakeClock();
  const outbound = new Outbound({
    overLimit: () => false,
    config: { ...config, ...changes },
    assistant: (name) => name === undefined ? byDefault : assistants.find((each) => each.name === name),
    clock,
    log: createLog({ level: "error", format: "json", write() {} }),
  });
  const place = async (to: string, assistant?: string) => {
    const response = await outbound.place(JSON.stringify({ to, assistant }));
    return { status: response.status, retry: response.headers.get("retry-after"), ...await response.json() };
  };
  return { outbound, place, clock };
}

Deno.test("who must not be called, or not now, is not called", async () => {
  await using api = new TwilioApi();
  const listed = setUp(api, {}, { doNotCall: new Set([ANN]) });
  const { status, detail } = await listed.place(ANN);
  assertEquals(status, 409);
  assertMatch(detail, /do.not.call/i);
  assertEquals((await setUp(api, { CALLING_HOURS: "09:00-18:00 Europe/Berlin" }).place(BOB)).status, 409);
  assertEquals(api.requests, []);
  assertEquals((await listed.place(BOB)).status, 201);
});

Deno.test("no more calls are placed at once than configured, and none once the service is about to stop", async () => {
  await using api = new TwilioApi();
  const { outbound, place } = setUp(api, { MAX_OUTBOUND_CALLS: "1" });
  assertEquals((await place(ANN)).status, 201);
  const { status, retry } = await place(BOB);
  assertEquals([status, retry], [429, "5"]);
  outbound.drain();
  assertEquals((await place(BOB)).status, 503);
  assertEquals(api.requests.length, 1);
});

Deno.test("Twilio is asked to listen for a machine only where something is to be left", async () => {
  for (const [assistant, listens] of [["plain", undefined], ["reminder", "true"]] as const) {
    await using api = new TwilioApi();
    await setUp(api).place(ANN, assistant);
    assertEquals(Object.fromEntries(api.requests[0]?.form ?? []).AsyncAmd, listens);
  }
});

Deno.test("calls are placed no faster than configured", async () => {
  await using api = new TwilioApi();
  const { place, clock } = setUp(api, { OUTBOUND_CALLS_PER_SECOND: "2" });
  await place(ANN);
  const second = place(BOB);
  clock.advance(499);
  // Time enough for a request that should not be there.
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(api.requests.length, 1);
  clock.advance(1);
  assertEquals([(await second).status, api.requests.length], [201, 2]);
});

Deno.test("where Twilio failed, who asked is told that the call may have been placed", async () => {
  await using api = new TwilioApi();
  const { place } = setUp(api);
  api.instead = () => Response.json({ message: "oops", status: 500 }, { status: 500 });
  assertEquals((await place(ANN)).status, 504);
});
