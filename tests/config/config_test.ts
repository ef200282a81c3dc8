import { assert, assertEquals, assertThrows } from "@std/assert";
import { processEnvironment } from "../../src/config/environment.ts";
import { load, problems, REQUIRED_IN_PRODUCTION } from "./support.ts";

Deno.test("loadConfig() requires no setting in development, and warns of missing ones", () => {
  const config = load({});
  assertEquals([config.APP_ENV, config.PORT, config.HOST, config.LOG_FORMAT], [
    "development",
    5050,
    "127.0.0.1",
    "pretty",
  ]);
  assertEquals(config.OPENAI_MODEL, "gpt-realtime-2.1");
  assertEquals(config.warnings.map((warning) => warning.split(":")[0]), [
    "OPENAI_API_KEY",
    "TWILIO_AUTH_TOKEN",
    "PUBLIC_URL",
  ]);
  assert(Object.isFrozen(config));
});

Deno.test("loadConfig() prefers the process's environment, then .env.$APP_ENV, then .env", () => {
  const files = {
    ".env": "PORT=1\nOPENAI_VOICE=alloy\nGREETING=base",
    ".env.production": "PORT=2\nOPENAI_VOICE=cedar",
  };
  const config = load({ APP_ENV: "production", PORT: "3", ...REQUIRED_IN_PRODUCTION }, files);
  assertEquals([config.PORT, config.OPENAI_VOICE, config.GREETING], [3, "cedar", "base"]);
  assertEquals([config.HOST, config.LOG_FORMAT, config.warnings.length], ["0.0.0.0", "json", 0]);
});

Deno.test("loadConfig() takes APP_ENV from .env but not from .env.production", () => {
  const files = {
    ".env": "APP_ENV=production\n",
    ".env.production":
      "OPENAI_API_KEY=sk-file\nPUBLIC_URL=https://a.example\nTWILIO_AUTH_TOKEN=t\nADMIN_TOKEN=0123456789abcdef",
  };
  assertEquals(load({}, files).OPENAI_API_KEY, "sk-file");
  const other = { ...files, ".env.production": `${files[".env.production"]}\nAPP_ENV=development` };
  for (const config of [load({ APP_ENV: "" }, files), load({}, other)]) {
    assertEquals([config.APP_ENV, config.HOST], ["production", "0.0.0.0"]);
  }
});

Deno.test({
  name: "processEnvironment treats variables without permission and missing files as not set",
  permissions: { env: ["PORT"], read: true },
  fn() {
    assertEquals(processEnvironment.env("POTR"), undefined);
    assertEquals(processEnvironment.readFile("no such file"), undefined);
    assertThrows(() => processEnvironment.readFile("tests"));
  },
});

Deno.test("loadConfig() treats empty settings as not set, except an empty GREETING", () => {
  const config = load({ PORT: "", OPENAI_MODEL: "", GREETING: "" });
  assertEquals([config.PORT, config.OPENAI_MODEL, config.GREETING], [5050, "gpt-realtime-2.1", ""]);
  assert(load({}).GREETING.length > 0);
});

Deno.test("loadConfig() reports every problem with the value found and the values allowed", () => {
  assertEquals(
    problems({ PORT: "65536", LOG_LEVEL: "loud", PUBLIC_URL: "phone.example.com", AUDIO_FORMAT: "beta" }),
    [
      'PUBLIC_URL: found "phone.example.com"; allowed: a URL that starts with https:// or http://, without query',
      'PORT: found "65536"; allowed: a whole number from 0 to 65535',
      'AUDIO_FORMAT: found "beta"; allowed: pcmu, pcm16',
      'LOG_LEVEL: found "loud"; allowed: debug, info, warn, error',
    ],
  );
});

Deno.test("loadConfig() reports development's warnings as problems in production", () => {
  assertEquals(problems({ APP_ENV: "production", PORT: "-1" }).map((problem) => problem.split(":")[0]), [
    "PORT",
    "OPENAI_API_KEY",
    "TWILIO_AUTH_TOKEN",
    "PUBLIC_URL",
    "ADMIN_TOKEN",
  ]);
  assertEquals(
    problems({ ...REQUIRED_IN_PRODUCTION, APP_ENV: "production", PUBLIC_URL: "http://phone.example.com" })
      .length,
    1,
  );
  assertEquals(
    problems({ ...REQUIRED_IN_PRODUCTION, APP_ENV: "production", PUBLIC_URL: "phone" }).length,
    1,
    "reported once",
  );
});

