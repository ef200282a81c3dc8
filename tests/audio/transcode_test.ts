import { assert, assertEquals } from "@std/assert";
import { decodeBase64 } from "@std/encoding/base64";
import { decodeMulaw, encodeMulaw, MULAW_SILENCE } from "../../src/audio/g711.js";
import { speechFilter } from "../../src/audio/low_pass.js";
import { Resampler } from "../../src/audio/resampler.js";
import { MulawToPcm24, Pcm24ToMulaw } from "../../src/audio/transcode.ts";
import { randomFrom } from "../support/random.ts";
import sox from "./sox.json" with { type: "json" };
import { randomChunks } from "./signals.ts";

const SPEECH = encodeMulaw(new Int16Array(decodeBase64(sox.speechAt8000).buffer));

function littleEndian(samples: Int16Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * samples.length));
  for (const [i, sample] of samples.entries()) view.setInt16(2 * i, sample, true);
  return new Uint8Array(view.buffer);
}

/** SPEECH as model audio. */
function modelSpeech(): Uint8Array {
  const resampler = new Resampler(speechFilter(8000, 24000));
  const samples = decodeMulaw(SPEECH);
  return littleEndian(Int16Array.from([...resampler.process(samples), ...resampler.flush()]));
}

Deno.test("MulawToPcm24 yields little-endian PCM, the same for any frames", () => {
  const whole = new MulawToPcm24().convert(SPEECH);
  assertEquals(whole, modelSpeech().subarray(0, whole.length));
  assertEquals(whole.length, (SPEECH.length - 28) * 6);
  const next = randomFrom(1);
  const toModel = new MulawToPcm24();
  const actual = [...randomChunks(SPEECH, 200, next)].flatMap((chunk) => [...toModel.convert(chunk)]);
  assertEquals(actual, [...whole]);
});

Deno.test("Pcm24ToMulaw yields the same for any chunks, even cut within samples", () => {
  const pcm = modelSpeech();
  const once = new Pcm24ToMulaw();
  const whole = [...once.convert(pcm), ...once.flush()];
  assertEquals(whole.length, SPEECH.length);
  const next = randomFrom(2);
  for (const longest of [1, 2, 5, 961, 9601]) {
    const toCaller = new Pcm24ToMulaw();
    const actual = [...randomChunks(pcm, longest, next)].flatMap((chunk) => [...toCaller.convert(chunk)]);
    assertEquals([...actual, ...toCaller.flush()], whole);
  }
});

Deno.test("MulawToPcm24 and Pcm24ToMulaw return a call unchanged", () => {
  const toCaller = new Pcm24ToMulaw();
  const echo = Uint8Array.from([...toCaller.convert(modelSpeech()), ...toCaller.flush()]);
  // The filter rings at the ends. A zero may change its sign, which is inaudible.
  assertEquals([...decodeMulaw(echo)].slice(30, -30), [...decodeMulaw(SPEECH)].slice(30, -30));
});

Deno.test("Pcm24ToMulaw yields 8 bytes of µ-law for each 48 bytes of PCM after a flush", () => {
  const toCaller = new Pcm24ToMulaw();
  for (const ms of [0, 1, 2, 3, 4, 20, 37, 1000]) {
    const played = toCaller.convert(new Uint8Array(48 * ms)).length + toCaller.flush().length;
    assertEquals(played, 8 * ms);
  }
});

Deno.test("Pcm24ToMulaw starts anew after a flush", () => {
  const pcm = modelSpeech().subarray(0, 9600);
  const expected = new Pcm24ToMulaw().convert(pcm);
  const toCaller = new Pcm24ToMulaw();
  toCaller.convert(modelSpeech().subarray(0, 4801)); // ends with half a sample
  toCaller.flush();
  assertEquals(toCaller.convert(pcm), expected);
});

Deno.test("Pcm24ToMulaw drops half a sample at the end of an item", () => {
  const pcm = modelSpeech().subarray(0, 961);
  const [toCaller, reference] = [new Pcm24ToMulaw(), new Pcm24ToMulaw()];
  assertEquals(
    [...toCaller.convert(pcm), ...toCaller.flush()],
    [...reference.convert(pcm.subarray(0, 960)), ...reference.flush()],
  );
});

Deno.test("MulawToPcm24 and Pcm24ToMulaw keep silence and empty input", () => {
  assertEquals(new MulawToPcm24().convert(new Uint8Array()).length, 0);
  assertEquals(new Pcm24ToMulaw().convert(new Uint8Array()).length, 0);
  assertEquals(new Pcm24ToMulaw().flush().length, 0);
  const pcm = new MulawToPcm24().convert(new Uint8Array(800).fill(MULAW_SILENCE));
  assert(pcm.every((byte) => byte === 0));
  assert(new Pcm24ToMulaw().convert(new Uint8Array(4800)).every((byte) => byte === MULAW_SILENCE));
});

Deno.test("MulawToPcm24 and Pcm24ToMulaw do not reuse returned arrays", () => {
  for (
    const { converter, input } of [
      { converter: new MulawToPcm24(), input: SPEECH },
      { converter: new Pcm24ToMulaw(), input: modelSpeech() },
    ]
  ) {
    const first = converter.convert(input.subarray(0, 800));
    const copy = first.slice();
    converter.convert(input.subarray(800));
    assertEquals(first, copy);
  }
});
