import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FakeClock } from "../support/fake_clock.ts";
import { CALL_SID, connect, type ServiceCall } from "../support/service_call.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";
import { StreamClient } from "../support/stream_client.ts";

const twimlFor = async (service: TestService, path: string) => {
  const xml = await (await fetch(`${service.url}${path}`)).text();
  return xml.slice(xml.indexOf("<Response>"));
};

/** Advances the clock until a promise settles: a drain polls every 20 ms. */
async function advanceUntil<Result>(clock: FakeClock, event: Promise<Result>): Promise<Result> {
  let over = false;
  event.finally(() => over = true).catch(() => {});
  while (!over) {
    clock.advance(20);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return await event;
}

/** Starts a drain; wrapped in an object, since an async function would await the promise. */
function startDrain(line: ServiceCall): { drained: Promise<number> } {
  return { drained: line.service.server.drain() };
}

Deno.test("Drain ends at once without calls", async () => {
  await using model = new ScriptedModel();
  await using service = new TestService({ OPENAI_REALTIME_URL: model.url });
  assertEquals(await service.server.drain(), 0);
});

Deno.test("Draining service is not ready and passes new calls to OVERFLOW", async (t) => {
  const cases: [overflow: string, verbs: string][] = [
    ["say", "<Say>We are sorry. All our lines are busy at the moment."],
    ["busy", '<Response><Reject reason="busy"/></Response>'],
    ["+15557770000", ">+15557770000</Number></Dial></Response>"],
    [
      "https://other.example.com/calls?a=1&b=2",
      '<Redirect method="POST">https://other.example.com/calls?a=1&amp;b=2<',
    ],
  ];
  for (const [overflow, verbs] of cases) {
    await t.step(overflow, async () => {
      await using line = await connect({ OVERFLOW: overflow });
      assertEquals(
        (await fetch(`${line.service.url}/readyz`).then((response) => response.json())).status,
        "ready",
      );
      const { drained } = startDrain(line);
      const ready = await fetch(`${line.service.url}/readyz`);
      assertEquals([ready.status, await ready.json()], [503, { status: "draining" }]);
      const { calls } = await (await fetch(`${line.service.url}/api/calls`)).json();
      assertEquals(calls.length, 1);
      assertStringIncludes(
        await twimlFor(line.service, "/incoming-call?CallSid=CA2&From=%2B15551110000"),
        verbs,
      );
      assertEquals((await line.service.logged("call refused")).reason, "draining");
      line.stream.stop();
      assertEquals(await drained, 0);
    });
  }
});

Deno.test("Calls announced or in progress before a drain continue", async () => {
  await using line = await connect();
  const token = await line.service.announce("CA2");
  const { drained } = startDrain(line);
  await using late = new StreamClient(line.service.streamUrl);
  await late.start("CA2", { token });
  await line.service.logged("stream started", 2);
  line.session.respond("r1", { a: 40 });
  await line.stream.waitFor("media");
  line.stream.stop();
  await line.service.logged("call ended");
  late.stop();
  assertEquals(await drained, 0);
});

Deno.test("Drain that times out waits for the goodbye and for Twilio's last webhook", async () => {
  const clock = new FakeClock();
  await using line = await connect({ DRAIN_SECONDS: "5" }, clock);
  const { drained } = startDrain(line);
  await advanceUntil(clock, line.session.waitFor("response.create"));
  line.session.respond("r1", { bye: 100 });
  line.stream.mark(await advanceUntil(clock, line.stream.markAfter(100)));
  await line.stream.end();
  assertEquals((await line.service.logged("call ended")).end_reason, "drained");
  assertEquals(
    await twimlFor(line.service, `/after-stream?CallSid=${CALL_SID}`),
    "<Response><Hangup/></Response>",
  );
  assertEquals(await advanceUntil(clock, drained), 0);
});

Deno.test("Drain counts a call without a heard goodbye as cut, and Twilio apologises", async () => {
  const clock = new FakeClock();
  await using line = await connect({ DRAIN_SECONDS: "0" }, clock);
  const { drained } = startDrain(line);
  await advanceUntil(clock, line.session.waitFor("response.create"));
  line.session.respond("r1", {});
  await line.stream.end();
  assertStringIncludes(
    await twimlFor(line.service, `/after-stream?CallSid=${CALL_SID}`),
    "<Say>We are sorry.",
  );
  assertEquals(await advanceUntil(clock, drained), 1);
});

Deno.test("Stop during a drain cuts the remaining calls at once", async () => {
  await using line = await connect();
  const { drained } = startDrain(line);
  await line.service.logged("draining");
  assertEquals(await line.service.server.stop(), 1);
  assertEquals(await drained, 1);
  assertEquals((await line.service.logged("call ended")).end_reason, "shutdown");
  await line.stream.end();
});

Deno.test("Drain completes 100 calls in progress", async () => {
  await using model = new ScriptedModel();
  await using service = new TestService({
    OPENAI_REALTIME_URL: model.url,
    OPENAI_API_KEY: "sk-test",
    GREETING: "",
  });
  const calls = [];
  // One after the other: handshakes at the same time would wait for each other (MAX_UNSIGNED_STREAMS_PER_ADDRESS).
  for (let i = 0; i < 100; i++) {
    const token = await service.announce(`CA${i}`);
    const stream = new StreamClient(service.streamUrl);
    await stream.start(`CA${i}`, { token });
    const session = await model.session(i);
    await session.configure();
    await service.logged("session ready", i + 1);
    calls.push({ stream, session });
  }
  const drained = service.server.drain();
  // Each caller hears one more response to its end and hangs up.
  calls.forEach(({ session }, i) => session.respond(`r${i}`, { [`a${i}`]: 60 }));
  await Promise.all(calls.map(async ({ stream }) => {
    stream.mark(await stream.markAfter(60));
    stream.stop();
  }));
  assertEquals(await drained, 0);
  const ended = service.events("call ended");
  assertEquals(ended.length, 100);
  assert(ended.every(({ end_reason }) => end_reason === "caller hung up"));
  await Promise.all(calls.map(({ stream }) => stream[Symbol.asyncDispose]()));
});
