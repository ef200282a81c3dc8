import { assertEquals, assertThrows } from "@std/assert";
import {
  decodeAlaw,
  decodeAlawInto,
  decodeMulaw,
  decodeMulawInto,
  encodeAlaw,
  encodeAlawInto,
  encodeMulaw,
  encodeMulawInto,
} from "../../src/audio/mod.ts";
import { ALAW_DECODED, ALAW_ENCODED, MULAW_DECODED, MULAW_ENCODED } from "./known_answers.ts";

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const EVERY_SAMPLE = Int16Array.from({ length: 65536 }, (_, index) => index - 32768);
const numbers = (list: string) => list.trim().split(/\s+/).map(Number);

function soxEncoded(runs: string): Uint8Array {
  const bytes = new Uint8Array(65536);
  for (const run of runs.trim().split(/\s+/)) {
    const [sample, byte] = run.split(":").map(Number);
    bytes.fill(byte ?? 0, (sample ?? 0) + 32768);
  }
  return bytes;
}

Deno.test("every byte decodes to the sample sox decodes it to", () => {
  assertEquals([...decodeMulaw(EVERY_BYTE)], numbers(MULAW_DECODED));
  assertEquals([...decodeAlaw(EVERY_BYTE)], numbers(ALAW_DECODED));
});

/** The samples at which the byte becomes another, from the lowest up. */
function changes(bytes: Uint8Array): number[] {
  const at: number[] = [];
  for (let i = 1; i < bytes.length; i++) if (bytes[i] !== bytes[i - 1]) at.push(i - 32768);
  return at;
}

// G.711's tables 1a and 2a: eight segments of sixteen steps, on both sides of zero. µ-law's first step is cut in half
// by zero, so its first segment begins one below it.
function decisionValues(starts: number[], steps: number[], scale: number): number[] {
  const values = starts.flatMap((start, s) =>
    Array.from({ length: 16 }, (_, i) => start + i * (steps[s] ?? 0))
  );
  const above = values.filter((value) => value > 0).map((value) => value * scale);
  return [...above.map((value) => -value).reverse(), 0, ...above];
}

Deno.test("µ-law changes its byte exactly at G.711's decision values", () => {
  const starts = [-1, 31, 95, 223, 479, 991, 2015, 4063];
  const expected = decisionValues(starts, [2, 4, 8, 16, 32, 64, 128, 256], 4);
  assertEquals(changes(encodeMulaw(EVERY_SAMPLE)), expected);
});

Deno.test("A-law changes its byte exactly at G.711's decision values", () => {
  const starts = [0, 32, 64, 128, 256, 512, 1024, 2048];
  const expected = decisionValues(starts, [2, 2, 4, 8, 16, 32, 64, 128], 8);
  assertEquals(changes(encodeAlaw(EVERY_SAMPLE)), expected);
});

Deno.test("µ-law differs from sox on 510 samples beside decision values, and is never farther from one", () => {
  const [ours, sox] = [encodeMulaw(EVERY_SAMPLE), soxEncoded(MULAW_ENCODED)];
  const differing = [...EVERY_SAMPLE].filter((_, i) => ours[i] !== sox[i]);
  assertEquals(differing.length, 510);
  assertEquals(farther(ours, sox, decodeMulaw), []);
});

Deno.test("A-law is farther from a sample than sox on 23 samples, where G.711's decision is not the middle", () => {
  const [ours, sox] = [encodeAlaw(EVERY_SAMPLE), soxEncoded(ALAW_ENCODED)];
  assertEquals([...EVERY_SAMPLE].filter((_, i) => ours[i] !== sox[i]).length, 1020);
  // At -2^k two segments meet, and G.711 decides nearer to the smaller output: just below, that is the nearer one, and
  // sox goes over to it 4 samples early. At -516 both are equally far.
  const below = [16384, 8192, 4096, 2048, 1024, 512].flatMap((join) => [4, 3, 2, 1].map((by) => -join - by));
  assertEquals(farther(ours, sox, decodeAlaw), below.filter((sample) => sample !== -516));
});

function farther(ours: Uint8Array, sox: Uint8Array, decode: (bytes: Uint8Array) => Int16Array): number[] {
  const [a, b] = [decode(ours), decode(sox)];
  return [...EVERY_SAMPLE].filter((x, i) => Math.abs((a[i] ?? 0) - x) > Math.abs((b[i] ?? 0) - x));
}

Deno.test("what was decoded encodes to the byte it came from", () => {
  assertEquals(encodeAlaw(decodeAlaw(EVERY_BYTE)), EVERY_BYTE);
  // µ-law has two zeros, and a sample has one: -0 (0x7f) comes back as +0.
  assertEquals(encodeMulaw(decodeMulaw(EVERY_BYTE)), EVERY_BYTE.map((byte) => byte === 0x7f ? 0xff : byte));
});

Deno.test("writes into the beginning of what it is given, and refuses what is too small", () => {
  const [samples, bytes] = [Int16Array.of(0, 1000, -1000), Uint8Array.of(0xff, 0x00, 0x80)];
  const [roomForSamples, roomForBytes] = [new Int16Array(4), new Uint8Array(4)];
  assertEquals(decodeMulawInto(bytes, roomForSamples), 3);
  assertEquals([...roomForSamples], [...decodeMulaw(bytes), 0]);
  assertEquals(decodeAlawInto(bytes, roomForSamples), 3);
  assertEquals([...roomForSamples], [...decodeAlaw(bytes), 0]);
  assertEquals(encodeMulawInto(samples, roomForBytes), 3);
  assertEquals([...roomForBytes], [...encodeMulaw(samples), 0]);
  assertEquals(encodeAlawInto(samples, roomForBytes), 3);
  assertEquals([...roomForBytes], [...encodeAlaw(samples), 0]);
  const says = "G.711: 3 samples and room for 2";
  assertThrows(() => decodeMulawInto(bytes, new Int16Array(2)), RangeError, `Cannot decode ${says}`);
  assertThrows(() => encodeMulawInto(samples, new Uint8Array(2)), RangeError, `Cannot encode ${says}`);
});
