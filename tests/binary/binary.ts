/**
 * Tests the compiled program: `deno task test-binary`, once `deno task compile` has made it. Not among the ordinary tests,
 * since making it needs a download that is not to be had on every network.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readWav } from "../../src/audio/wav.ts";
import { isObject, parseObject } from "../../src/json.ts";
import { Bell } from "../support/bell.ts";

const BINARY = new URL("../../parley", import.meta.url).pathname;

/** A port nobody listens on. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

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

/** A running service: its log so far, and what wakes whoever waits for a line of it. */
async function serve(
  cwd: string,
  test: (service: Deno.ChildProcess, url: string, log: Log) => Promise<void>,
) {
  await using service = new Deno.Command(BINARY, {
    env: { PORT: "0", LOG_FORMAT: "json" },
    cwd,
    stdout: "piped",
  })
    .spawn();
  const bell = new Bell();
  const log = {
    text: "",
    line: (pattern: RegExp) => bell.until(String(pattern), () => pattern.exec(log.text) ?? undefined),
  };
  const reading = (async () => {
    for await (const text of service.stdout.pipeThrough(new TextDecoderStream())) {
      log.text += text;
      bell.ring();
    }
  })();
  const [, url = ""] = await log.line(/"url":"(http:[^"]+)"/);
  await test(service, url, log);
  await reading;
}

interface Log {
  readonly text: string;
  line(pattern: RegExp): Promise<RegExpExecArray>;
}

Deno.test("the binary serves, and on SIGTERM lets the call in progress end by itself", async () => {
  const cwd = await Deno.makeTempDir();
  await serve(cwd, async (service, url, log) => {
    const call = run(["rehearse", "--url", url], {}, cwd);
    await log.line(/"event":"session ready"/);
    service.kill("SIGTERM");
    await log.line(/"event":"draining"/);
    assertEquals((await fetch(`${url}/readyz`)).status, 503);
    assertStringIncludes(
      await (await fetch(`${url}/incoming-call?CallSid=CA9`)).text(),
      "<Say>We are sorry. All our lines",
    );
    assertEquals((await call).code, 0);
    assertEquals((await service.status).code, 0);
    assertMatch(log.text, /"event":"call ended".*"reason":"caller hung up"/);
    assertMatch(log.text, /"event":"stopped"/);
  });
  await Deno.remove(cwd, { recursive: true });
});

Deno.test("a second SIGTERM cuts the call, and the exit code says so", async () => {
  const cwd = await Deno.makeTempDir();
  await serve(cwd, async (service, url, log) => {
    const call = run(["rehearse", "--url", url], {}, cwd);
    await log.line(/"event":"session ready"/);
    service.kill("SIGTERM");
    await log.line(/"event":"draining"/);
    service.kill("SIGTERM");
    assertEquals((await service.status).code, 3);
    assertEquals((await call).code, 1);
    assertMatch(log.text, /"event":"call ended".*"reason":"shutdown"/);
  });
  await Deno.remove(cwd, { recursive: true });
});

Deno.test("the binary may not read, write or connect elsewhere", async () => {
  const cwd = await Deno.makeTempDir();
  const { out } = await run(["check", "--json"], { PORT: String(freePort()) }, cwd);
  const report = parseObject(out);
  const lines = Array.isArray(report?.lines) ? report.lines.filter(isObject) : [];
  assertEquals(lines.find(({ line }) => line === "sandbox")?.level, "ok", out);
  const read = await run(["rehearse", "--wav", "/etc/hostname"], {}, cwd);
  assertStringIncludes(read.err, "Parley may only touch files in the folder it is started in");
  const written = await run(["rehearse", "--max-seconds", "1", "--out", "../elsewhere.wav"], {}, cwd);
  assertEquals(written.code, 1);
  assertStringIncludes(written.err, "Parley may only touch files in the folder it is started in");
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
