import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { SETTINGS } from "../../src/config/settings.ts";
import { parleyProcess } from "../support/parley_process.ts";

const SECRETS = {
  OPENAI_API_KEY: "sk-secret-of-the-environment",
  ADMIN_TOKEN: "admin-token-in-a-file",
  TWILIO_AUTH_TOKEN: "fedcba9876543210fedcba9876543210",
};

/** Runs `parley check --print-config` in a folder with these files. */
async function printConfig(env: Record<string, string>, files: Record<string, string>, ...args: string[]) {
  const folder = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
  const io = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
  const { code, stdout, stderr } = await parleyProcess(["check", "--print-config", ...args], folder, env, io)
    .output();
  await Deno.remove(folder, { recursive: true });
  const text = new TextDecoder().decode(stdout);
  const error = new TextDecoder().decode(stderr);
  for (const secret of Object.values(SECRETS)) assert(!(text + error).includes(secret), text + error);
  return { code, text, error };
}

const ENV = {
  APP_ENV: "production",
  OPENAI_API_KEY: SECRETS.OPENAI_API_KEY,
  ADMIN_TOKEN_FILE: "admin.txt",
  MAX_CALL_SECONDS: "none",
};
const FILES = {
  ".env": `PUBLIC_URL=https://phone.example.com\nPORT=7000\nTWILIO_AUTH_TOKEN=${SECRETS.TWILIO_AUTH_TOKEN}\n`,
  ".env.production": "PORT=7001\n",
  "admin.txt": `${SECRETS.ADMIN_TOKEN}\n`,
};

Deno.test("check --print-config prints each setting's value and source, and no secret", async () => {
  const { code, text } = await printConfig(ENV, FILES);
  assertEquals(code, 0);
  const line = (name: string) =>
    text.split("\n").find((each) => each.startsWith(`${name}=`))?.replaceAll(/ +/g, " ");
  assertEquals(line("APP_ENV"), "APP_ENV=production (environment)");
  assertEquals(line("OPENAI_API_KEY"), "OPENAI_API_KEY=(set) (environment)");
  assertEquals(line("ADMIN_TOKEN"), "ADMIN_TOKEN=(set) (admin.txt)");
  assertEquals(line("TWILIO_AUTH_TOKEN"), "TWILIO_AUTH_TOKEN=(set) (.env)");
  assertEquals(line("PORT"), "PORT=7001 (.env.production)");
  assertEquals(line("PUBLIC_URL"), "PUBLIC_URL=https://phone.example.com (.env)");
  assertEquals(line("HOST"), "HOST=0.0.0.0 (default)");
  assertEquals(line("MAX_CALLS"), "MAX_CALLS=10 (default in production)");
  assertEquals(line("MAX_CALL_SECONDS"), "MAX_CALL_SECONDS=none (environment)");
  assertEquals(line("WEBHOOK_SECRET"), undefined);
});

Deno.test("check --print-config --json prints every setting", async () => {
  const { text } = await printConfig({ PORT: "0" }, {}, "--json");
  const { settings } = JSON.parse(text);
  assertEquals(settings.map(({ name }: { name: string }) => name), Object.keys(SETTINGS));
  assertEquals(settings.find(({ name }: { name: string }) => name === "PORT"), {
    name: "PORT",
    value: "0",
    source: "environment",
  });
});

Deno.test("check --print-config reports a wrong configuration", async () => {
  const { code, error } = await printConfig({ PORT: "many" }, {});
  assertEquals(code, 1);
  assertMatch(error, /PORT: found "many"/);
  assertStringIncludes(error, "allowed");
});
