import { assert, assertEquals } from "@std/assert";
import { decodeBase64 } from "@std/encoding/base64";
import {
  decodeMulaw,
  encodeMulaw,
  MULAW_SILENCE,
  MulawToPcm24,
  Pcm24ToMulaw,
  Resampler,
} from "../../src/audio/mod.ts";
import { SPEECH_AT_8000 } from "./known_conversions.ts";
import { pieces, random } from "./sound.ts";

const SPEECH = encodeMulaw(new Int16Array(decodeBase64(SPEECH_AT_8000).buffer));

function littleEndian(samples: Int16Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * samples.length));
  for (const [i, sample] of samples.entries()) view.setInt16(2 * i, sample, true);
  return new Uint8Array(view.buffer);
}

/** SPEECH as a model would give it. */
function modelSpeech(): Uint8Array {
  const resampler = new Resampler(8000, 24000);
  const samples = decodeMulaw(SPEECH);
  return littleEndian(Int16Array.from([...resampler.process(samples), ...resampler.flush()]));
}

Deno.test("the model hears little-endian PCM, the same however the call is cut into frames", () => {
  const whole = new MulawToPcm24().convert(SPEECH);
  assertEquals(whole, modelSpeech().subarray(0, whole.length));
  assertEquals(whole.length, (SPEECH.length - 28) * 6);
  const next = random(1);
  const toModel = new MulawToPcm24();
  const got = [...pieces(SPEECH, 200, next)].flatMap((piece) => [...toModel.convert(piece)]);
  assertEquals(got, [...whole]);
});

Deno.test("the caller hears the same however the model's PCM is cut, also within samples", () => {
  const pcm = modelSpeech();
  const once = new Pcm24ToMulaw();
  const whole = [...once.convert(pcm), ...once.flush()];
  assertEquals(whole.length, SPEECH.length);
  const next = random(2);
  for (const longest of [1, 2, 5, 961, 9601]) {
    const toCaller = new Pcm24ToMulaw();
    const got = [...pieces(pcm, longest, next)].flatMap((piece) => [...toCaller.convert(piece)]);
    assertEquals([...got, ...toCaller.flush()], whole);
  }
});

Deno.test("a call that goes up to the model and straight back comes back unchanged", () => {
  const toCaller = new Pcm24ToMulaw();
  const echo = Uint8Array.from([...toCaller.convert(modelSpeech()), ...toCaller.flush()]);
  // The ends are cut off, which rings. A zero may change its sign, which is not heard.
  assertEquals([...decodeMulaw(echo)].slice(30, -30), [...decodeMulaw(SPEECH)].slice(30, -30));
});

Deno.test("milliseconds are exact: each 48 bytes of PCM become 8 of µ-law once flushed", () => {
  const toCaller = new Pcm24ToMulaw();
  for (const ms of [0, 1, 2, 3, 4, 20, 37, 1000]) {
    const played = toCaller.convert(new Uint8Array(48 * ms)).length + toCaller.flush().length;
    assertEquals(played, 8 * ms);
  }
});

Deno.test("each item begins anew after flush, whatever the last one left", () => {
  const pcm = modelSpeech().subarray(0, 9600);
  const wanted = new Pcm24ToMulaw().convert(pcm);
  const toCaller = new Pcm24ToMulaw();
  toCaller.convert(modelSpeech().subarray(0, 4801)); // ends with half a sample
  toCaller.flush();
  assertEquals(toCaller.convert(pcm), wanted);
});

Deno.test("half a sample at the end is dropped", () => {
  const pcm = modelSpeech().subarray(0, 961);
  const [toCaller, wanted] = [new Pcm24ToMulaw(), new Pcm24ToMulaw()];
  assertEquals(
    [...toCaller.convert(pcm), ...toCaller.flush()],
    [...wanted.convert(pcm.subarray(0, 960)), ...wanted.flush()],
  );
});

Deno.test("nothing becomes nothing, silence becomes silence", () => {
  assertEquals(new MulawToPcm24().convert(new Uint8Array()).length, 0);
  assertEquals(new Pcm24ToMulaw().convert(new Uint8Array()).length, 0);
  assertEquals(new Pcm24ToMulaw().flush().length, 0);
  const pcm = new MulawToPcm24().convert(new Uint8Array(800).fill(MULAW_SILENCE));
  assert(pcm.every((byte) => byte === 0));
  assert(new Pcm24ToMulaw().convert(new Uint8Array(4800)).every((byte) => byte === MULAW_SILENCE));
});

Deno.test("what was handed out is not written again", () => {
  for (
    const { converter, input } of [
      { converter: new MulawToPcm24(), input: SPEECH },
      { converter: new Pcm24ToMulaw(), input: modelSpeech() },
    ]
  ) {
    const first = converter.convert(input.subarray(0, 800));
    const kept = first.slice();
    converter.convert(input.subarray(800));
    assertEquals(first, kept);
  }
});
