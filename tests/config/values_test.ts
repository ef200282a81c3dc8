import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { load, names, problems, PRODUCTION } from "./support.ts";

/** The warnings of development about this setting. */
function warningsOf(env: Record<string, string>, name: string): readonly string[] {
  return load(env).warnings.filter((warning) =>
    warning.startsWith(`${name}:`) && !warning.includes("not set")
  );
}

Deno.test("loadConfig() warns of a misspelled voice, and rejects it in production", () => {
  assertEquals(warningsOf({ OPENAI_VOICE: "maarin" }, "OPENAI_VOICE"), [
    'OPENAI_VOICE: found "maarin", which OpenAI does not list; did you mean marin?',
  ]);
  assertEquals(names(problems({ ...PRODUCTION, OPENAI_VOICE: "maarin" })), ["OPENAI_VOICE"]);
  // A new voice is possible.
  assertEquals(names(load({ ...PRODUCTION, OPENAI_VOICE: "quartzine" }).warnings), ["OPENAI_VOICE"]);
  for (const voice of ["marin", "cedar", "voice_1234"]) {
    assertEquals(warningsOf({ OPENAI_VOICE: voice }, "OPENAI_VOICE"), [], voice);
  }
});

Deno.test("loadConfig() warns of a model that does not speak, and rejects it in production", () => {
  for (
    const model of [
      "gpt-4o",
      "gpt-4o-realtime-preview",
      "gpt-4o-mini-realtime-preview-2024-12-17",
      "whisper-1",
    ]
  ) {
    assertEquals(warningsOf({ OPENAI_MODEL: model }, "OPENAI_MODEL").length, 1, model);
    assertEquals(names(problems({ ...PRODUCTION, OPENAI_MODEL: model })), ["OPENAI_MODEL"], model);
  }
  assertStringIncludes(
    load({ OPENAI_MODEL: "gpt-realtme-2.1" }).warnings.join(),
    "did you mean gpt-realtime-2.1?",
  );
  const retiring = load({ ...PRODUCTION, OPENAI_MODEL: "gpt-realtime" });
  assertStringIncludes(retiring.warnings.join(), "2027-01-20");
  assertEquals(warningsOf({ OPENAI_MODEL: "gpt-realtime-9" }, "OPENAI_MODEL").length, 1, "unknown");
});

Deno.test("loadConfig() does not check the models and voices of other servers", () => {
  const other = { OPENAI_REALTIME_URL: "wss://models.example.com/v1/realtime" };
  const warnings =
    load({ ...other, OPENAI_MODEL: "gpt-4o", OPENAI_VOICE: "maarin", OPENAI_API_KEY: "hello" }).warnings;
  assertEquals(names(warnings), ["TWILIO_AUTH_TOKEN", "PUBLIC_URL"]);
});

Deno.test("loadConfig() warns of malformed keys without showing them", () => {
  const { warnings } = load({ OPENAI_API_KEY: "hello", TWILIO_AUTH_TOKEN: "short" });
  assertEquals(names(warnings), ["PUBLIC_URL", "OPENAI_API_KEY", "TWILIO_AUTH_TOKEN"]);
  for (const value of ["hello", "short"]) assert(!warnings.join().includes(value), warnings.join());
  assertEquals(load(PRODUCTION).warnings, []);
});

Deno.test("loadConfig() warns of callers without a country code, and rejects them in production", () => {
  for (const name of ["ALLOWED_CALLERS", "DENIED_CALLERS"]) {
    assertEquals(warningsOf({ [name]: "+15551230000, 555, anonymous" }, name), [
      `${name}: found "555", which matches no caller; numbers start with + and the country code, such as +15551230000`,
    ]);
    assertEquals(names(problems({ ...PRODUCTION, [name]: "5551230000" })), [name]);
  }
});

// Source: https://fetch.spec.whatwg.org/#port-blocking
Deno.test("loadConfig() rejects ports that browsers do not connect to", () => {
  for (const port of ["5060", "5061", "6000", "6667", "10080"]) {
    const problemList = problems({ PORT: port });
    assertEquals(names(problemList), ["PORT"]);
    assertStringIncludes(problemList[0] ?? "", "browsers do not connect to this port; allowed: another one");
  }
});

Deno.test("loadConfig() reports a HOST that is neither an address nor a host name", () => {
  assertEquals(names(problems({ HOST: "not a host" })), ["HOST"]);
  for (const host of ["0.0.0.0", "::", "127.0.0.1", "localhost", "phone.internal"]) load({ HOST: host });
});

Deno.test("loadConfig() rejects an ADMIN_TOKEN that is easy to guess", () => {
  for (const token of ["aaaaaaaaaaaaaaaa", "abababababababababab", "1111111111222222"]) {
    assertEquals(names(problems({ ADMIN_TOKEN: token })), ["ADMIN_TOKEN"], token);
  }
  const [problem = ""] = problems({ ADMIN_TOKEN: "short" });
  assertEquals(problem.split("allowed:").length, 2, problem);
});

