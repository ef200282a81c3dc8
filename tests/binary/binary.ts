/**
 * Tests the compiled program: `deno task test-binary`, once `deno task compile` has made it. Not among the ordinary tests,
 * since making it needs a download that is not to be had on every network.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readWav } from "../../src/audio/wav.ts";
import { parseObject } from "../../src/json.ts";
import { Bell } from "../support/bell.ts";

const BINARY = new URL("../../parley", import.meta.url).pathname;

/** Runs the program in an empty folder; what it printed. */
async function run(args: string[], env: Record<string, string> = {}, cwd?: string) {
  const output = await new Deno.Command(BINARY, { args, env, ...(cwd ? { cwd } : {}) }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, out: decode(output.stdout), err: decode(output.stderr) };
}

Deno.test("the binary says its version and its commands", async () => {
  const { version } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assertEquals((await run(["version"])).out.trim(), version);
  assertStringIncludes((await run(["help"])).out, "rehearse");
  const unknown = await run(["dance"]);
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.err, 'Unknown command "dance"');
});

Deno.test("the binary places a whole call, with a barge-in, and writes both sides", async () => {
  const cwd = await Deno.makeTempDir();
  const { code, out } = await run(["rehearse", "--interrupt", "700", "--out", "call.wav", "--json"], {}, cwd);
  assertEquals(code, 0, out);
  const call = parseObject(out);
  assertEquals(call?.completed, true);
  const wav = readWav(await Deno.readFile(`${cwd}/call.wav`), "call.wav");
  assertEquals([wav.sampleRate, wav.channels.length], [8000, 2]);
  assert(wav.channels.every((side) => side.some((sample) => Math.abs(sample) > 1_000)));
  await Deno.remove(cwd, { recursive: true });
});

Deno.test("the binary serves, answers a call, and stops on SIGTERM", async () => {
  const cwd = await Deno.makeTempDir();
  await using service = new Deno.Command(BINARY, {
    env: { PORT: "0", LOG_FORMAT: "json" },
    cwd,
    stdout: "piped",
  })
    .spawn();
  let log = "";
  const bell = new Bell();
  const reading = (async () => {
    for await (const text of service.stdout.pipeThrough(new TextDecoderStream())) {
      log += text;
      bell.ring();
    }
  })();
  const url = await bell.until("its address", () => /"url":"(http:[^"]+)"/.exec(log)?.[1]);
  assertEquals((await run(["rehearse", "--url", url], {}, cwd)).code, 0);
  service.kill("SIGTERM");
  assertEquals((await service.status).code, 0);
  await reading;
  assertMatch(log, /"event":"call ended".*"reason":"caller hung up"/);
  assertMatch(log, /"event":"stopped"/);
  await Deno.remove(cwd, { recursive: true });
});

Deno.test("the binary refuses to start wrong, and names every problem", async () => {
  const env = { APP_ENV: "production", PORT: "x", OPENAI_REALTIME_URL: "http://model", LOG_LEVEL: "loud" };
  const { code, err } = await run([], env);
  assertEquals(code, 1);
  for (const name of ["PORT", "OPENAI_REALTIME_URL", "LOG_LEVEL"]) {
    assertMatch(err, new RegExp(`- ${name}: found "`));
  }
  const missing = await run([], { APP_ENV: "production" });
  assertEquals(missing.code, 1);
  for (const name of ["OPENAI_API_KEY", "PUBLIC_URL", "TWILIO_AUTH_TOKEN"]) {
    assertMatch(missing.err, new RegExp(`- ${name}: not set`));
  }
});
