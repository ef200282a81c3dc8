import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { convertRate } from "../../../src/audio/convert_rate.ts";
import { decodeMulaw, encodeMulaw } from "../../../src/audio/g711.js";
import { findAudio } from "../../../src/simulator/script/audio_search.ts";
import { speakingMs, syntheticVoice } from "../../../src/simulator/synthetic_voice.ts";

const TEXTS = [
  "Yes.",
  "Goodbye.",
  "Hello, how can I help?",
  "I will put you through to sales.",
  "Sorry. I am here.",
];
const synthesize = (text: string) => syntheticVoice(speakingMs(text), text);
const voices = new Map<string, Int16Array>();
/** The synthetic voice of `text`, cached because synthesis takes most of this file's time. */
function voiceOf(text: string): Int16Array {
  const voice = voices.get(text) ?? synthesize(text);
  voices.set(text, voice);
  return voice;
}

/** The processing on the line: the codec, and two filters if the model uses PCM. */
const WAYS: Record<string, (samples: Int16Array) => Int16Array> = {
  pcmu: (samples) => decodeMulaw(encodeMulaw(samples)),
  pcm16: (samples) => decodeMulaw(encodeMulaw(convertRate(convertRate(samples, 8000, 24000), 24000, 8000))),
};

/** Three seconds of a line with this audio at a place that is not a multiple of a block. */
function recordingOf(heard: Int16Array, at: number): Int16Array {
  const recording = new Int16Array(48_000);
  recording.set(voiceOf("Something else."), 1000);
  recording.set(heard, at);
  return recording;
}

for (const [way, off] of Object.entries(WAYS)) {
  for (const text of TEXTS) {
    Deno.test(`findAudio() finds ${JSON.stringify(text)} whole and cut off, over ${way}`, () => {
      const heard = off(voiceOf(text));
      const whole = findAudio(voiceOf(text), recordingOf(heard, 9003));
      assertEquals(whole?.length, heard.length);
      assertAlmostEquals(whole?.at ?? 0, 9003, 80);

      const cut = Math.round(heard.length * 0.9);
      const part = findAudio(voiceOf(text), recordingOf(heard.subarray(0, cut), 9003));
      // A gap between two syllables resembles the end.
      assertAlmostEquals(part?.length ?? 0, cut, 60 * 8);
      assert((part?.length ?? 0) < heard.length);
    });
  }
}

Deno.test("syntheticVoice() gives each text a sound of its own, always the same", () => {
  for (const one of TEXTS) {
    assertEquals(synthesize(one), voiceOf(one));
    for (const other of TEXTS) {
      if (one !== other) assertEquals(findAudio(voiceOf(one), recordingOf(voiceOf(other), 9000)), undefined);
    }
  }
});

Deno.test("findAudio() ignores a match of 0.3 s or less", () => {
  const heard = voiceOf("Hello, how can I help?");
  assertEquals(findAudio(heard, recordingOf(heard.subarray(0, 1600), 9000)), undefined);
});

Deno.test("findAudio() returns the first match after the given place", () => {
  const heard = voiceOf("Goodbye.");
  const recording = recordingOf(heard, 9000);
  recording.set(heard, 20_000);
  assertAlmostEquals(findAudio(heard, recording)?.at ?? 0, 9000, 20);
  assertAlmostEquals(findAudio(heard, recording, 9500)?.at ?? 0, 20_000, 20);
  assertEquals(findAudio(heard, recording, 21_000), undefined);
});

Deno.test("syntheticVoice() has the given duration", () => {
  for (const ms of [200, 250, 999, 3000]) assertEquals(syntheticVoice(ms, "x").length, ms * 8);
  assertEquals([speakingMs("Hi"), speakingMs("Hello, how can I help?")], [360, 1320]);
});

Deno.test("findAudio() finds 200 texts from different places", () => {
  for (let i = 0; i < 200; i++) {
    const heard = WAYS.pcmu?.(voiceOf(`Text ${i}`)) ?? new Int16Array();
    const at = 12_000 + 7 * i;
    const match = findAudio(voiceOf(`Text ${i}`), recordingOf(heard, at), 11_900 * ((i * 0.37) % 1));
    assertAlmostEquals(match?.at ?? 0, at, 80, `text ${i}`);
    assertAlmostEquals(match?.length ?? 0, heard.length, 60 * 8, `text ${i}`);
  }
});
