import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { convertRate } from "../../../src/audio/convert_rate.ts";
import { decodeMulaw, encodeMulaw } from "../../../src/audio/g711.ts";
import { findHeard } from "../../../src/simulator/script/heard.ts";
import { madeUpVoice, msToSay } from "../../../src/simulator/script/voice.ts";

const TEXTS = [
  "Yes.",
  "Goodbye.",
  "Hello, how can I help?",
  "I will put you through to sales.",
  "Sorry. I am here.",
];
const said = (text: string) => madeUpVoice(msToSay(text), text);

/** As it comes off the line: through the codec, and where the model speaks PCM through two filters. */
const WAYS: Record<string, (samples: Int16Array) => Int16Array> = {
  pcmu: (samples) => decodeMulaw(encodeMulaw(samples)),
  pcm16: (samples) => decodeMulaw(encodeMulaw(convertRate(convertRate(samples, 8000, 24000), 24000, 8000))),
};

/** Three seconds of line, with this on it at a place of no whole block. */
function recordingOf(heard: Int16Array, at: number): Int16Array {
  const recording = new Int16Array(48_000);
  recording.set(said("Something else."), 1000);
  recording.set(heard, at);
  return recording;
}

for (const [way, off] of Object.entries(WAYS)) {
  for (const text of TEXTS) {
    Deno.test(`finds ${JSON.stringify(text)} whole and cut, by way of ${way}`, () => {
      const heard = off(said(text));
      const whole = findHeard(said(text), recordingOf(heard, 9003));
      assertEquals(whole?.length, heard.length);
      assertAlmostEquals(whole?.at ?? 0, 9003, 80);

      const cut = Math.round(heard.length * 0.9);
      const part = findHeard(said(text), recordingOf(heard.subarray(0, cut), 9003));
      // A gap between two syllables sounds like the end.
      assertAlmostEquals(part?.length ?? 0, cut, 60 * 8);
      assert((part?.length ?? 0) < heard.length);
    });
  }
}

Deno.test("each text sounds like itself alone, and always the same", () => {
  for (const one of TEXTS) {
    assertEquals(said(one), said(one));
    for (const other of TEXTS) {
      if (one !== other) assertEquals(findHeard(said(one), recordingOf(said(other), 9000)), undefined);
    }
  }
});

Deno.test("what was heard for 0.3 seconds or less counts as nothing", () => {
  const heard = said("Hello, how can I help?");
  assertEquals(findHeard(heard, recordingOf(heard.subarray(0, 1600), 9000)), undefined);
});

Deno.test("of two times the first counts, from the given place on", () => {
  const heard = said("Goodbye.");
  const recording = recordingOf(heard, 9000);
  recording.set(heard, 20_000);
  assertAlmostEquals(findHeard(heard, recording)?.at ?? 0, 9000, 20);
  assertAlmostEquals(findHeard(heard, recording, 9500)?.at ?? 0, 20_000, 20);
  assertEquals(findHeard(heard, recording, 21_000), undefined);
});

Deno.test("a made-up voice lasts as long as it was asked to", () => {
  for (const ms of [200, 250, 999, 3000]) assertEquals(madeUpVoice(ms, "x").length, ms * 8);
  assertEquals([msToSay("Hi"), msToSay("Hello, how can I help?")], [360, 1320]);
});

Deno.test("finds all of many texts, wherever it begins to look", () => {
  for (let i = 0; i < 200; i++) {
    const heard = WAYS.pcmu?.(said(`Text ${i}`)) ?? new Int16Array();
    const at = 12_000 + 7 * i;
    const found = findHeard(said(`Text ${i}`), recordingOf(heard, at), 11_900 * ((i * 0.37) % 1));
    assertAlmostEquals(found?.at ?? 0, at, 80, `text ${i}`);
    assertAlmostEquals(found?.length ?? 0, heard.length, 60 * 8, `text ${i}`);
  }
});