Deno.test("loadConfig() rejects a DATA_DIR that contains the program or its settings", () => {
  for (const folder of ["/", ".", "..", "/work", "/work/", "/work/data/.."]) {
    const problemList = problems({ DATA_DIR: folder });
    assertEquals(names(problemList), ["DATA_DIR"], folder);
  }
  assertEquals(
    names(problems({ DATA_DIR: "/srv", ASSISTANTS_FILE: "/srv/a.json" }, {
      "/srv/a.json": '{"assistants":{"a":{}}}',
    })),
    ["DATA_DIR"],
  );
  for (const folder of ["./data", "/var/lib/parley", "/work2", "/work/data"]) load({ DATA_DIR: folder });
});

Deno.test("loadConfig() always reports unknown names in Parley's own .env", () => {
  const env = [
    "VOICE=marin",
    "TEMPERATURE=0.8",
    "DOMAIN=x.example",
    "PHONE_NUMBER_FROM=+15551230000",
    "TWILIO_NUMBER=+1",
    "OPENAI_INSTRUCTIONS=x",
    "MODEL=x",
    "MAX_CALSS=3",
    "POSTGRES_HOST=db",
    "TOOL_KEY=x",
    "OPENAI_API_KEY_FILE=",
  ].join("\n");
  const warnings = load({}, { ".env": env }).warnings.filter((warning) =>
    warning.includes("unknown setting")
  );
  assertEquals(
    warnings.map((text) => text.replace("unknown setting", "")).toSorted(),
    [
      "DOMAIN: ; Parley's name for it is PUBLIC_URL",
      "MAX_CALSS: ; did you mean MAX_CALLS?",
      "MODEL: ; Parley's name for it is OPENAI_MODEL",
      "OPENAI_INSTRUCTIONS: ; Parley's name for it is SYSTEM_MESSAGE",
      "PHONE_NUMBER_FROM: ; Parley's name for it is TWILIO_PHONE_NUMBER",
      "POSTGRES_HOST: ; it has no effect, so remove it",
      "TEMPERATURE: ; the models have no temperature, so remove it",
      "TWILIO_NUMBER: ; Parley's name for it is TWILIO_PHONE_NUMBER",
      "VOICE: ; Parley's name for it is OPENAI_VOICE",
    ].toSorted(),
  );
  // A certain mistake is an error in production; a name that may belong to another program is a warning.
  assertEquals(names(problems(PRODUCTION, { ".env": "VOICE=marin" })), ["VOICE"]);
  assertEquals(names(load(PRODUCTION, { ".env": "POSTGRES_HOST=db" }).warnings), ["POSTGRES_HOST"]);
});

Deno.test("loadConfig() reports a missing WEBHOOK_SECRET together with the problems of the assistants file", () => {
  const file = JSON.stringify({
    afterCall: { url: "https://hooks.example.com/" },
    assistants: { a: { speed: 9 } },
  });
  const problemList = problems({ ASSISTANTS_FILE: "a.json", PORT: "x" }, { "a.json": file });
  assertEquals(names(problemList).map((name) => name.replace(/\d.*/, "")).toSorted(), [
    "PORT",
    "WEBHOOK_SECRET",
    "a.json",
  ]);
});

Deno.test("loadConfig() reports why a file cannot be read without Deno's error text", () => {
  const problemList = problems({
    OPENAI_API_KEY_FILE: "/etc/key",
    ASSISTANTS_FILE: "/etc/a.json",
    DO_NOT_CALL_FILE: "x",
  }, {
    "/etc/key": "forbidden",
    "/etc/a.json": "forbidden",
    x: "forbidden",
  });
  assertEquals(problemList.length, 3);
  for (const text of problemList) {
    assertStringIncludes(text, "this user may not read it");
    assert(!/os error|allow-read|not allowed/.test(text), text);
  }
});

Deno.test("loadConfig() checks the models and voices of the assistants file", () => {
  const file = JSON.stringify({
    default: "a",
    assistants: {
      a: { voice: "bob", languages: { es: { key: "1", offer: "Español", voice: "cedr" } } },
      b: { model: "gpt-4o" },
    },
  });
  const problemList = problems({ ASSISTANTS_FILE: "a.json" }, { "a.json": file });
  assertEquals(problemList.map((text) => text.replace(/^\S+ /, "")), [
    'assistants.a.languages.es.voice: found "cedr", which OpenAI does not list; did you mean cedar?',
    'assistants.b.model: found "gpt-4o", which is not a speech-to-speech model in service; use gpt-realtime-2.1',
  ]);
  const bob = load({ ASSISTANTS_FILE: "a.json" }, { "a.json": '{"assistants":{"a":{"voice":"bob"}}}' });
  assertStringIncludes(bob.warnings.join(), 'assistants.a.voice: found "bob", which OpenAI did not list');
});
