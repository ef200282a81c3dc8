import { assert, assertEquals } from "@std/assert";
import { VoiceActivity, type VoiceTransition } from "../../../src/simulator/model/voice_activity.ts";
import { joined, noise, silence, speechLike } from "./support.ts";

function click(ms: number): Int16Array {
  return Int16Array.from({ length: ms * 8 }, (_, index) => 30000 * Math.cos(index));
}

function quiet(gain: number): Int16Array {
  return speechLike(1000).map((sample) => sample * gain);
}

const cases: {
  name: string;
  audio: Int16Array;
  threshold?: number;
  silenceMs?: number;
  /** Onset and end of the speech of each turn (ms); a turn in progress has no end. */
  turns: [number, number?][];
}[] = [
  { name: "silence", audio: silence(3000), turns: [] },
  { name: "faint line noise", audio: noise(10_000, -50), turns: [] },
  { name: "a click", audio: joined(silence(500), click(20), silence(1000)), turns: [] },
  {
    name: "a click every half second",
    audio: joined(...Array.from({ length: 6 }, () => joined(click(20), silence(480)))),
    turns: [],
  },
  { name: "speech", audio: joined(silence(1000), speechLike(1500), silence(1000)), turns: [[1000, 2500]] },
  {
    name: "speech over line noise",
    audio: joined(noise(1000, -50), speechLike(1500), noise(1000, -50)),
    turns: [[1000, 2500]],
  },
  {
    name: "speech that does not end",
    audio: joined(silence(1000), speechLike(1500)),
    turns: [[1000]],
  },
  {
    name: "speech with short pauses",
    audio: joined(
      speechLike(1000),
      silence(400),
      speechLike(1000),
      silence(400),
      speechLike(500),
      silence(600),
    ),
    turns: [[0, 3300]],
  },
  {
    name: "short pauses with a short silence setting",
    audio: joined(speechLike(1000), silence(400), speechLike(1000), silence(600)),
    silenceMs: 300,
    turns: [[0, 1000], [1400, 2400]],
  },
  {
    name: "two turns",
    audio: joined(silence(500), speechLike(1000), silence(1000), speechLike(750), silence(1000)),
    turns: [[500, 1500], [2500, 3250]],
  },
  {
    name: "speech followed by a click",
    audio: joined(speechLike(1000), silence(300), click(20), silence(300)),
    turns: [[0, 1000]],
  },
  { name: "quiet speech", audio: joined(quiet(0.2), silence(600)), turns: [[0, 1000]] },
  {
    name: "quiet speech at the highest threshold",
    audio: joined(quiet(0.2), silence(600)),
    threshold: 1,
    turns: [],
  },
  { name: "faint speech", audio: joined(quiet(0.04), silence(600)), turns: [] },
  {
    name: "faint speech at the lowest threshold",
    audio: joined(quiet(0.04), silence(600)),
    threshold: 0,
    turns: [[0, 1000]],
  },
];

for (const { name, audio, threshold = 0.5, silenceMs = 500, turns } of cases) {
  Deno.test(`VoiceActivity finds the turns of ${name}`, () => {
    const activity = new VoiceActivity({ rate: 8000, threshold, silenceMs });
    const detected: [number, number?][] = [];
    for (const change of activity.feed(audio)) {
      if (change.type === "started") detected.push([change.onsetMs]);
      else detected.at(-1)?.push(change.voicedUntilMs);
    }
    assertEquals(detected.map((turn) => turn.length), turns.map((turn) => turn.length));
    for (const [index, turn] of turns.entries()) {
      for (const [at, ms] of turn.entries()) {
        const off = Math.abs((detected[index]?.[at] ?? 0) - (ms ?? 0));
        // A syllable fades in and out, so its edge is not exact.
        assert(off <= 50, `turn ${index}: found ${detected[index]}, expected about ${turn}`);
      }
    }
  });
}

Deno.test("VoiceActivity treats steady noise as silence after a while", () => {
  const activity = new VoiceActivity({ rate: 8000, threshold: 0.5, silenceMs: 500 });
  const changes = activity.feed(joined(silence(500), noise(8000, -32)));
  assertEquals(changes.map(({ type }) => type), ["started", "stopped"]);
});

Deno.test("VoiceActivity ends a turn as soon as the silence is long enough", () => {
  const activity = new VoiceActivity({ rate: 8000, threshold: 0.5, silenceMs: 700 });
  const stopped = activity.feed(joined(speechLike(1000), silence(2000))).at(-1);
  assert(stopped?.type === "stopped");
  assertEquals(stopped.endMs - stopped.voicedUntilMs, 700);
});

Deno.test("VoiceActivity gives the same result for any chunk length", () => {
  const audio = joined(silence(333), speechLike(1000), silence(700), speechLike(500), silence(700));
  const settings = { rate: 8000, threshold: 0.5, silenceMs: 500 };
  const whole = new VoiceActivity(settings).feed(audio);
  for (const size of [1, 79, 160, 1001]) {
    const activity = new VoiceActivity(settings);
    const transitions: VoiceTransition[] = [];
    for (let at = 0; at < audio.length; at += size) {
      transitions.push(...activity.feed(audio.subarray(at, at + size)));
    }
    assertEquals(transitions, whole);
  }
});

Deno.test("VoiceActivity measures 24 kHz audio in ms from its start offset", () => {
  const audio = joined(silence(500, 24000), speechLike(1000, 24000), silence(700, 24000));
  const settings = { rate: 24000, threshold: 0.5, silenceMs: 500 };
  const [started, stopped] = new VoiceActivity(settings, 60_000).feed(audio);
  assert(started?.type === "started" && stopped?.type === "stopped");
  assert(Math.abs(started.onsetMs - 60_500) <= 50 && Math.abs(stopped.voicedUntilMs - 61_500) <= 50);
});
