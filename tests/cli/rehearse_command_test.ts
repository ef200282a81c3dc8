import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { readWav, writeWav } from "../../src/audio/wav.ts";
import { type RehearseIo, runRehearse } from "../../src/cli/rehearse_command.ts";
import { callerSpoke, CallServer, connectTwiml } from "../simulator/caller/caller_server.ts";

/** Runs the command with files in memory and a stub server. */
async function run(args: string[], files: Record<string, Uint8Array> = {}, cancelAt?: string) {
  await using server = new CallServer({
    twiml: (host) => connectTwiml(host),
    async onStream(stream) {
      stream.speak(100);
      await stream.next("media");
      stream.mark("a");
      await Promise.race([callerSpoke(stream, 300), stream.closed]);
      stream.speak(100);
      await stream.closed;
    },
  });
  const texts = { out: "", err: "" };
  const cancelled = new AbortController();
  const served = { starts: 0, closes: 0 };
  const serverOptions: (string | undefined)[] = [];
  const io: RehearseIo = {
    out: (text) => void (texts.out += text),
    err: (text) => {
      texts.err += text;
      if (cancelAt !== undefined && text.includes(cancelAt)) cancelled.abort();
    },
    signal: cancelled.signal,
    errIsTerminal: false,
    readFile: (path) =>
      files[path] ? Promise.resolve(files[path]) : Promise.reject(new Deno.errors.NotFound("no such file")),
    writeFile: (path, bytes) => Promise.resolve(void (files[path] = bytes)),
    serve(audioFormat, modelUrl) {
      served.starts++;
      serverOptions.push(audioFormat, modelUrl);
      return Promise.resolve({ url: server.url, close: () => Promise.resolve(void served.closes++) });
    },
  };
  return { code: await runRehearse(args, io), ...texts, files, served, serverOptions };
}

const tone = (rate: number) =>
  Int16Array.from({ length: rate / 5 }, (_, i) => 9000 * Math.sin(2 * Math.PI * 440 * i / rate));

Deno.test("rehearse speaks a stereo WAV at 44.1 kHz, prints the call and records both sides", async () => {
  const wav = writeWav([tone(44100), tone(44100)], 44100);
  const { code, out, err, files, served } = await run(["--wav", "in.wav", "--out", "out.wav"], {
    "in.wav": wav,
  });
  assertEquals([code, served], [0, { starts: 1, closes: 1 }], out);
  assert(
    /caller +starts speaking[^]*Turn 1: caller spoke .* answered after \d+ ms[^]*Call completed\n$/.test(out),
    out,
  );
  assert(err.includes("the caller waits for the greeting\n") && err.includes("the caller speaks\n"), err);
  const { sampleRate, channels } = readWav(files["out.wav"] ?? new Uint8Array(), "out.wav");
  assertEquals([sampleRate, channels.length], [8000, 2]);
  const peak = Math.max(...channels[0] ?? []);
  assert(peak > 8500 && peak < 9500, `${peak}`);
});

Deno.test("rehearse --json prints one object, and exits with 1 when the call did not complete", async () => {
  const { code, out } = await run(["--json", "--max-seconds", "1"]);
  const { completed, turns, problem } = JSON.parse(out);
  assertEquals([code, completed, turns.length], [1, false, 1]);
  assertEquals(problem, "The caller's turn 1 was not answered (the call has lasted 1 s)");
});

Deno.test("rehearse starts no call when the WAV file or script cannot be used, and says why without Deno's error text", async () => {
  const missing = await run(["--wav", "none.wav"]);
  assertEquals([missing.code, missing.err], [1, 'Cannot read "none.wav": it does not exist\n']);
  const script = await run(["--script", "none.json"]);
  assertEquals([script.code, script.err], [1, 'Cannot read "none.json": it does not exist\n']);
  const text = await run(["--wav", "a.txt"], { "a.txt": new TextEncoder().encode("no recording at all") });
  assertEquals([text.code, text.served.starts], [1, 0]);
  assert(text.err.startsWith('Cannot read "a.txt": it is not a WAV file'), text.err);
});

