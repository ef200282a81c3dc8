import { assert, assertEquals, assertThrows } from "@std/assert";
import { ConfigError, loadConfig } from "../../src/config/config.ts";
import { processSurroundings } from "../../src/config/surroundings.ts";

function load(env: Record<string, string>, files: Record<string, string> = {}) {
  return loadConfig({
    env: (name) => env[name],
    readFile: (path) => {
      if (files[path] === "forbidden") throw new Error("not allowed");
      return files[path];
    },
  });
}

function problems(env: Record<string, string>, files: Record<string, string> = {}): readonly string[] {
  return assertThrows(() => load(env, files), ConfigError).problems;
}

const GOOD = {
  OPENAI_API_KEY: "sk-good-key",
  PUBLIC_URL: "https://phone.example.com",
  TWILIO_AUTH_TOKEN: "token",
};

Deno.test("loadConfig() needs nothing in development, and says what is missing", () => {
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

Deno.test("loadConfig() takes the process first, then .env.$APP_ENV, then .env", () => {
  const files = {
    ".env": "PORT=1\nOPENAI_VOICE=base\nGREETING=base",
    ".env.production": "PORT=2\nOPENAI_VOICE=named",
  };
  const config = load({ APP_ENV: "production", PORT: "3", ...GOOD }, files);
  assertEquals([config.PORT, config.OPENAI_VOICE, config.GREETING], [3, "named", "base"]);
  assertEquals([config.HOST, config.LOG_FORMAT, config.warnings.length], ["0.0.0.0", "json", 1]);
  assert(config.warnings[0]?.startsWith("ADMIN_TOKEN: not set"));
  assertEquals(load({ APP_ENV: "production", ...GOOD, ADMIN_TOKEN: "0123456789abcdef" }).warnings, []);
});

Deno.test("loadConfig() lets .env say which environment it is", () => {
  const files = {
    ".env": "APP_ENV=production\n",
    ".env.production": "OPENAI_API_KEY=sk-file\nPUBLIC_URL=https://a.example\nTWILIO_AUTH_TOKEN=t",
  };
  assertEquals(load({}, files).OPENAI_API_KEY, "sk-file");
  const other = { ...files, ".env.production": `${files[".env.production"]}\nAPP_ENV=development` };
  for (const config of [load({ APP_ENV: "" }, files), load({}, other)]) {
    assertEquals([config.APP_ENV, config.HOST], ["production", "0.0.0.0"]);
  }
});

Deno.test("loadConfig() looks for no file where APP_ENV is no name", () => {
  assertEquals(problems({ APP_ENV: "/../../secret" }, { ".env./../../secret": "forbidden" }).length, 1);
});

Deno.test({
  name: "the process's surroundings: what may not be read, and what is not there, is not set",
  permissions: { env: ["PORT"], read: true },
  fn() {
    assertEquals(processSurroundings.env("POTR"), undefined);
    assertEquals(processSurroundings.readFile("no such file"), undefined);
    assertThrows(() => processSurroundings.readFile("tests"));
  },
});

Deno.test("loadConfig() takes an empty setting for one that is not set, but an empty greeting as it is", () => {
  const config = load({ PORT: "", OPENAI_MODEL: "", GREETING: "" });
  assertEquals([config.PORT, config.OPENAI_MODEL, config.GREETING], [5050, "gpt-realtime-2.1", ""]);
  assert(load({}).GREETING.length > 0);
});

Deno.test("loadConfig() names every problem, what was found and what is allowed", () => {
  assertEquals(
    problems({ PORT: "65536", LOG_LEVEL: "loud", PUBLIC_URL: "phone.example.com", OPENAI_DIALECT: "beta" }),
    [
      'PUBLIC_URL: found "phone.example.com"; allowed: an address that begins with https:// or http://, without query',
      'PORT: found "65536"; allowed: a whole number from 0 to 65535',
      'OPENAI_DIALECT: found "beta"; allowed: ga',
      'LOG_LEVEL: found "loud"; allowed: debug, info, warn, error',
    ],
  );
});

Deno.test("loadConfig() refuses in production what development warns of, beside all else", () => {
  assertEquals(problems({ APP_ENV: "production", PORT: "-1" }).map((problem) => problem.split(":")[0]), [
    "PORT",
    "OPENAI_API_KEY",
    "TWILIO_AUTH_TOKEN",
    "PUBLIC_URL",
  ]);
  assertEquals(
    problems({ ...GOOD, APP_ENV: "production", PUBLIC_URL: "http://phone.example.com" }).length,
    1,
  );
  assertEquals(problems({ APP_ENV: "staging" }).length, 1);
  assertEquals(problems({ ...GOOD, APP_ENV: "production", PUBLIC_URL: "phone" }).length, 1, "said once");
});

Deno.test("loadConfig() reads a secret from the file NAME_FILE names", () => {
  const files = { "/run/secrets/key": "sk-from-file\n" };
  const config = load({ OPENAI_API_KEY_FILE: "/run/secrets/key" }, files);
  assertEquals([config.OPENAI_API_KEY, config.secrets], ["sk-from-file", ["sk-from-file"]]);
  assertEquals(load({ OPENAI_API_KEY_FILE: "" }).OPENAI_API_KEY, undefined);
  assertEquals(problems({ OPENAI_API_KEY_FILE: "/none" }).length, 1);
  assertEquals(problems({ OPENAI_API_KEY: "sk-x", OPENAI_API_KEY_FILE: "/none" }).length, 1);
  assertEquals(problems({ OPENAI_API_KEY_FILE: "/x" }, { "/x": "forbidden" }).length, 1);
  const both = problems({ OPENAI_API_KEY: "sk-very-secret", OPENAI_API_KEY_FILE: "/run/secrets/key" }, files);
  assertEquals(both, ["OPENAI_API_KEY: found it and OPENAI_API_KEY_FILE; set one of them"]);
});

Deno.test("loadConfig() never shows a secret", () => {
  const text = problems({ OPENAI_API_KEY: "sk-very-secret", PORT: "x" }).join();
  assert(!text.includes("sk-very-secret"));
});

Deno.test("loadConfig() normalises addresses and refuses ones that cannot be meant", () => {
  assertEquals(load({ PUBLIC_URL: "https://Phone.Example.com/" }).PUBLIC_URL, "https://phone.example.com");
  assertEquals(load({ PUBLIC_URL: "https://a.example/parley/" }).PUBLIC_URL, "https://a.example/parley");
  for (const url of ["ftp://a", "https://a/?x=1", "https://user:pass@a/", "https://", "a b"]) {
    assertEquals(problems({ PUBLIC_URL: url }).length, 1, url);
  }
});

Deno.test("loadConfig() finds misspelt names, wherever they are, and suggests the right one", () => {
  const inFile = load({}, { ".env": "OPENAI_APIKEY=sk-x\nMAX_CALL=3\nPOSTGRES_HOST=db\nHOSTS=x\nPATH=/bin" });
  const inProcess = load({ TWILIO_AUTH_TOKE: "x", MAXCALLS: "3", OPENAI_API_KEY_FIEL: "x", HOME: "/" });
  const misspelt = (warnings: readonly string[]) =>
    warnings.filter((warning) => warning.includes("did you mean"));
  assertEquals(misspelt(inFile.warnings), [
    "OPENAI_APIKEY: there is no such setting; did you mean OPENAI_API_KEY?",
    "MAX_CALL: there is no such setting; did you mean MAX_CALLS?",
  ]);
  assertEquals(misspelt(inProcess.warnings).map((warning) => warning.split(" ").at(-1)), [
    "TWILIO_AUTH_TOKEN?",
    "OPENAI_API_KEY_FILE?",
    "MAX_CALLS?",
  ]);
  const named = load({}, { ".env.development": "MAX_CALL=3" });
  assertEquals(misspelt(named.warnings).length, 1);
  const production = problems({ APP_ENV: "production", ...GOOD, MAXCALLS: "3" });
  assertEquals(production, ["MAXCALLS: there is no such setting; did you mean MAX_CALLS?"]);
});

Deno.test("loadConfig() wants both of a pair or neither", () => {
  assertEquals(problems({ TLS_CERT_FILE: "cert.pem" }), [
    "TLS_KEY_FILE: not set, and TLS_CERT_FILE is of no use without it; set both or neither",
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
  const found = problems(bad);
  assertEquals(found.map((problem) => problem.split(":")[0]).sort(), Object.keys(bad).sort());
  assertEquals(found.some((problem) => problem.includes("short")), false, "a secret's value");
});
