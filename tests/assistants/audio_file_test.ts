import { assertEquals } from "@std/assert";
import { decodeMulaw, encodeMulaw } from "../../src/audio/g711.js";
import { writeWav } from "../../src/audio/wav.ts";
import { loadOne, problemsOf } from "./support.ts";

const samples = (ms: number, rate: number) =>
  Int16Array.from(
    { length: ms * rate / 1000 },
    (_, index) => 8_000 * Math.sin(2 * Math.PI * 440 * index / rate),
  );

const PHRASE = samples(500, 8_000);
const entry = (audio: string) => ({ holding: { afterMs: 1_000, audio } });
const where = "assistants.one.holding.audio: found";

Deno.test("Assistant without holding plays only the tone, after 800 ms", () => {
  assertEquals(loadOne({}).holding, { afterMs: 800, audio: undefined });
});

Deno.test("Assistant's holding audio is read relative to the assistants file, as µ-law", () => {
  const { holding } = loadOne(entry("wait.wav"), {}, {
    binary: { "etc/wait.wav": writeWav([PHRASE, new Int16Array(PHRASE.length)], 8_000) },
  });
  assertEquals(holding, { afterMs: 1_000, audio: encodeMulaw(PHRASE).toBase64() });
});

Deno.test("Assistant's holding audio of another sample rate is converted", () => {
  const { holding } = loadOne(entry("/srv/wait.wav"), {}, {
    binary: { "/srv/wait.wav": writeWav([samples(500, 44_100)], 44_100) },
  });
  const heard = decodeMulaw(Uint8Array.fromBase64(holding.audio ?? ""));
  assertEquals(heard.length, 4_000);
  const errors = heard.slice(200, 3_800).map((sample, index) =>
    Math.abs(sample - (PHRASE[index + 200] ?? 0))
  );
  assertEquals(Math.max(...errors) < 500, true, `differs by up to ${Math.max(...errors)}`);
});

Deno.test("Assistant's holding audio that cannot be used is reported with its reason", () => {
  const binary = {
    "etc/text.wav": new TextEncoder().encode("not a WAV file"),
    "etc/long.wav": writeWav([new Int16Array(8_000 * 30 + 1)], 8_000),
  };
  const problemOf = (file: string) =>
    problemsOf(entry(file), {}, { binary, files: { "etc/secret.wav": "forbidden" } });
  assertEquals(problemOf("none.wav"), [
    `${where} "none.wav", which does not exist; set it to an existing WAV file, relative to the assistants file`,
  ]);
  assertEquals(problemOf("long.wav"), [`${where} "long.wav", which lasts 31 s; allowed: at most 30 s`]);
  assertEquals(problemOf("text.wav"), [
    `${where} "text.wav", which cannot be used: it is not a WAV file ("RIFF", a size, "WAVE"); convert it, for example with sox or ffmpeg`,
  ]);
  assertEquals(problemOf("secret.wav"), [`${where} "secret.wav", which cannot be read: not allowed`]);
});
