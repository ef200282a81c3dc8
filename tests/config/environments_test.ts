import { assertEquals, assertStringIncludes } from "@std/assert";
import { load, names, problems, PRODUCTION } from "./support.ts";

Deno.test("loadConfig() accepts an environment of any name and reads its .env.NAME", () => {
  for (const name of ["local", "staging", "development", "load-test", "eu2"]) {
    const config = load({ APP_ENV: name }, { [`.env.${name}`]: "PORT=6100", ".env": "PORT=7000" });
    assertEquals([config.APP_ENV, config.PORT, config.HOST, config.LOG_FORMAT], [
      name,
      6100,
      "127.0.0.1",
      "pretty",
    ]);
  }
});

Deno.test("loadConfig() is strict in production only", () => {
  assertEquals(names(load({ APP_ENV: "staging" }).warnings), [
    "OPENAI_API_KEY",
    "TWILIO_AUTH_TOKEN",
    "PUBLIC_URL",
  ]);
  assertEquals(names(problems({ APP_ENV: "production" })), [
    "OPENAI_API_KEY",
    "TWILIO_AUTH_TOKEN",
    "PUBLIC_URL",
    "ADMIN_TOKEN",
  ]);
});

// Protects: a misspelled production would start without its limits and requirements.
Deno.test("loadConfig() rejects misspellings of production", () => {
  for (const name of ["prod", "Production", "PRODUCTION", "prd", "produciton", "live"]) {
    const problemList = problems({ ...PRODUCTION, APP_ENV: name });
    assertEquals(names(problemList), ["APP_ENV"], name);
    assertStringIncludes(problemList[0] ?? "", "did you mean production?");
  }
});

Deno.test("loadConfig() rejects an environment name that cannot be part of a file name", () => {
  for (const name of ["/../../secret", "a b", "..", "a".repeat(65)]) {
    assertEquals(names(problems({ APP_ENV: name }, { [`.env.${name}`]: "forbidden" })), ["APP_ENV"], name);
  }
});