Deno.test("loadConfig() reads a secret from the file named by NAME_FILE", () => {
  const files = { "/run/secrets/key": "sk-from-file\n" };
  const config = load({ OPENAI_API_KEY_FILE: "/run/secrets/key" }, files);
  assertEquals([config.OPENAI_API_KEY, config.secrets], ["sk-from-file", ["sk-from-file"]]);
  assertEquals(load({ OPENAI_API_KEY_FILE: "" }).OPENAI_API_KEY, undefined);
  assertEquals(problems({ OPENAI_API_KEY_FILE: "/none" }).length, 1);
  assertEquals(problems({ OPENAI_API_KEY: "sk-x", OPENAI_API_KEY_FILE: "/none" }).length, 1);
  assertEquals(problems({ OPENAI_API_KEY_FILE: "/x" }, { "/x": "forbidden" }).length, 1);
  const problemList = problems(
    { OPENAI_API_KEY: "sk-very-secret", OPENAI_API_KEY_FILE: "/run/secrets/key" },
    files,
  );
  assertEquals(problemList, ["OPENAI_API_KEY: OPENAI_API_KEY_FILE is set too; set only one of them"]);
});

Deno.test("loadConfig() never shows a secret", () => {
  const text = problems({ OPENAI_API_KEY: "sk-very-secret", PORT: "x" }).join();
  assert(!text.includes("sk-very-secret"));
});

Deno.test("loadConfig() normalizes URLs and rejects invalid ones", () => {
  assertEquals(load({ PUBLIC_URL: "https://Phone.Example.com/" }).PUBLIC_URL, "https://phone.example.com");
  assertEquals(load({ PUBLIC_URL: "https://a.example/parley/" }).PUBLIC_URL, "https://a.example/parley");
  for (const url of ["ftp://a", "https://a/?x=1", "https://user:pass@a/", "https://", "a b"]) {
    assertEquals(problems({ PUBLIC_URL: url }).length, 1, url);
  }
});

Deno.test("loadConfig() finds misspelled names in files and environment, and suggests the right name", () => {
  const inFile = load({}, { ".env": "OPENAI_APIKEY=sk-x\nMAX_CALL=3\nPOSTGRES_HOST=db\nHOSTS=x\nPATH=/bin" });
  const inProcess = load({ TWILIO_AUTH_TOKE: "x", MAXCALLS: "3", OPENAI_API_KEY_FIEL: "x", HOME: "/" });
  const misspelled = (warnings: readonly string[]) =>
    warnings.filter((warning) => warning.includes("did you mean"));
  assertEquals(misspelled(inFile.warnings), [
    "OPENAI_APIKEY: unknown setting; did you mean OPENAI_API_KEY?",
    "MAX_CALL: unknown setting; did you mean MAX_CALLS?",
  ]);
  assertEquals(misspelled(inProcess.warnings).map((warning) => warning.split(" ").at(-1)), [
    "TWILIO_AUTH_TOKEN?",
    "OPENAI_API_KEY_FILE?",
    "MAX_CALLS?",
  ]);
  const named = load({}, { ".env.development": "MAX_CALL=3" });
  assertEquals(misspelled(named.warnings).length, 1);
  const production = problems({ APP_ENV: "production", ...REQUIRED_IN_PRODUCTION, MAXCALLS: "3" });
  assertEquals(production, ["MAXCALLS: unknown setting; did you mean MAX_CALLS?"]);
});

Deno.test("loadConfig() requires both settings of a pair or neither", () => {
  assertEquals(problems({ TLS_CERT_FILE: "cert.pem" }), [
    "TLS_KEY_FILE: not set, but TLS_CERT_FILE needs it; set both or neither",
  ]);
  assertEquals(problems({ TWILIO_API_KEY_SECRET: "secret" }).length, 1);
  assertEquals(problems({ TWILIO_API_KEY_SECRET: "secret", TWILIO_API_KEY_SID: "SKx" }).length, 1);
});

Deno.test("loadConfig() reads limits and lists", () => {
  const config = load({
    MAX_CALLS: "20",
    DENIED_CALLERS: "+1555*, anonymous,",
    TRUSTED_PROXIES: "127.0.0.1,fd00::/8",
  });
  assertEquals(config.MAX_CALLS, 20);
  assertEquals(config.DENIED_CALLERS, ["+1555*", "anonymous"]);
  assertEquals(config.TRUSTED_PROXIES, ["127.0.0.1", "fd00::/8"]);
  const bad = {
    MAX_CALLS: "0",
    MAX_CALL_SECONDS: "-1",
    ADMIN_TOKEN: "short",
    OVERFLOW: "sing",
    TWILIO_ACCOUNT_SID: "1",
  };
  const problemList = problems(bad);
  assertEquals(problemList.map((problem) => problem.split(":")[0]).sort(), Object.keys(bad).sort());
  assertEquals(problemList.some((problem) => problem.includes("short")), false, "a secret's value");
});
