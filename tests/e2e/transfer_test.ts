import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { field } from "../support/field.ts";
import { CALL_SID, connect, type ServiceCall } from "../support/service_call.ts";
import { tokenIn } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";

const ASSISTANTS = {
  destinations: {
    sales: { number: "+15550100", about: "Orders & prices", ringSeconds: 15 },
    boss: { number: "+15550199" },
  },
  assistants: {
    reception: {
      greeting: "",
      tools: ["end_call", "transfer_call"],
      transferTo: ["sales"],
      keypad: { menu: { 0: "sales" } },
    },
  },
};

/** Posts a webhook of the call; returns the TwiML. */
async function post(
  { service }: ServiceCall,
  path: string,
  form: Record<string, string> = {},
): Promise<string> {
  return await service.post(path, { CallSid: CALL_SID, ...form });
}

/** Transfers the caller; returns the TwiML that dials the destination. */
async function transfer(line: ServiceCall): Promise<string> {
  line.session.callFunction("r1", "transfer_call", { speechMs: 300, args: { destination: "sales" } });
  await line.session.functionOutput();
  line.stream.mark(await line.stream.markAfter(300));
  assertEquals(await line.stream.end(), { code: 1000, reason: "" });
  return await post(line, "/after-stream");
}

Deno.test("transfer_call dials the destination after its announcement was heard", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  const twiml = await transfer(line);
  assertStringIncludes(
    twiml,
    `<Dial action="${line.service.url}/after-transfer" method="POST" timeout="15" timeLimit="1800">`,
  );
  assertMatch(
    twiml,
    /<Number statusCallback="[^"]*\/call-status" statusCallbackEvent="answered"[^>]*>\+15550100</,
  );
  assertEquals(line.service.events("call ended"), [], "the call waits for the transfer's result");
  assertEquals(line.session.closed, false);
});

Deno.test("Transfer ends the call when the destination answers", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  await transfer(line);
  await post(line, "/call-status", { CallSid: "CA2", ParentCallSid: CALL_SID, CallStatus: "in-progress" });
  assertEquals((await line.service.logged("call ended")).end_reason, "transferred");
  await line.session.untilClosed();
  assertStringIncludes(
    await post(line, "/after-transfer", { DialCallStatus: "completed" }),
    "<Response><Hangup/></Response>",
  );
});

Deno.test("Caller returns to the same session with the reason when the transfer fails", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  const { service, session, model } = line;
  await transfer(line);
  const twiml = await post(line, "/after-transfer", {
    DialCallStatus: "no-answer",
    CallStatus: "in-progress",
  });
  const token = tokenIn(twiml);
  await using back = new StreamClient(service.streamUrl);
  await back.start(CALL_SID, { token, from: "+15551230000" });
  const request = await session.waitFor("response.create");
  assertMatch(String(field(request, "response", "instructions")), /"sales", but nobody answered/);
  session.respond("r2", { sorry: 400 });
  await back.markAfter(400);
  back.media(0);
  await session.waitFor("input_audio_buffer.append");
  assertEquals([model.sessions.length, service.events("stream started").length], [1, 2]);
  back.stop();
  assertEquals((await service.logged("call ended")).end_reason, "caller hung up");
});

Deno.test("Session lost during a transfer is replaced and knows the transfer failed", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  const { service, session, model } = line;
  await transfer(line);
  session.socket.close();
  await service.logged("model failed");
  assertEquals(service.events("call ended"), []);
  const twiml = await post(line, "/after-transfer", { DialCallStatus: "busy" });
  const token = tokenIn(twiml);
  await using back = new StreamClient(service.streamUrl);
  await back.start(CALL_SID, { token, from: "+15551230000" });
  const next = await model.session(1);
  await next.configure();
  assertMatch(
    String(field(await next.waitFor("response.create"), "response", "instructions")),
    /the line was busy/,
  );
});

Deno.test("Call ends as hung up when the caller hangs up during a transfer", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  await transfer(line);
  await post(line, "/after-transfer", { DialCallStatus: "canceled", CallStatus: "completed" });
  assertEquals((await line.service.logged("call ended")).end_reason, "caller hung up");
  await line.session.untilClosed();
});

Deno.test("transfer_call refuses destinations that are not configured", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  const attempts = [
    { destination: "+19005551234" },
    { destination: "boss" },
    { destination: "__proto__" },
    {},
  ];
  for (const [i, args] of attempts.entries()) {
    line.session.callFunction(`r${i}`, "transfer_call", { args });
    assertMatch(
      String((await line.session.functionOutput(i + 1)).error),
      /The arguments are invalid: destination/,
    );
  }
  assertStringIncludes(await post(line, "/after-stream"), "<Hangup/>");
});

Deno.test("Keypad menu transfers at once without the model", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  line.stream.press("0");
  assertEquals(await line.stream.end(), { code: 1000, reason: "" });
  assertStringIncludes(await post(line, "/after-stream"), ">+15550100</Number>");
});

Deno.test("Transfer callbacks for unknown calls change nothing", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  const hangup = "<Response><Hangup/></Response>";
  assertStringIncludes(
    await post(line, "/after-transfer", { CallSid: "CA9", DialCallStatus: "busy" }),
    hangup,
  );
  assertStringIncludes(await post(line, "/after-transfer", { DialCallStatus: "busy" }), hangup);
  await post(line, "/call-status", { CallSid: "CA2", ParentCallSid: CALL_SID, CallStatus: "in-progress" });
  assertEquals(line.service.events("call ended"), []);
});

Deno.test("Caller who hangs up before the transfer is dialled ends the call at once", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  line.session.callFunction("r1", "transfer_call", { speechMs: 300, args: { destination: "sales" } });
  await line.session.functionOutput();
  line.stream.mark(await line.stream.markAfter(300));
  await line.stream.end();
  const twiml = await post(line, "/after-stream", { CallStatus: "completed" });
  assertStringIncludes(twiml, "<Response><Hangup/></Response>");
  assertEquals((await line.service.logged("call ended")).end_reason, "caller hung up");
  await line.session.untilClosed();
});
