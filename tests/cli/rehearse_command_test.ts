import { assert, assertEquals, assertThrows } from "@std/assert";
import { readWav, writeWav } from "../../src/audio/wav.ts";
import { parseRehearseArgs, runRehearse } from "../../src/cli/rehearse_command.ts";
import type { RehearseIo } from "../../src/cli/rehearse_io.ts";
import { CallServer, connectTwiml } from "../simulator/caller/caller_server.ts";

Deno.test("reads its flags", () => {
  assertEquals(parseRehearseArgs([]), { json: false, help: false, options: {} });
  const flags =
    "--url http://h:1 --wav in.wav --out=out.wav --json --turns 2 --interrupt 0 --max-seconds 9 --local";
  assertEquals(parseRehearseArgs(flags.split(" ")), {
    url: "http://h:1",
    wav: "in.wav",
    out: "out.wav",
    json: true,
    help: false,
    options: { turns: 2, interruptMs: 0, maxSeconds: 9, local: true },
  });
});

for (
  const [args, says] of [
    [["--speak"], "Unknown option '--speak'"],
    [["call.wav"], "Unexpected argument 'call.wav'"],
    [["--url"], "--url"],
    [["--turns", "0"], '--turns is "0", a whole number from 1 was expected'],
    [["--interrupt", "soon"], '--interrupt is "soon"'],
    [["--max-seconds", "1.5"], '--max-seconds is "1.5"'],
    [["--script", "a.json", "--turns", "2"], "--turns cannot be had beside --script"],
    [["--script", "a.json", "--url", "http://h:1"], "--url cannot be had beside --script"],
  ] as [string[], string][]
) {
  Deno.test(`names what is wrong with "${args.join(" ")}"`, () => {
    const error = assertThrows(() => parseRehearseArgs(args), TypeError, says);
    assert(error.message.startsWith("Cannot rehearse: "));
  });
}

/** Runs the command with files in memory, against a server of its own. */
async function run(args: string[], files: Record<string, Uint8Array> = {}) {
  await using server = new CallServer({
    twiml: (host) => connectTwiml(host),
    async onStream(stream) {
      stream.speak(100);
      await stream.next("media");
      stream.mark("a");
      // The caller speaks 600 ms after the greeting, for 200 ms.
      for (let i = 0; i < 50; i++) await Promise.race([stream.next("media"), stream.closed]);
      stream.speak(100);
      await stream.closed;
    },
  });
  const texts = { out: "", err: "" };
  const served = { starts: 0, closes: 0 };
  const asked: (string | undefined)[] = [];
  const io: RehearseIo = {
    out: (text) => void (texts.out += text),
    err: (text) => void (texts.err += text),
    errIsTerminal: false,
    readFile: (path) =>
      files[path] ? Promise.resolve(files[path]) : Promise.reject(new Error("no such file")),
    writeFile: (path, bytes) => Promise.resolve(void (files[path] = bytes)),
    serve(audioFormat, modelUrl) {
      served.starts++;
      asked.push(audioFormat, modelUrl);
      return Promise.resolve({ url: server.url, close: () => Promise.resolve(void served.closes++) });
    },
  };
  return { code: await runRehearse(args, io), ...texts, files, served, asked };
}

const tone = (rate: number) =>
  Int16Array.from({ length: rate / 5 }, (_, i) => 9000 * Math.sin(2 * Math.PI * 440 * i / rate));

Deno.test("speaks a stereo WAV at 44.1 kHz, prints the call and writes both sides", async () => {
  const wav = writeWav([tone(44100), tone(44100)], 44100);
  const { code, out, err, files, served } = await run(["--wav", "in.wav", "--out", "out.wav"], {
    "in.wav": wav,
  });
  assertEquals([code, served], [0, { starts: 1, closes: 1 }], out);
  assert(/caller +speaks[^]*turn 1: spoken .* answered after \d+ ms[^]*the call completed\n$/.test(out), out);
  assert(err.includes("the caller waits for the greeting\n") && err.includes("the caller speaks\n"), err);
  const { sampleRate, channels } = readWav(files["out.wav"] ?? new Uint8Array(), "out.wav");
  assertEquals([sampleRate, channels.length], [8000, 2]);
  const peak = Math.max(...channels[0] ?? []);
  assert(peak > 8500 && peak < 9500, `${peak}`);
});

Deno.test("prints one JSON object, and exits with 1 when the call did not complete", async () => {
  const { code, out } = await run(["--json", "--max-seconds", "1"]);
  const { completed, turns, problem } = JSON.parse(out);
  assertEquals([code, completed, turns.length], [1, false, 1]);
  assertEquals(problem, "The caller's turn 1 was not answered (the call has lasted 1 s)");
});

Deno.test("stops before any call when the recording cannot be used", async () => {
  const missing = await run(["--wav", "none.wav"]);
  assertEquals([missing.code, missing.err], [1, 'Cannot read "none.wav": no such file\n']);
  const text = await run(["--wav", "a.txt"], { "a.txt": new TextEncoder().encode("no recording at all") });
  assertEquals([text.code, text.served.starts], [1, 0]);
  assert(text.err.startsWith('Cannot read "a.txt": it does not begin as a WAV file does'), text.err);
});

Deno.test("tells how it is used", async () => {
  const wrong = await run(["--turns", "0"]);
  assertEquals([wrong.code, wrong.served.starts], [2, 0]);
  const { code, out, served } = await run(["--help"]);
  assertEquals([code, served.starts], [0, 0]);
  assert(out.includes("--interrupt MS"));
});

const script = (script: unknown) => ({ "case.json": new TextEncoder().encode(JSON.stringify(script)) });

Deno.test("plays a script against a server with the script's model, and exits as it passed", async () => {
  const turns = [{ caller: { say: 300, hangUp: true } }];
  const passed = await run(
    ["--script", "case.json", "--out", "out.wav", "--audio-format", "pcm16"],
    script({ turns }),
  );
  assertEquals([passed.code, passed.served], [0, { starts: 1, closes: 1 }], passed.out);
  const [format, modelUrl = ""] = passed.asked;
  assert(format === "pcm16" && /^ws:\/\/127\.0\.0\.1:\d+\/v1\/realtime$/.test(modelUrl), modelUrl);
  assert(
    /^case\n\n +ok +case\.json:1 +caller +says 300 ms, hangs up\n[^]*\npassed\n$/.test(passed.out),
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

Deno.test("a script that failed is told with its timeline", async () => {
  const turns = [{ caller: { say: 300, hangUp: true } }];
  const { code, out } = await run(["--script", "case.json"], script({ turns, expect: { digits: "1" } }));
  assertEquals(code, 1);
  assert(/caller +speaks[^]*digits: expected "1", got ""[^]*failed: 1 of 2 steps\n$/.test(out), out);
});

Deno.test("a script that cannot be played starts nothing, and exits with 2", async () => {
  const { code, err, served } = await run(["--script", "case.json"], script({ turns: [{}, 1] }));
  assertEquals([code, served.starts], [2, 0]);
  assertEquals(err, "case.json:1:14: turns[1]: found 1; allowed: an object of model, caller, expect\n");
});
