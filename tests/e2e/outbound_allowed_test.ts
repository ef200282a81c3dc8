import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { connect } from "../support/service_call.ts";
import { configOf, TestService } from "../support/service.ts";
import { ACCOUNT_SID, KEY_SECRET, KEY_SID, NUMBER, TwilioApi } from "../support/twilio_api.ts";

function env(api: TwilioApi, more: Record<string, string> = {}): Record<string, string> {
  return {
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_API_KEY_SID: KEY_SID,
    TWILIO_API_KEY_SECRET: KEY_SECRET,
    TWILIO_API_URL: api.url,
    TWILIO_PHONE_NUMBER: NUMBER,
    PUBLIC_URL: "https://phone.example.com",
    OUTBOUND_CALLS_PER_SECOND: "100",
    ...more,
  };
}

Deno.test("POST /calls calls numbers of OUTBOUND_ALLOWED, by default the country of TWILIO_PHONE_NUMBER", async () => {
  await using api = new TwilioApi();
  const cases: [allowed: string | undefined, to: string, status: number][] = [
    [undefined, "+14155550123", 201],
    [undefined, "+881612345678", 409],
    [undefined, "+4917012345", 409],
    ["+49*, +1415*", "+14155550123", 201],
    ["+49*, +1415*", "+19005550123", 409],
    ["+4930111", "+4930111", 201],
    ["+4930111", "+49301112", 409],
    ["*", "+881612345678", 201],
  ];
  for (const [allowed, to, status] of cases) {
    const more: Record<string, string> = allowed ? { OUTBOUND_ALLOWED: allowed } : {};
    await using service = new TestService(env(api, { OPENAI_REALTIME_URL: "ws://127.0.0.1:9", ...more }));
    const response = await fetch(`${service.url}/calls`, { method: "POST", body: JSON.stringify({ to }) });
    const { detail = "" } = await response.json();
    assertEquals(response.status, status, `${to} with ${allowed}`);
    // Every call has a limit, also one of an assistant without callSeconds.
    if (status === 201) assertEquals(Object.fromEntries(api.requests.at(-1)?.form ?? []).TimeLimit, "3600");
    if (status === 409) assertStringIncludes(detail, "OUTBOUND_ALLOWED");
  }
});

Deno.test("Operator transfers callers to configured destinations and numbers of OUTBOUND_ALLOWED only", async () => {
  await using api = new TwilioApi();
  const assistants = { destinations: { london: { number: "+442079460000" } }, assistants: { desk: {} } };
  await using line = await connect(env(api), undefined, assistants);
  const [{ callSid }] = (await (await fetch(`${line.service.url}/api/calls`)).json()).calls;
  const transfer = async (to: string) => {
    const url = `${line.service.url}/api/calls/${callSid}/transfer`;
    const response = await fetch(url, { method: "POST", body: JSON.stringify({ to }) });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await transfer("+442079460001"), 422);
  assertEquals(await transfer("+88161234567"), 422);
  assertEquals(await transfer("+14155550123"), 204);
});

Deno.test("Configuration refuses destinations and OVERFLOW outside OUTBOUND_ALLOWED", () => {
  const assistants = { destinations: { london: { number: "+442079460000" } }, assistants: { desk: {} } };
  const problems = (env: Record<string, string>) => assertThrows(() => configOf(env, assistants)).message;
  assertStringIncludes(
    problems({ OUTBOUND_ALLOWED: "+49*" }),
    "destinations.london.number: +442079460000 is not in OUTBOUND_ALLOWED",
  );
  assertStringIncludes(
    problems({ OUTBOUND_ALLOWED: "+44*", OVERFLOW: "+15551230000" }),
    "OVERFLOW: +15551230000 is not in OUTBOUND_ALLOWED",
  );
  configOf({ OUTBOUND_ALLOWED: "+44*" }, assistants);
  // By default, the operator's own file is the list.
  configOf({ TWILIO_PHONE_NUMBER: "+493012345678" }, assistants);
});
