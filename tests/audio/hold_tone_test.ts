import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { holdTone } from "../../src/audio/hold_tone.ts";
import { decodeMulaw, MULAW_SILENCE } from "../../src/audio/mod.ts";
import { level } from "./sound.ts";
import { milliwatt, toneLevel } from "./tones.ts";

Deno.test("holdTone() lasts as long as it is asked to, at -30 dBm0", () => {
  for (const ms of [500, 2_000, 3_333]) {
    const tone = holdTone(ms);
    assertEquals(tone.length, ms * 8);
    assertAlmostEquals(level(decodeMulaw(tone)) - level(milliwatt()), -30, 0.2, `${ms} ms`);
  }
});

Deno.test("holdTone() begins and ends in silence, so that a loop of it has no seam", () => {
  const tone = holdTone(2_000);
  for (const edge of [tone.subarray(0, 80), tone.subarray(-80)]) {
    assert(Math.max(...decodeMulaw(edge).map(Math.abs)) <= 4, "10 ms at the seam");
  }
  assertEquals(tone[0], MULAW_SILENCE);
});

Deno.test("holdTone() is heard neither as a key nor as a tone of the network or of a fax", () => {
  const samples = decodeMulaw(holdTone(2_000));
  for (const hertz of [350, 425, 440, 480, 620, 697, 770, 852, 941, 1100, 1209, 1336, 1477, 1633, 2100]) {
    assert(toneLevel(samples, hertz) < level(samples) - 30, `${hertz} Hz`);
  }
});
