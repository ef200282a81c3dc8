import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { answerWithCall, CALL, connect, field, type Line, markAfter, outputOf } from "../support/line.ts";
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

/** What Twilio is told when it asks. */
async function post({ service }: Line, path: string, form: Record<string, string> = {}): Promise<string> {
  const body = new URLSearchParams({ CallSid: CALL, From: "+15551230000", To: "+15559870000", ...form });
  return await (await fetch(service.url + path, { method: "POST", body })).text();
}

/** The caller has been told, and is on the way. */
async function passOn(line: Line): Promise<string> {
  answerWithCall(line, "r1", "transfer_call", { speech: 300, args: { destination: "sales" } });
  await outputOf(line);
  line.stream.mark(await markAfter(line.stream, 300));
  assertEquals(await line.stream.end(), { code: 1000, reason: "" });
  return await post(line, "/after-stream");
}

Deno.test("transfer_call: the announcement is heard, then the destination is dialled", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  const twiml = await passOn(line);
  assertStringIncludes(
    twiml,
    `<Dial action="${line.service.url}/after-transfer" method="POST" timeout="15">`,
  );
  assertMatch(
    twiml,
    /<Number statusCallback="[^"]*\/call-status" statusCallbackEvent="answered"[^>]*>\+15550100</,
  );
  assertEquals(line.service.events("call ended"), [], "the conversation waits");
  assertEquals(line.session.closed, false);
});

Deno.test("a destination that answers has the call: the session is closed, and the end is a hang-up", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  await passOn(line);
  await post(line, "/call-status", { CallSid: "CA2", ParentCallSid: CALL, CallStatus: "in-progress" });
  assertEquals((await line.service.logged("call ended")).reason, "transferred");
  await line.session.end();
  assertStringIncludes(
    await post(line, "/after-transfer", { DialCallStatus: "completed" }),
    "<Response><Hangup/></Response>",
  );
});

Deno.test("a caller whom nobody answers comes back to the same conversation, and the assistant knows why", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  const { service, session, model } = line;
  await passOn(line);
  const twiml = await post(line, "/after-transfer", {
    DialCallStatus: "no-answer",
    CallStatus: "in-progress",
  });
  const token = /name="token" value="([^"]+)"/.exec(twiml)?.[1] ?? "";
  await using back = new StreamClient(service.streamUrl);
  await back.start(CALL, { token, from: "+15551230000" });
  const asked = await session.waitFor("response.create");
  assertMatch(String(field(asked, "response", "instructions")), /"sales", but nobody answered/);
  session.respond("r2", { sorry: 400 });
  await markAfter(back, 400);
  back.media(0);
  await session.waitFor("input_audio_buffer.append");
  assertEquals([model.sessions.length, service.events("stream started").length], [1, 2]);
  back.stop();
  assertEquals((await service.logged("call ended")).reason, "caller hung up");
});

Deno.test("a session that died during a transfer is replaced by one that knows what happened", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  const { service, session, model } = line;
  await passOn(line);
  session.socket.close();
  await service.logged("model failed");
  assertEquals(service.events("call ended"), []);
  const twiml = await post(line, "/after-transfer", { DialCallStatus: "busy" });
  const token = /name="token" value="([^"]+)"/.exec(twiml)?.[1] ?? "";
  await using back = new StreamClient(service.streamUrl);
  await back.start(CALL, { token, from: "+15551230000" });
  const next = await model.session(1);
  await next.configure();
  assertMatch(
    String(field(await next.waitFor("response.create"), "response", "instructions")),
    /the line was busy/,
  );
});

Deno.test("a caller who hangs up while it rings has ended the call", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  await passOn(line);
  await post(line, "/after-transfer", { DialCallStatus: "canceled", CallStatus: "completed" });
  assertEquals((await line.service.logged("call ended")).reason, "caller hung up");
  await line.session.end();
});

Deno.test("only configured destinations are dialled, whatever the model asks for", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  const asked = [{ destination: "+19005551234" }, { destination: "boss" }, { destination: "__proto__" }, {}];
  for (const [i, args] of asked.entries()) {
    answerWithCall(line, `r${i}`, "transfer_call", { args });
    assertMatch(String((await outputOf(line, i + 1)).error), /The arguments do not fit: destination/);
  }
  assertStringIncludes(await post(line, "/after-stream"), "<Hangup/>");
});

Deno.test("a key of the menu passes the caller on at once, without the model", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  line.stream.send({
    event: "dtmf",
    streamSid: line.stream.streamSid,
    sequenceNumber: "5",
    dtmf: { track: "inbound_track", digit: "0" },
  });
  assertEquals(await line.stream.end(), { code: 1000, reason: "" });
  assertStringIncludes(await post(line, "/after-stream"), ">+15550100</Number>");
});

Deno.test("what Twilio says of transfers of calls nobody knows changes nothing", async () => {
  await using line = await connect({}, undefined, ASSISTANTS);
  const hangup = "<Response><Hangup/></Response>";
  assertStringIncludes(
    await post(line, "/after-transfer", { CallSid: "CA9", DialCallStatus: "busy" }),
    hangup,
  );
  assertStringIncludes(await post(line, "/after-transfer", { DialCallStatus: "busy" }), hangup);
  await post(line, "/call-status", { CallSid: "CA2", ParentCallSid: CALL, CallStatus: "in-progress" });
  assertEquals(line.service.events("call ended"), []);
});
