/**
 * Measures the conversion of one frame of 20 ms. Results and machine: CODEC_RESULTS.md.
 *
 *     deno bench -A bench/codec_bench.ts
 */

import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
import { decodeMulaw, encodeMulaw } from "../src/audio/g711.js";
import { speechFilter } from "../src/audio/low_pass.js";
import { Resampler } from "../src/audio/resampler.js";
import { createWireAudio } from "../src/model/wire_audio.ts";
import { base64Decode, base64Encode } from "./codec_base64.ts";

const SAMPLES_8 = Int16Array.from({ length: 160 }, (_, i) => Math.round(9000 * Math.sin(i / 3)));
const MULAW = encodeMulaw(SAMPLES_8);
const SAMPLES_24 = Int16Array.from({ length: 480 }, (_, i) => Math.round(9000 * Math.sin(i / 9)));
const PCM = new Uint8Array(SAMPLES_24.buffer);
const [MULAW_BASE64, PCM_BASE64] = [MULAW.toBase64(), PCM.toBase64()];

const wire = createWireAudio("pcm16");
const group = "a frame in pcm16 mode, base64 to base64";
Deno.bench("caller to model", { group, baseline: true }, () => void wire.encodeCallerAudio(MULAW_BASE64));
Deno.bench("model to caller", { group }, () => void wire.decodeModelAudio("item", PCM_BASE64).toBase64());

Deno.bench("decode", { group: "160 bytes of µ-law" }, () => void decodeMulaw(MULAW));
Deno.bench("encode", { group: "160 bytes of µ-law" }, () => void encodeMulaw(SAMPLES_8));

const into = new Int16Array(482);
for (const [from, to, input] of [[8000, 24000, SAMPLES_8], [24000, 8000, SAMPLES_24]] as const) {
  const group = `20 ms from ${from} to ${to}`;
  const resampler = new Resampler(speechFilter(from, to));
  Deno.bench("ours, processInto", { group, baseline: true }, () => void resampler.processInto(input, into));
  const allocating = new Resampler(speechFilter(from, to));
  Deno.bench("ours, process", { group }, () => void allocating.process(input));
  Deno.bench("naive linear", { group }, () => void interpolate(input, from, to, into));
}

for (const [what, bytes] of [["160 bytes of µ-law", MULAW], ["960 bytes of PCM", PCM]] as const) {
  const text = bytes.toBase64();
  const decoding = { group: `base64 to ${what}` };
  Deno.bench(
    "Uint8Array.fromBase64",
    { ...decoding, baseline: true },
    () => void Uint8Array.fromBase64(text),
  );
  const reused = new Uint8Array(bytes.length);
  Deno.bench("setFromBase64 into one array", decoding, () => void reused.setFromBase64(text));
  Deno.bench("@std/encoding", decoding, () => void decodeBase64(text));
  Deno.bench("own tables", decoding, () => void base64Decode(text));
  const encoding = { group: `${what} to base64` };
  Deno.bench("Uint8Array.toBase64", { ...encoding, baseline: true }, () => void bytes.toBase64());
  Deno.bench("@std/encoding", encoding, () => void encodeBase64(bytes));
  Deno.bench("own tables", encoding, () => void base64Encode(bytes));
}

/** Linear interpolation between neighbours, without state across chunks, as in most bridges. */
function interpolate(samples: Int16Array, from: number, to: number, out: Int16Array): number {
  const length = samples.length * to / from;
  for (let n = 0; n < length; n++) {
    const at = n * from / to;
    const before = Math.floor(at);
    const [a, b] = [samples[before] ?? 0, samples[before + 1] ?? samples[before] ?? 0];
    out[n] = a + (b - a) * (at - before);
  }
  return length;
}
