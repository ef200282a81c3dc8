import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkFallbacks, checkModel, checkShutdown } from "../../src/check/model_checks.ts";
import { systemClock } from "../../src/clock.ts";
import type { JsonObject } from "../../src/json.ts";
import { gaDialect } from "../../src/model/ga/ga_session.ts";
import { startSimulatedModel } from "../../src/simulator/model/model_server.ts";
import { ScriptedModel, type ScriptedSession } from "../support/scripted_model.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { configOf } from "../support/service.ts";
import { freePort } from "../support/free_port.ts";
import { network } from "./stub_service.ts";

const KEY = "sk-of-the-tests";
const openSession = gaDialect(systemClock);

function config(url: string, env: Record<string, string> = {}) {
  return configOf({ OPENAI_API_KEY: KEY, OPENAI_REALTIME_URL: url, ...env });
}

Deno.test("checkModel() warns without a key that the stand-in model answers", async () => {
  const [finding, ...rest] = await checkModel(configOf(), openSession);
  assertEquals([finding?.level, rest], ["warning", []]);
  assertStringIncludes(finding?.message ?? "", "the built-in stand-in model answers");
});

Deno.test("checkModel() opens, configures and closes a session", async () => {
  for (const format of ["pcmu", "pcm16"]) {
    await using model = new ScriptedModel();
    const checked = checkModel(config(model.url, { AUDIO_FORMAT: format }), openSession);
    const session = await model.session();
    assertEquals(session.headers.get("authorization"), `Bearer ${KEY}`);
    await session.configure();
    assertEquals((await checked).map(({ level, check: line, message }) => [level, line, message]), [
      ["ok", "model", "gpt-realtime-2.1 accepted the key and the session"],
      ["ok", "audio format", `${format} confirmed in both directions`],
    ]);
    await session.untilClosed();
    assertEquals(session.receivedOf("response.create"), [], "no response is billed");
  }
});

Deno.test("checkModel() accepts the simulator's model", async () => {
  const model = startSimulatedModel();
  assertEquals((await checkModel(config(model.url), openSession)).map(({ level }) => level), ["ok", "ok"]);
  await model.close();
});

/** Findings for a model with a scripted behavior. */
async function findings(behave: (session: ScriptedSession) => unknown) {
  await using model = new ScriptedModel();
  const checked = checkModel(config(model.url), openSession);
  await behave(await model.session());
  return (await checked).map(({ level, check: line, message, remedy }) =>
    `${level} ${line}: ${message} -> ${remedy}`
  );
}

Deno.test("checkModel() gives a remedy for each error code", async () => {
  for (
    const [code, remedy] of [
      ["invalid_api_key", "check OPENAI_API_KEY"],
      ["insufficient_quota", "add credit to your OpenAI account"],
      ["billing_hard_limit_reached", "add credit to your OpenAI account"],
      ["account_deactivated", "contact OpenAI"],
      ["model_not_found", "check OPENAI_MODEL"],
      ["invalid_model", "check OPENAI_MODEL"],
      ["beta_api_shape_disabled", "check OPENAI_REALTIME_URL"],
    ]
  ) {
    const error = { type: "invalid_request_error", code, message: "No." };
    const [line, ...rest] = await findings((session) => session.send({ type: "error", error }));
    assertStringIncludes(line ?? "", `failed model: ${code}: No.`);
    assertStringIncludes(line ?? "", `-> ${remedy}`);
    assertEquals(rest, []);
  }
});

Deno.test("checkModel() reports a refused configuration", async () => {
  const [line] = await findings(async (session) => {
    session.send({ type: "session.created", session: { id: "s", expires_at: 1 } });
    const { event_id } = await session.waitFor("session.update");
    const error = {
      type: "invalid_request_error",
      code: "invalid_value",
      message: "Invalid voice",
      event_id,
    };
    session.send({ type: "error", error });
  });
  assertStringIncludes(line ?? "", "invalid_value: Invalid voice -> check the setting named in the message");
});

Deno.test("checkModel() fails for a session with another audio format", async () => {
  const other = (session: JsonObject) => ({
    ...session,
    audio: {
      input: { format: { type: "audio/pcm", rate: 24_000 } },
      output: { format: { type: "audio/pcm" } },
    },
  });
  const [model, format] = await findings((session) => session.configure(other));
  assertStringIncludes(model ?? "", "ok model");
  assertStringIncludes(format ?? "", "failed audio format: The model confirmed");
  assertStringIncludes(format ?? "", "set AUDIO_FORMAT=pcm16");
});

