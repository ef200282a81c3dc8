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
  /** [started at, voiced until] of each turn in ms, open at the end without the second. */
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
    name: "the same pauses, less patience",
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
    name: "a click does not prolong a turn",
    audio: joined(speechLike(1000), silence(300), click(20), silence(300)),
    turns: [[0, 1000]],
  },
  { name: "quiet speech", audio: joined(quiet(0.2), silence(600)), turns: [[0, 1000]] },
  {
    name: "quiet speech, deaf ear",
    audio: joined(quiet(0.2), silence(600)),
    threshold: 1,
    turns: [],
  },
  { name: "faint speech", audio: joined(quiet(0.04), silence(600)), turns: [] },
  {
    name: "faint speech, keen ear",
    audio: joined(quiet(0.04), silence(600)),
    threshold: 0,
    turns: [[0, 1000]],
  },
];

for (const { name, audio, threshold = 0.5, silenceMs = 500, turns } of cases) {
  Deno.test(`voice activity: ${name}`, () => {
    const activity = new VoiceActivity({ rate: 8000, threshold, silenceMs });
    const found: [number, number?][] = [];
    for (const change of activity.feed(audio)) {
      if (change.type === "started") found.push([change.onsetMs]);
      else found.at(-1)?.push(change.voicedUntilMs);
    }
    assertEquals(found.map((turn) => turn.length), turns.map((turn) => turn.length));
    for (const [index, turn] of turns.entries()) {
      for (const [at, ms] of turn.entries()) {
        const off = Math.abs((found[index]?.[at] ?? 0) - (ms ?? 0));
        // A syllable fades in and out: the ear finds its edge a little late or early.
        assert(off <= 50, `turn ${index}: found ${found[index]}, expected about ${turn}`);
      }
    }
  });
}

Deno.test("voice activity: steady noise that begins as speech ends as silence", () => {
  const activity = new VoiceActivity({ rate: 8000, threshold: 0.5, silenceMs: 500 });
  const changes = activity.feed(joined(silence(500), noise(8000, -32)));
  assertEquals(changes.map(({ type }) => type), ["started", "stopped"]);
});

Deno.test("voice activity: a turn ends the moment its silence is long enough", () => {
  const activity = new VoiceActivity({ rate: 8000, threshold: 0.5, silenceMs: 700 });
  const stopped = activity.feed(joined(speechLike(1000), silence(2000))).at(-1);
  assert(stopped?.type === "stopped");
  assertEquals(stopped.endMs - stopped.voicedUntilMs, 700);
});

Deno.test("voice activity: hears the same however the audio is cut", () => {
  const audio = joined(silence(333), speechLike(1000), silence(700), speechLike(500), silence(700));
  const settings = { rate: 8000, threshold: 0.5, silenceMs: 500 };
  const whole = new VoiceActivity(settings).feed(audio);
  for (const size of [1, 79, 160, 1001]) {
    const activity = new VoiceActivity(settings);
    const pieces: VoiceTransition[] = [];
    for (let at = 0; at < audio.length; at += size) {
      pieces.push(...activity.feed(audio.subarray(at, at + size)));
    }
    assertEquals(pieces, whole);
  }
});

Deno.test("voice activity: measures 24 kHz in the same ms, from where it begins", () => {
  const audio = joined(silence(500, 24000), speechLike(1000, 24000), silence(700, 24000));
  const settings = { rate: 24000, threshold: 0.5, silenceMs: 500 };
  const [started, stopped] = new VoiceActivity(settings, 60_000).feed(audio);
  assert(started?.type === "started" && stopped?.type === "stopped");
  assert(Math.abs(started.onsetMs - 60_500) <= 50 && Math.abs(stopped.voicedUntilMs - 61_500) <= 50);
});