for (
  const [args, problem] of [
    [["--speak"], "unknown flag --speak"],
    [["call.wav"], 'unexpected argument "call.wav"'],
    [["--url"], "--url needs a value. See"],
    [["--url", "--json"], "--url needs a value. See"],
    [["--json=yes"], "--json takes no value. See"],
    [["--url", "ftp://h"], '--url is "ftp://h"; expected a URL'],
    [["--turns", "0"], '--turns is "0"; expected a whole number from 1'],
    [["--interrupt", "soon"], '--interrupt is "soon"'],
    [["--max-seconds", "1.5"], '--max-seconds is "1.5"'],
    [["--audio-format", "mp3"], '--audio-format is "mp3"; expected pcmu or pcm16'],
    [["--audio-format", "pcmu", "--url", "http://h:1"], "--audio-format is for a started server"],
    [["--script", "a.json", "--turns", "2"], "--turns does not go with --script"],
    [["--script", "a.json", "--url", "http://h:1"], "--url does not go with --script"],
    [["--script", "a.json", "--local"], "--local does not go with --script"],
  ] as [string[], string][]
) {
  Deno.test(`rehearse rejects "${args.join(" ")}" and starts no call`, async () => {
    const { code, err, served } = await run(args);
    assertEquals([code, served.starts], [2, 0]);
    assertStringIncludes(err, problem);
  });
}

const script = (script: unknown) => ({ "case.json": new TextEncoder().encode(JSON.stringify(script)) });

Deno.test("rehearse --script plays a script and exits with its result", async () => {
  const turns = [{ caller: { say: 300, hangUp: true } }];
  const passed = await run(
    ["--script", "case.json", "--out", "out.wav", "--audio-format", "pcm16"],
    script({ turns }),
  );
  assertEquals([passed.code, passed.served], [0, { starts: 1, closes: 1 }], passed.out);
  const [format, modelUrl = ""] = passed.serverOptions;
  assert(format === "pcm16" && /^ws:\/\/127\.0\.0\.1:\d+\/v1\/realtime$/.test(modelUrl), modelUrl);
  assert(
    /^case\n\n +ok +case\.json:1 +caller +speaks for 300 ms, hangs up\n[^]*\npassed\n$/.test(passed.out),
    passed.out,
  );
  assert(
    readWav(passed.files["out.wav"] ?? new Uint8Array(), "out.wav").channels[0]?.some((sample) =>
      sample > 1000
    ),
  );

  const failed = await run(
    ["--script", "case.json", "--json"],
    script({ turns, expect: { ending: "service" } }),
  );
  const { name, passed: all, steps } = JSON.parse(failed.out);
  assertEquals([failed.code, name, all], [1, "case", false]);
  assertEquals(steps.at(-1).problems, ["ending: expected service, got caller"]);
});

Deno.test("rehearse --script prints the timeline of a script that failed", async () => {
  const turns = [{ caller: { say: 300, hangUp: true } }];
  const { code, out } = await run(["--script", "case.json"], script({ turns, expect: { digits: "1" } }));
  assertEquals(code, 1);
  assert(/caller +speaks[^]*digits: expected "1", got ""[^]*failed: 1 of 2 steps\n$/.test(out), out);
});

Deno.test("rehearse --script starts nothing and exits with 2 when the script is invalid", async () => {
  const { code, err, served } = await run(["--script", "case.json"], script({ turns: [{}, 1] }));
  assertEquals([code, served.starts], [2, 0]);
  assertEquals(err, "case.json:1:14: turns[1]: found 1; allowed: an object with model, caller, expect\n");
});

Deno.test("rehearse rejects a caller that is neither a number nor a name", async () => {
  for (const from of ["12", "+0155", "a b", ""]) {
    const { code, err, served } = await run(["--from", from]);
    assertEquals([code, served.starts], [2, 0], from);
    assertStringIncludes(err, `--from is ${JSON.stringify(from)}; expected a number such as +15551230000`);
  }
});

Deno.test("rehearse reports only the reason when there was no call", async () => {
  const { code, out } = await run(["--url", "http://127.0.0.1:9"]);
  assertEquals(code, 1);
  assert(!/Sent: |Received: |buffered/.test(out), out);
  assertStringIncludes(out, "Call failed: Cannot reach http://127.0.0.1:9/incoming-call");
});

Deno.test("rehearse reports its cancellation, not a server problem", async () => {
  const { code, out } = await run([], {}, "the caller speaks");
  assertEquals(code, 1);
  assertStringIncludes(out, "Call failed: The rehearsal was cancelled");
});
