import { assertEquals, assertThrows } from "@std/assert";
import { loadConfig } from "../../src/app/service_config.ts";
import { ConfigError } from "../../src/config/config_error.ts";
import { environmentOf, load, problems } from "./support.ts";

Deno.test("loadConfig() reports each line of .env that is not an assignment", () => {
  const text = [
    "# comment",
    "PORT=6100",
    "OPENAI_API_KEY sk-0123456789",
    "",
    '  export SYSTEM_MESSAGE="Be kind.',
    "Speak slowly",
    'and clearly." # comment',
    "GREETING='Good",
    "day.'",
    "LOG_LEVEL: debug",
    "PUBLIC_URL = https://phone.example.com # comment",
    "ADMIN_TOKEN=it's a secret of twenty",
    "nonsense",
  ].join("\r\n");
  const notAssignment = "not NAME=value; write it as NAME=value, or start it with # if it is a comment";
  assertEquals(
    problems({}, { ".env": text }),
    [3, 10, 13].map((line) => `.env:${line}: ${notAssignment}`),
  );
  assertEquals(problems({}, { ".env.development": "x" }), [`.env.development:1: ${notAssignment}`]);
  assertEquals(load({}, { ".env": "\uFEFFPORT=6100\n\n" }).PORT, 6100);
});

Deno.test("loadConfig() reports only the settings files that cannot be read, by their absolute paths", () => {
  const remedy = "run the command as the user of the service: runuser -u parley -- parley …";
  const files = { ".env": "forbidden", ".env.production": "forbidden" };
  const expected = [".env", ".env.production"].map((name) =>
    `/work/${name}: cannot be read: this user may not read it; ${remedy}`
  );
  assertEquals(problems({ APP_ENV: "production", PORT: "x", ASSISTANTS_FILE: "none.json" }, files), expected);
});

Deno.test("loadConfig() does not read further folders after one that has settings", () => {
  const settingsFolders = [".", "/etc/parley"];
  const loadFrom = (files: Record<string, string>) =>
    loadConfig({ ...environmentOf({}, files), settingsFolders });
  const installed = { "/etc/parley/.env": "forbidden" };
  assertEquals(loadFrom({ ".env": "PORT=6100", ...installed }).PORT, 6100);
  assertThrows(() => loadFrom(installed), ConfigError, "/etc/parley/.env: cannot be read");
  assertEquals(loadFrom({}).PORT, 5050);
});

Deno.test("loadConfig() rejects the placeholders of the documentation", () => {
  const placeholders = {
    PUBLIC_URL: "https://YOUR_HOST",
    TWILIO_AUTH_TOKEN: "…",
    OPENAI_API_KEY: "sk-…",
  };
  assertEquals(
    problems(placeholders).toSorted(),
    Object.keys(placeholders).toSorted().map((name) =>
      `${name}: still the placeholder of the documentation; set it to your own value`
    ),
  );
  assertEquals(load({ GREETING: "Hello…", PUBLIC_URL: "https://your.example.com" }).GREETING, "Hello…");
});
