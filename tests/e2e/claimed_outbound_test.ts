import { assertEquals, assertStringIncludes } from "@std/assert";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";

const HANGUP = "<Response><Hangup/></Response>";

Deno.test("Webhook that only claims that Parley placed the call is not connected", async () => {
  await using model = new ScriptedModel();
  const env = {
    OPENAI_API_KEY: "sk-test",
    OPENAI_REALTIME_URL: model.url,
    MAX_CALLS: "1",
    DENIED_CALLERS: "+1555*",
  };
  await using service = new TestService(env);
  const claim = (callSid: string, form = {}) =>
    service.post("/incoming-call", { CallSid: callSid, Direction: "outbound-api", ...form });
  for (const callSid of ["CA1", "CA2", "CA3"]) assertStringIncludes(await claim(callSid), HANGUP);
  assertStringIncludes(await claim("CA4", { From: "client:console", Direction: "outbound-dial" }), HANGUP);
  const menu = { CallSid: "CA5", Direction: "outbound-api", Digits: "1" };
  assertStringIncludes(await service.post("/language-chosen", menu), HANGUP);
  assertEquals([service.events("call announced"), model.sessions.length], [[], 0]);
  assertEquals((await service.logged("call refused")).reason, "unknown outbound call");
});
