import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { CALL, connect, type Line } from "../../support/line.ts";
import { TestService } from "../../support/service.ts";

const HANGUP = "<Response><Hangup/></Response>";
const SALES = {
  destinations: { sales: { number: "+15550100" } },
  assistants: { reception: { greeting: "", keypad: { menu: { 0: "sales" } } } },
};

async function post(
  { service }: Pick<Line, "service">,
  path: string,
  form: Record<string, string> = {},
): Promise<string> {
  const body = new URLSearchParams({ CallSid: CALL, From: "+15551230000", To: "+15559870000", ...form });
  return await (await fetch(service.url + path, { method: "POST", body })).text();
}

/** A call whose caller is being passed on. */
async function passOn(): Promise<Line> {
  const line = await connect({}, undefined, SALES);
  const { stream } = line;
  const dtmf = { track: "inbound_track", digit: "0" };
  stream.send({ event: "dtmf", streamSid: stream.streamSid, sequenceNumber: "5", dtmf });
  await stream.end();
  return line;
}

Deno.test("a call that is over while it is passed on is over here as well", async () => {
  await using line = await passOn();
  await post(line, "/call-status", { CallStatus: "completed" });
  assertEquals((await line.service.logged("call ended")).reason, "caller hung up");
  await line.session.end();
});

Deno.test("a transfer that was talked in has been taken, whether or not Twilio said so before", async () => {
  await using line = await passOn();
  const form = { DialCallStatus: "completed", CallStatus: "in-progress" };
  assertStringIncludes(await post(line, "/after-transfer", form), HANGUP);
  assertEquals((await line.service.logged("call ended")).reason, "transferred");
  await line.session.end();
});

Deno.test("a destination that rings or is gone has not taken the call", async () => {
  await using line = await passOn();
  for (const CallStatus of ["initiated", "ringing", "completed", "no-answer"]) {
    await post(line, "/call-status", { CallSid: "CA2", ParentCallSid: CALL, CallStatus });
  }
  assertEquals(line.service.events("call ended"), []);
  assertStringIncludes(await post(line, "/after-stream"), ">+15550100</Number>");
});

Deno.test("one call too many goes where the owner wants it", async () => {
  const cases: [string, RegExp][] = [
    ["say", /<Say[^>]*>[^<]*lines are busy[^<]*<\/Say><Hangup\/>/],
    ["busy", /<Reject reason="busy"\/>/],
    ["+15550123", /<Dial[^>]*>(<Number>)?\+15550123</],
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
