import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkModel, checkShutdown } from "../../src/check/model.ts";
import { systemClock } from "../../src/clock.ts";
import type { JsonObject } from "../../src/json.ts";
import { gaDialect } from "../../src/model/ga/ga_session.ts";
import { startRehearsalModel } from "../../src/simulator/model/server.ts";
import { ScriptedModel, type ScriptedSession } from "../support/scripted_model.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { configOf } from "../support/service.ts";
import { freePort, network } from "./stand_in.ts";

const KEY = "sk-of-the-tests";
const openSession = gaDialect(systemClock);

function config(url: string, env: Record<string, string> = {}) {
  return configOf({ OPENAI_API_KEY: KEY, OPENAI_REALTIME_URL: url, ...env });
}

Deno.test("without a key the stand-in is named", async () => {
  const [finding, ...others] = await checkModel(configOf(), openSession);
  assertEquals([finding?.level, others], ["warning", []]);
  assertStringIncludes(finding?.found ?? "", "the embedded stand-in answers");
});

Deno.test("a session is opened, configured as for a call, and closed", async () => {
  for (const format of ["pcmu", "pcm16"]) {
    await using model = new ScriptedModel();
    const checked = checkModel(config(model.url, { AUDIO_FORMAT: format }), openSession);
    const session = await model.session();
    assertEquals(session.headers.get("authorization"), `Bearer ${KEY}`);
    await session.configure();
    assertEquals((await checked).map(({ level, line, found }) => [level, line, found]), [
      ["ok", "model", "gpt-realtime-2.1 accepted the key and the session"],
      ["ok", "audio format", `${format} confirmed both ways`],
    ]);
    await session.end();
    assertEquals(session.of("response.create"), [], "not a word is paid for");
  }
});

Deno.test("the rehearsal's model passes", async () => {
  const model = startRehearsalModel();
  assertEquals((await checkModel(config(model.url), openSession)).map(({ level }) => level), ["ok", "ok"]);
  await model.close();
});

/** What the check says of a model that behaves so. */
async function told(behave: (session: ScriptedSession) => unknown) {
  await using model = new ScriptedModel();
  const checked = checkModel(config(model.url), openSession);
  await behave(await model.session());
  return (await checked).map(({ level, line, found, remedy }) => `${level} ${line}: ${found} -> ${remedy}`);
}

Deno.test("each refusal of the model gets its remedy", async () => {
  for (
    const [code, remedy] of [
      ["invalid_api_key", "check OPENAI_API_KEY"],
      ["insufficient_quota", "add credit at OpenAI"],
      ["billing_hard_limit_reached", "add credit at OpenAI"],
      ["account_deactivated", "ask OpenAI why"],
      ["model_not_found", "check OPENAI_MODEL"],
      ["invalid_model", "check OPENAI_MODEL"],
      ["beta_api_shape_disabled", "check OPENAI_REALTIME_URL"],
    ]
  ) {
    const error = { type: "invalid_request_error", code, message: "No." };
    const [line, ...others] = await told((session) => session.send({ type: "error", error }));
    assertStringIncludes(line ?? "", `failed model: ${code}: No.`);
    assertStringIncludes(line ?? "", `-> ${remedy}`);
    assertEquals(others, []);
  }
});

Deno.test("a configuration that is refused names the setting", async () => {
  const [line] = await told(async (session) => {
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
  assertStringIncludes(line ?? "", "invalid_value: Invalid voice -> check the setting it speaks of");
});

Deno.test("a model that speaks another format was let in, and is of no use", async () => {
  const other = (session: JsonObject) => ({
    ...session,
    audio: {
      input: { format: { type: "audio/pcm", rate: 24_000 } },
      output: { format: { type: "audio/pcm" } },
    },
  });
  const [model, format] = await told((session) => session.configure(other));
  assertStringIncludes(model ?? "", "ok model");
  assertStringIncludes(format ?? "", "failed audio format: The model was asked for");
  assertStringIncludes(format ?? "", "set AUDIO_FORMAT=pcm16");
});

Deno.test("a server that refuses the dialling, or is not there, is told", async () => {
  await using model = new ScriptedModel();
  model.refuse = 401;
  const refused = await checkModel(config(model.url), openSession);
  assertStringIncludes(refused[0]?.found ?? "", "the server answered 401; check the credentials");
  const gone = await checkModel(config(`ws://127.0.0.1:${freePort()}/v1/realtime`), openSession);
  assertStringIncludes(`${gone[0]?.found} -> ${gone[0]?.remedy}`, "refused");
  assertStringIncludes(gone[0]?.remedy ?? "", "check OPENAI_REALTIME_URL, DNS and the firewall");
});

Deno.test("a model that never confirms is given up", async () => {
  await using model = new ScriptedModel();
  const clock = new FakeClock();
  const checked = checkModel(config(model.url), gaDialect(clock));
  await model.session();
  clock.advance(10_000);
  const [finding] = await checked;
  assertStringIncludes(finding?.found ?? "", "not_ready: ");
  assertStringIncludes(finding?.remedy ?? "", "try again");
});

/** The date a list of models says, and what the check makes of it. */
async function end(answer: () => Response, clock = new FakeClock()) {
  const asked: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    asked.push(`${new URL(request.url).pathname} ${request.headers.get("authorization")}`);
    return answer();
  });
  const url = `ws://127.0.0.1:${server.addr.port}/v1/realtime`;
  const finding = await checkShutdown(config(url, { OPENAI_MODEL: "a/b" }), { ...network, clock });
  assertEquals([asked, clock.pending], [[`/v1/models/a%2Fb Bearer ${KEY}`], 0]);
  return finding;
}

Deno.test("the day a model is shut down is warned of, as soon as it is known", async () => {
  const on = (shutdown_date: unknown) => () => Response.json({ id: "a/b", object: "model", shutdown_date });
  // The clock stands at the first second of 2026.
  const soon = await end(on("2026-01-20"));
  assertEquals([soon.level, soon.found], ["warning", "a/b will be shut down on 2026-01-20; days left: 19"]);
  assertStringIncludes(soon.remedy ?? "", "set OPENAI_MODEL to a newer model");
  const past = await end(on("2025-12-31"));
  assertEquals([past.level, past.found], ["warning", "a/b was to be shut down on 2025-12-31"]);
  assertEquals(await end(on(null)).then(({ level, found }) => [level, found]), [
    "ok",
    "no shutdown announced",
  ]);
});

Deno.test("a vendor that does not say leaves it unknown", async () => {
  for (
    const answer of [
      () => new Response(null, { status: 404 }),
      () => Response.json({ id: "a/b" }),
      () => Response.json({ shutdown_date: "soon\u001b" }),
      () => new Response("welcome"),
    ]
  ) {
    const { level, found } = await end(answer);
    assertEquals(level, "ok");
    assertStringIncludes(found, "not known: http://127.0.0.1:");
  }
  const gone = await checkShutdown(config(`ws://127.0.0.1:${freePort()}/v1/realtime`), network);
  assertEquals(gone.level, "warning");
  assertStringIncludes(gone.found, "refused");
  assertEquals((await checkShutdown(configOf(), network)).found, "not checked: there is no OPENAI_API_KEY");
});
