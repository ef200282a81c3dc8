import { assertEquals, assertThrows } from "@std/assert";
import { decodeAlaw, decodeMulaw, decodeMulawInto, encodeAlaw, encodeMulaw } from "../../src/audio/g711.js";
import sox from "./sox.json" with { type: "json" };

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const EVERY_SAMPLE = Int16Array.from({ length: 65536 }, (_, index) => index - 32768);
const numbers = (list: string) => list.split(" ").map(Number);

function soxEncoded(runs: string): Uint8Array {
  const bytes = new Uint8Array(65536);
  for (const run of runs.split(" ")) {
    const [sample, byte] = run.split(":").map(Number);
    bytes.fill(byte ?? 0, (sample ?? 0) + 32768);
  }
  return bytes;
}

Deno.test("decodeMulaw() and decodeAlaw() decode every byte like sox", () => {
  assertEquals([...decodeMulaw(EVERY_BYTE)], numbers(sox.mulawDecoded));
  assertEquals([...decodeAlaw(EVERY_BYTE)], numbers(sox.alawDecoded));
});

/** The samples at which the byte changes, ascending. */
function changes(bytes: Uint8Array): number[] {
  const at: number[] = [];
  for (let i = 1; i < bytes.length; i++) if (bytes[i] !== bytes[i - 1]) at.push(i - 32768);
  return at;
}

// G.711, tables 1a and 2a: eight segments of sixteen steps on both sides of zero. Zero halves µ-law's first step, so its
// first segment starts one below.
function decisionValues(starts: number[], steps: number[], scale: number): number[] {
  const values = starts.flatMap((start, s) =>
    Array.from({ length: 16 }, (_, i) => start + i * (steps[s] ?? 0))
  );
  const above = values.filter((value) => value > 0).map((value) => value * scale);
  return [...above.map((value) => -value).reverse(), 0, ...above];
}

Deno.test("encodeMulaw() changes the byte exactly at the decision values of G.711", () => {
  const starts = [-1, 31, 95, 223, 479, 991, 2015, 4063];
  const expected = decisionValues(starts, [2, 4, 8, 16, 32, 64, 128, 256], 4);
  assertEquals(changes(encodeMulaw(EVERY_SAMPLE)), expected);
});

Deno.test("encodeAlaw() changes the byte exactly at the decision values of G.711", () => {
  const starts = [0, 32, 64, 128, 256, 512, 1024, 2048];
  const expected = decisionValues(starts, [2, 2, 4, 8, 16, 32, 64, 128], 8);
  assertEquals(changes(encodeAlaw(EVERY_SAMPLE)), expected);
});

Deno.test("encodeMulaw() differs from sox on 510 samples and is never less accurate", () => {
  const [ours, theirs] = [encodeMulaw(EVERY_SAMPLE), soxEncoded(sox.mulawEncoded)];
  const differing = [...EVERY_SAMPLE].filter((_, i) => ours[i] !== theirs[i]);
  assertEquals(differing.length, 510);
  assertEquals(lessAccurate(ours, theirs, decodeMulaw), []);
});

Deno.test("encodeAlaw() is less accurate than sox on 23 samples, where G.711's decision value is not the middle", () => {
  const [ours, theirs] = [encodeAlaw(EVERY_SAMPLE), soxEncoded(sox.alawEncoded)];
  assertEquals([...EVERY_SAMPLE].filter((_, i) => ours[i] !== theirs[i]).length, 1020);
  // At -2^k two segments meet, and G.711's decision value is closer to the smaller output. sox switches 4 samples earlier,
  // where the smaller output is closer. At -516 both are equally far.
  const below = [16384, 8192, 4096, 2048, 1024, 512].flatMap((join) => [4, 3, 2, 1].map((by) => -join - by));
  assertEquals(lessAccurate(ours, theirs, decodeAlaw), below.filter((sample) => sample !== -516));
});

function lessAccurate(
  ours: Uint8Array,
  theirs: Uint8Array,
  decode: (bytes: Uint8Array) => Int16Array,
): number[] {
  const [a, b] = [decode(ours), decode(theirs)];
  return [...EVERY_SAMPLE].filter((x, i) => Math.abs((a[i] ?? 0) - x) > Math.abs((b[i] ?? 0) - x));
}

Deno.test("encodeMulaw() and encodeAlaw() restore every decoded byte", () => {
  assertEquals(encodeAlaw(decodeAlaw(EVERY_BYTE)), EVERY_BYTE);
  // µ-law has two zeros: -0 (0x7f) comes back as +0 (0xff).
  assertEquals(encodeMulaw(decodeMulaw(EVERY_BYTE)), EVERY_BYTE.map((byte) => byte === 0x7f ? 0xff : byte));
});

Deno.test("decodeMulawInto() writes to the start of an array and throws if it is too short", () => {
  const bytes = Uint8Array.of(0xff, 0x00, 0x80);
  const samples = new Int16Array(4);
  assertEquals(decodeMulawInto(bytes, samples), 3);
  assertEquals([...samples], [...decodeMulaw(bytes), 0]);
  assertThrows(
    () => decodeMulawInto(bytes, new Int16Array(2)),
    RangeError,
    "Cannot decode G.711: 3 samples do not fit in an array of 2",
  );
});
