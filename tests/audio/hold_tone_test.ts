import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { decodeMulaw, MULAW_SILENCE } from "../../src/audio/g711.js";
import { holdTone } from "../../src/audio/hold_tone.ts";
import { level } from "./signals.ts";
import { milliwatt, toneLevel } from "./tones.ts";

Deno.test("holdTone() has the given length, at -30 dBm0", () => {
  for (const ms of [500, 2_000, 3_333]) {
    const tone = holdTone(ms);
    assertEquals(tone.length, ms * 8);
    assertAlmostEquals(level(decodeMulaw(tone)) - level(milliwatt()), -30, 0.2, `${ms} ms`);
  }
});

Deno.test("holdTone() starts and ends in silence, so a loop is seamless", () => {
  const tone = holdTone(2_000);
  for (const edge of [tone.subarray(0, 80), tone.subarray(-80)]) {
    assert(Math.max(...decodeMulaw(edge).map(Math.abs)) <= 4, "10 ms at the seam");
  }
  assertEquals(tone[0], MULAW_SILENCE);
});

Deno.test("holdTone() contains no DTMF, network or fax tone", () => {
  const samples = decodeMulaw(holdTone(2_000));
  for (const hertz of [350, 425, 440, 480, 620, 697, 770, 852, 941, 1100, 1209, 1336, 1477, 1633, 2100]) {
    assert(toneLevel(samples, hertz) < level(samples) - 30, `${hertz} Hz`);
  }
});