Deno.test("checkModel() reports a refused and a failed connection", async () => {
  await using model = new ScriptedModel();
  model.refuseStatus = 401;
  const refused = await checkModel(config(model.url), openSession);
  assertStringIncludes(refused[0]?.message ?? "", "the server answered 401; check the credentials");
  assertEquals(refused[0]?.remedy, "check OPENAI_API_KEY");
  const unreachable = await checkModel(config(`ws://127.0.0.1:${freePort()}/v1/realtime`), openSession);
  assertStringIncludes(`${unreachable[0]?.message} -> ${unreachable[0]?.remedy}`, "refused");
  assertStringIncludes(unreachable[0]?.remedy ?? "", "check OPENAI_REALTIME_URL, DNS and the firewall");
});

Deno.test("checkModel() gives up after 10 s without confirmation", async () => {
  await using model = new ScriptedModel();
  const clock = new FakeClock();
  const checked = checkModel(config(model.url), gaDialect(clock));
  await model.session();
  clock.advance(10_000);
  const [finding] = await checked;
  assertStringIncludes(finding?.message ?? "", "not_ready: ");
  assertStringIncludes(finding?.remedy ?? "", "try again");
});

Deno.test("checkFallbacks() opens a session at each server, names it and never shows its key", async () => {
  await using good = new ScriptedModel();
  await using bad = new ScriptedModel();
  bad.refuseStatus = 401;
  const settings = {
    MODEL_FALLBACKS: JSON.stringify([
      { name: "second", url: good.url, apiKey: "sk-second-4711", model: "m2", voice: "v2" },
      { url: bad.url, apiKey: "sk-third-4711" },
    ]),
  };
  const checked = checkFallbacks(configOf(settings), openSession);
  const session = await good.session();
  assertEquals(session.headers.get("authorization"), "Bearer sk-second-4711");
  await session.configure();
  const [second, third] = await Promise.all(checked);
  assertEquals([second?.level, second?.check, second?.message], [
    "ok",
    "fallback second",
    "m2 accepted the session in pcmu",
  ]);
  assertEquals([third?.level, third?.check], ["failed", `fallback ${new URL(bad.url).host}`]);
  assertStringIncludes(third?.remedy ?? "", "check apiKey of entry 2 in MODEL_FALLBACKS");
  assertEquals(JSON.stringify([second, third]).includes("4711"), false);
});

/** The finding for a response of the models endpoint. */
async function shutdownFinding(respond: () => Response, clock = new FakeClock()) {
  const requests: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    requests.push(`${new URL(request.url).pathname} ${request.headers.get("authorization")}`);
    return respond();
  });
  const url = `ws://127.0.0.1:${server.addr.port}/v1/realtime`;
  const finding = await checkShutdown(config(url, { OPENAI_MODEL: "a/b" }), { ...network, clock });
  assertEquals([requests, clock.pending], [[`/v1/models/a%2Fb Bearer ${KEY}`], 0]);
  return finding;
}

Deno.test("checkShutdown() warns of a shutdown date", async () => {
  const modelWith = (shutdown_date: unknown) => () =>
    Response.json({ id: "a/b", object: "model", shutdown_date });
  // The fake clock starts at the beginning of 2026.
  const soon = await shutdownFinding(modelWith("2026-01-20"));
  assertEquals([soon.level, soon.message], ["warning", "a/b will be shut down on 2026-01-20; days left: 19"]);
  assertStringIncludes(soon.remedy ?? "", "set OPENAI_MODEL to a newer model");
  const past = await shutdownFinding(modelWith("2025-12-31"));
  assertEquals([past.level, past.message], ["warning", "a/b was scheduled for shutdown on 2025-12-31"]);
  assertEquals(await shutdownFinding(modelWith(null)).then(({ level, message }) => [level, message]), [
    "ok",
    "no shutdown announced",
  ]);
});

Deno.test("checkShutdown() passes if the provider gives no date", async () => {
  for (
    const respond of [
      () => new Response(null, { status: 404 }),
      () => Response.json({ id: "a/b" }),
      () => Response.json({ shutdown_date: "soon\u001b" }),
      () => new Response("welcome"),
    ]
  ) {
    const { level, message } = await shutdownFinding(respond);
    assertEquals(level, "ok");
    assertStringIncludes(message, "not known: http://127.0.0.1:");
  }
  const unreachable = await checkShutdown(config(`ws://127.0.0.1:${freePort()}/v1/realtime`), network);
  assertEquals(unreachable.level, "warning");
  assertStringIncludes(unreachable.message, "refused");
  assertEquals((await checkShutdown(configOf(), network)).message, "not checked: OPENAI_API_KEY is not set");
});
