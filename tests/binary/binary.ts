/**
 * Tests the compiled program: `deno task test-binary` after `deno task compile`. Not among the other tests, because
 * compiling needs a download that some networks do not allow.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readWav } from "../../src/audio/wav.ts";
import { isObject, parseObject } from "../../src/json.ts";
import { freePort } from "../support/free_port.ts";
import { SilentPeer } from "../support/silent_peer.ts";
import { ChangeSignal } from "../support/wait_until.ts";

const BINARY = new URL("../../parley", import.meta.url).pathname;

/** Runs the program and returns what it printed. */
async function run(args: string[], env: Record<string, string> = {}, cwd?: string) {
  const output = await new Deno.Command(BINARY, { args, env, ...(cwd ? { cwd } : {}) }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, out: decode(output.stdout), err: decode(output.stderr) };
}

Deno.test("binary prints its version and its commands", async () => {
  const { version } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  assertEquals((await run(["--version"])).out.trim(), version);
  assertStringIncludes((await run(["--help"])).out, "  parley rehearse ");
  const unknown = await run(["dance"]);
  assertEquals(unknown.code, 2);
  assertStringIncludes(unknown.err, 'Unknown command "dance"');
});

Deno.test("binary rehearses a call with a barge-in and records both sides", async () => {
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

/** Runs a test against the serving binary and its log. */
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
  const changes = new ChangeSignal();
  const log = {
    text: "",
    line: (pattern: RegExp) => changes.until(String(pattern), () => pattern.exec(log.text) ?? undefined),
  };
  const reading = (async () => {
    for await (const text of service.stdout.pipeThrough(new TextDecoderStream())) {
      log.text += text;
      changes.notify();
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

Deno.test("binary closes a refused stream with its reason, and disconnects a peer that goes on sending", async () => {
  const cwd = await Deno.makeTempDir();
  await serve(cwd, async (service, url) => {
    const { hostname, port } = new URL(url);
    const peer = new SilentPeer(await Deno.connect({ hostname, port: Number(port) }));
    await peer.open("/media-stream");
    const start = {
      accountSid: "AC1",
      streamSid: "MZ1",
      callSid: "CA1",
      tracks: ["inbound"],
      mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
      customParameters: { token: "wrong" },
    };
    await peer.send(JSON.stringify({ event: "start", sequenceNumber: "1", streamSid: "MZ1", start }));
    const media = setInterval(() => void peer.send('{"event": "media"}').catch(() => {}), 500);
    assertStringIncludes(await peer.untilEnd() ?? "the connection stayed", "no valid token");
    clearInterval(media);
    service.kill("SIGTERM");
    assertEquals((await service.status).code, 0);
  });
  await Deno.remove(cwd, { recursive: true });
});

Deno.test("binary drains on SIGTERM and lets the call in progress end", async () => {
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
    assertMatch(log.text, /"event":"call ended".*"end_reason":"caller hung up"/);
    assertMatch(log.text, /"event":"stopped"/);
  });
  await Deno.remove(cwd, { recursive: true });
});

Deno.test("binary cuts the call on a second SIGTERM and exits with 3", async () => {
  const cwd = await Deno.makeTempDir();
  await serve(cwd, async (service, url, log) => {
    const call = run(["rehearse", "--url", url], {}, cwd);
    await log.line(/"event":"session ready"/);
    service.kill("SIGTERM");
    await log.line(/"event":"draining"/);
    // A signal within a second of the first is the same one, which a terminal and npx both send.
    const again = setInterval(() => service.kill("SIGTERM"), 300);
    const { code } = await service.status;
    clearInterval(again);
    assertEquals(code, 3);
    assertEquals((await call).code, 1);
    assertMatch(log.text, /"event":"call ended".*"end_reason":"shutdown"/);
  });
  await Deno.remove(cwd, { recursive: true });
});

Deno.test("binary's sandbox refuses to read, write and connect elsewhere", async () => {
  const cwd = await Deno.makeTempDir();
  const { out } = await run(["check", "--json"], { PORT: String(freePort()) }, cwd);
  const report = parseObject(out);
  const findings = Array.isArray(report?.findings) ? report.findings.filter(isObject) : [];
  assertEquals(findings.find(({ check }) => check === "sandbox")?.level, "ok", out);
  await Deno.remove(cwd, { recursive: true });
});

Deno.test("binary refuses to start with an invalid configuration and lists every problem", async () => {
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
