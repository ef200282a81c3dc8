import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CALL_SID, connect, type ServiceCall } from "../../support/service_call.ts";
import { TestService } from "../../support/service.ts";

const HANGUP = "<Response><Hangup/></Response>";
const SALES = {
  destinations: { sales: { number: "+15550100" } },
  assistants: { reception: { greeting: "", keypad: { menu: { 0: "sales" } } } },
};

async function post(
  { service }: Pick<ServiceCall, "service">,
  path: string,
  form: Record<string, string> = {},
): Promise<string> {
  const body = new URLSearchParams({ CallSid: CALL_SID, From: "+15551230000", To: "+15559870000", ...form });
  return await (await fetch(service.url + path, { method: "POST", body })).text();
}

/** A call whose caller is being transferred. */
async function transfer(): Promise<ServiceCall> {
  const line = await connect({}, undefined, SALES);
  const { stream } = line;
  const dtmf = { track: "inbound_track", digit: "0" };
  stream.send({ event: "dtmf", streamSid: stream.streamSid, sequenceNumber: "5", dtmf });
  await stream.end();
  return line;
}

Deno.test("/call-status ends a call that completes during a transfer", async () => {
  await using line = await transfer();
  await post(line, "/call-status", { CallStatus: "completed" });
  assertEquals((await line.service.logged("call ended")).end_reason, "caller hung up");
  await line.session.untilClosed();
});

Deno.test("/after-transfer reports a completed transfer without an earlier status callback", async () => {
  await using line = await transfer();
  const form = { DialCallStatus: "completed", CallStatus: "in-progress" };
  assertStringIncludes(await post(line, "/after-transfer", form), HANGUP);
  assertEquals((await line.service.logged("call ended")).end_reason, "transferred");
  await line.session.untilClosed();
});

Deno.test("/call-status of a destination that rings or hangs up does not end the call", async () => {
  await using line = await transfer();
  for (const CallStatus of ["initiated", "ringing", "completed", "no-answer"]) {
    await post(line, "/call-status", { CallSid: "CA2", ParentCallSid: CALL_SID, CallStatus });
  }
  assertEquals(line.service.events("call ended"), []);
  assertStringIncludes(await post(line, "/after-stream"), ">+15550100</Number>");
});

Deno.test("/incoming-call beyond MAX_CALLS follows OVERFLOW", async () => {
  const cases: [string, RegExp][] = [
    ["say", /<Say[^>]*>[^<]*lines are busy[^<]*<\/Say><Hangup\/>/],
    ["busy", /<Reject reason="busy"\/>/],
    ["+15550123", /<Dial timeLimit="1800"><Number [^>]*>\+15550123</],
    ["https://other.example.com/voice", /<Redirect[^>]*>https:\/\/other\.example\.com\/voice</],
  ];
  for (const [OVERFLOW, expected] of cases) {
    await using service = new TestService({
      OPENAI_REALTIME_URL: "ws://127.0.0.1:9",
      MAX_CALLS: "1",
      OVERFLOW,
    });
    await post({ service }, "/incoming-call");
    assertMatch(await post({ service }, "/incoming-call", { CallSid: "CA2" }), expected);
  }
});
