import { assertEquals, assertStringIncludes } from "@std/assert";
import { FakeClock } from "../support/fake_clock.ts";
import type { JsonObject } from "../../src/json.ts";
import { field } from "../support/field.ts";
import { ScriptedModel } from "../support/scripted_model.ts";
import { TestService } from "../support/service.ts";
import { CALL_SID, connect } from "../support/service_call.ts";
import { StreamClient } from "../support/stream_client.ts";

/** Advances the clock in steps, between which the model answers the pings of its socket in real time. */
async function advance(service: TestService, clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 5_000) {
    clock.advance(Math.min(left, 5_000));
    await (await fetch(`${service.url}/healthz`)).body?.cancel();
  }
}

/** 300 characters, which Twilio speaks in about 20 s. */
const LONG = "This call may be recorded. ".repeat(12).slice(0, 299) + ".";

Deno.test("Stream that starts after a welcome and a consent of 300 characters each gets the prepared session", async () => {
  const clock = new FakeClock();
  await using model = new ScriptedModel();
  await using service = new TestService(
    {
      OPENAI_API_KEY: "sk-test",
      OPENAI_REALTIME_URL: model.url,
      WELCOME_MESSAGE: LONG,
      DATA_DIR: await Deno.makeTempDir(),
    },
    clock,
    { assistants: { a: { greeting: "Say hello.", recording: { consent: LONG } } } },
  );
  const token = await service.announce(CALL_SID);
  const session = await model.session();
  await session.configure();
  await service.logged("session ready");
  await advance(service, clock, 40_000);
  await using stream = new StreamClient(service.streamUrl);
  await stream.start(CALL_SID, { token, from: "+15551230000" });
  assertEquals((await service.logged("stream started")).prepared, true);
  assertEquals([model.sessions.length, session.closed, stream.closed], [1, false, undefined]);
});

Deno.test("Call whose stream never comes after a long welcome ends", async () => {
  const clock = new FakeClock();
  await using model = new ScriptedModel();
  await using service = new TestService(
    { OPENAI_API_KEY: "sk-test", OPENAI_REALTIME_URL: model.url, WELCOME_MESSAGE: LONG },
    clock,
  );
  await service.announce(CALL_SID);
  const session = await model.session();
  await session.configure();
  await service.logged("session ready");
  await advance(service, clock, 60_000);
  assertEquals((await service.logged("call ended")).end_reason, "never connected");
});

Deno.test("Model speaks on its own after a silence only while the caller is on the line", async () => {
  const assistants = {
    destinations: { sales: { number: "+15550100" } },
    assistants: {
      a: {
        greeting: "",
        transferTo: ["sales"],
        keypad: { menu: { 0: "sales" } },
        noiseReduction: "far_field",
        turnDetection: { type: "server_vad", idleTimeoutMs: 5_000 },
      },
    },
  };
  await using line = await connect({}, undefined, assistants);
  const { session, stream, service } = line;
  const [prepared] = session.receivedOf("session.update");
  const idle = (update?: JsonObject) =>
    field(update, "session", "audio", "input", "turn_detection", "idle_timeout_ms");
  assertEquals(idle(prepared), undefined);
  const attached = await session.waitFor("session.update", 2);
  assertEquals(idle(attached), 5_000);
  // Nothing else of the input is reset.
  const input = field(prepared, "session", "audio", "input") as Record<string, unknown>;
  const detection = input.turn_detection as Record<string, unknown>;
  assertEquals(field(attached, "session", "audio", "input"), {
    ...input,
    turn_detection: { ...detection, idle_timeout_ms: 5_000 },
  });
  stream.press("0");
  await stream.end();
  assertStringIncludes(await service.post("/after-stream", { CallSid: CALL_SID }), "<Dial");
  assertEquals(idle(await session.waitFor("session.update", 3)), null);
});
