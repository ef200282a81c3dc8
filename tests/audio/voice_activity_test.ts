import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import {
  VoiceActivity,
  type VoiceActivitySettings,
  type VoiceTransition,
} from "../../src/audio/voice_activity.ts";
import { joined, noise, silence, speechLike } from "../simulator/model/support.ts";

function click(ms: number): Int16Array {
  return Int16Array.from({ length: ms * 8 }, (_, index) => 30000 * Math.cos(index));
}

function quiet(gain: number): Int16Array {
  return speechLike(1000).map((sample) => sample * gain);
}

/** Onset and end of the speech of a turn (ms); a turn in progress has no end. */
type Turn = [onsetMs: number, endMs?: number];

const cases: [name: string, audio: Int16Array, turns: Turn[], settings?: Partial<VoiceActivitySettings>][] = [
  ["silence", silence(3000), []],
  ["faint line noise", noise(10_000, -50), []],
  ["a click", joined(silence(500), click(20), silence(1000)), []],
  ["a click every half second", joined(...Array(6).fill(joined(click(20), silence(480)))), []],
  ["speech", joined(silence(1000), speechLike(1500), silence(1000)), [[1000, 2500]]],
  [
    "speech over line noise",
    joined(noise(1000, -50), speechLike(1500), noise(1000, -50)),
    [[1000, 2500]],
  ],
  ["speech that does not end", joined(silence(1000), speechLike(1500)), [[1000]]],
  [
    "speech with short pauses",
    joined(speechLike(1000), silence(400), speechLike(1000), silence(400), speechLike(500), silence(600)),
    [[0, 3300]],
  ],
  [
    "short pauses with a short silence setting",
    joined(speechLike(1000), silence(400), speechLike(1000), silence(600)),
    [[0, 1000], [1400, 2400]],
    { silenceMs: 300 },
  ],
  [
    "two turns",
    joined(silence(500), speechLike(1000), silence(1000), speechLike(750), silence(1000)),
    [[500, 1500], [2500, 3250]],
  ],
  ["speech followed by a click", joined(speechLike(1000), silence(300), click(20), silence(300)), [[
    0,
    1000,
  ]]],
  ["quiet speech", joined(quiet(0.2), silence(600)), [[0, 1000]]],
  ["quiet speech at the highest threshold", joined(quiet(0.2), silence(600)), [], { threshold: 1 }],
  ["faint speech", joined(quiet(0.04), silence(600)), []],
  ["faint speech at the lowest threshold", joined(quiet(0.04), silence(600)), [[0, 1000]], { threshold: 0 }],
];
const SETTINGS = { rate: 8000, threshold: 0.5, silenceMs: 500 };

for (const [name, audio, turns, settings] of cases) {
  Deno.test(`VoiceActivity finds the turns of ${name}`, () => {
    const activity = new VoiceActivity({ ...SETTINGS, ...settings });
    const detected: Turn[] = [];
    for (const change of activity.feed(audio)) {
      if (change.type === "started") detected.push([change.onsetMs]);
      else detected.at(-1)?.push(change.voicedUntilMs);
    }
    assertEquals(detected.map(({ length }) => length), turns.map(({ length }) => length));
    for (const [i, ms = 0] of turns.flat().entries()) {
      // A syllable fades in and out, so its edge is not exact.
      assertAlmostEquals(detected.flat()[i] ?? 0, ms, 50);
    }
  });
}

Deno.test("VoiceActivity treats steady noise as silence after a while", () => {
  const activity = new VoiceActivity(SETTINGS);
  const changes = activity.feed(joined(silence(500), noise(8000, -32)));
  assertEquals(changes.map(({ type }) => type), ["started", "stopped"]);
});

Deno.test("VoiceActivity ends a turn as soon as the silence is long enough", () => {
  const activity = new VoiceActivity({ ...SETTINGS, silenceMs: 700 });
  const stopped = activity.feed(joined(speechLike(1000), silence(2000))).at(-1);
  assert(stopped?.type === "stopped");
  assertEquals(stopped.endMs - stopped.voicedUntilMs, 700);
});

Deno.test("VoiceActivity gives the same result for any chunk length", () => {
  const audio = joined(silence(333), speechLike(1000), silence(700), speechLike(500), silence(700));
  const whole = new VoiceActivity(SETTINGS).feed(audio);
  for (const size of [1, 79, 160, 1001]) {
    const activity = new VoiceActivity(SETTINGS);
    const transitions: VoiceTransition[] = [];
    for (let at = 0; at < audio.length; at += size) {
      transitions.push(...activity.feed(audio.subarray(at, at + size)));
    }
    assertEquals(transitions, whole);
  }
});

Deno.test("VoiceActivity measures 24 kHz audio in ms from its start offset", () => {
  const audio = joined(silence(500, 24000), speechLike(1000, 24000), silence(700, 24000));
  const [started, stopped] = new VoiceActivity({ ...SETTINGS, rate: 24000 }, 60_000).feed(audio);
  assert(started?.type === "started" && stopped?.type === "stopped");
  assert(Math.abs(started.onsetMs - 60_500) <= 50 && Math.abs(stopped.voicedUntilMs - 61_500) <= 50);
});
