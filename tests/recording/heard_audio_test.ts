import { kept } from "../support/kept_stretch.ts";
import { assert, assertEquals } from "@std/assert";
import { HeardAudio, type Stretch } from "../../src/recording/heard_audio.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { compare, FRAME_MS, noise, randomFrom, Rig } from "../playout/heard_rig.ts";

/** Talks for so long (ms): answers of all lengths, one after the other, starved ones too, and interrupted ones. */
function talk(rig: Rig, ms: number): number {
  let cuts = 0;
  for (const end = rig.clock.now() + ms; rig.clock.now() < end;) {
    const what = rig.random();
    if (what < 0.5) rig.say(100 + Math.floor(rig.random() * 4000));
    else if (what < 0.6) {
      for (let i = 0; i < 30; i++) {
        rig.say(30);
        rig.clock.advance(35);
      }
    } else if (what < 0.9 && rig.playout.interrupt().length > 0) cuts++;
    rig.clock.advance(Math.floor(rig.random() * 1500));
  }
  return cuts;
}

/** Ends the call (what is on its way then is lost), and holds what was recorded against what there was to be heard. */
function checkTruth(rig: Rig, { found = 0.97, offMs = FRAME_MS } = {}): void {
  rig.end();
  const { caller, assistant } = rig.recorded;
  assertEquals(caller.length, assistant.length);
  const said = compare(caller, rig.truth.caller);
  assert(
    said.earlyMs === 0 && said.lateMs === 0 && said.found > found && said.true === 1,
    JSON.stringify(said),
  );
  const heard = compare(assistant, rig.truth.assistant);
  assert(heard.earlyMs <= offMs && heard.lateMs <= offMs, JSON.stringify(heard));
  assert(heard.found > found && heard.true > found, JSON.stringify(heard));
}

const NETWORKS: Record<string, (random: () => number) => number> = {
  "none": () => 0,
  "20 ms": () => 20,
  "150 ms": () => 150,
  "50 to 90 ms": (random) => 50 + 40 * random(),
  "20 ms and spikes of 250": (random) => 20 + (random() < 0.01 ? 250 : 10 * random()),
  "300 to 360 ms": (random) => 300 + 60 * random(),
};

for (const [name, delay] of Object.entries(NETWORKS)) {
  Deno.test(`what was heard lies within 20 ms of where it was, barge-ins and all: network ${name}`, () => {
    let cuts = 0;
    for (const seed of [1, 2, 3]) {
      const rig = new Rig({ seed, delay });
      cuts += talk(rig, 20_000);
      checkTruth(rig);
    }
    assert(cuts > 5, `${cuts}`);
  });
}

Deno.test("an answer that was heard in one piece is recorded in one piece, whatever the marks say", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const rig = new Rig({ seed, delay: (random) => 50 + 40 * random() });
    rig.clock.advance(500);
    const answer = noise(rig.random, 4_000);
    rig.playout.enqueue("item", answer);
    rig.clock.advance(6_000);
    rig.end();
    const { assistant } = rig.recorded;
    const from = assistant.findIndex((byte) => byte !== 0xff);
    assertEquals(assistant.subarray(from, from + answer.length), answer);
  }
});

Deno.test("comes less than half a second late on a quick line", () => {
  const rig = new Rig({ delay: () => 40 });
  talk(rig, 20_000);
  assert(rig.lateMs < 500, `${rig.lateMs}`);
});

Deno.test("stretches follow one another, of whole frames, and the last comes at the end", () => {
  const rig = new Rig();
  rig.say(3000);
  rig.clock.advance(2_005);
  rig.end();
  let atMs = 0;
  for (const stretch of rig.stretches) {
    assertEquals(stretch.atMs, atMs);
    assertEquals(stretch.caller.length, stretch.assistant.length);
    assertEquals(stretch.caller.length % 160, 0);
    atMs += stretch.caller.length / 8;
  }
  assert(atMs >= 1_980 && atMs <= 2_020, `${atMs}`);
  const count = rig.stretches.length;
  rig.heard.callerFrame(noise(rig.random, 500).toBase64(), 2_000);
  rig.heard.end();
  assertEquals(rig.stretches.length, count);
});

Deno.test("does not drift in half an hour", () => {
  const rig = new Rig({ delay: (random) => 30 + 20 * random() });
  for (let minute = 0; minute < 30; minute++) {
    for (let i = 0; i < 6; i++) {
      rig.say(4_000);
      rig.clock.advance(8_000);
      if (rig.playout.interrupt().length > 0) rig.clock.advance(1);
      rig.clock.advance(1_999);
    }
  }
  rig.end();
  const last = rig.truth.assistant.length - 60_000 * 8;
  const heard = compare(rig.recorded.assistant.subarray(last), rig.truth.assistant.subarray(last));
  assert(heard.found > 0.98 && heard.earlyMs <= FRAME_MS && heard.lateMs <= FRAME_MS, JSON.stringify(heard));
  const said = compare(rig.recorded.caller.subarray(last), rig.truth.caller.subarray(last));
  assert(said.found > 0.98 && said.earlyMs === 0 && said.lateMs === 0, JSON.stringify(said));
});

Deno.test("marks that are lost cost nothing while others come", () => {
  const rig = new Rig({ delay: () => 60, echoes: (name) => Number(name.split("-")[1]) % 3 === 0 });
  rig.say(1_000);
  rig.clock.advance(2_000);
  talk(rig, 20_000);
  checkTruth(rig, { offMs: 2 * FRAME_MS });
});

Deno.test("a mark that Twilio returns late moves nothing where the next one is in time", () => {
  let marks = 0;
  const rig = new Rig({ delay: () => 60, slowness: () => marks++ % 2 === 0 ? 90 : 0 });
  for (let i = 0; i < 5; i++) {
    rig.say(3_000);
    rig.clock.advance(4_000);
  }
  checkTruth(rig);
});

Deno.test("a far end that never returns a mark is believed to play at once", () => {
  const rig = new Rig({ delay: () => 30, echoes: () => false });
  rig.say(2_000);
  rig.clock.advance(4_000);
  rig.say(1_000);
  rig.clock.advance(500);
  rig.playout.interrupt();
  rig.clock.advance(6_000);
  checkTruth(rig, { offMs: 80, found: 0.9 });
});

Deno.test("lost frames of the caller's are silence, and move nothing", () => {
  const rig = new Rig({ dropFrame: (index) => index % 50 > 40 });
  talk(rig, 20_000);
  checkTruth(rig);
});

Deno.test("back from a transfer: silence for as long as there was no stream", () => {
  const rig = new Rig({ delay: () => 0 });
  rig.say(10_000);
  rig.clock.advance(3_000);
  const before = rig.stretches.length;
  rig.away(7_000);
  assert(rig.stretches.length > before + 10, "silence flows while the caller is away");
  rig.say(1_000);
  rig.clock.advance(3_000);
  rig.end();
  const { caller, assistant } = rig.recorded;
  assertEquals(caller.length / 8, 13_000);
  assert(caller.subarray(3_000 * 8, 10_000 * 8).every((byte) => byte === 0xff));
  assert(assistant.subarray(3_000 * 8, 10_000 * 8).every((byte) => byte === 0xff));
  const said = compare(caller.subarray(10_000 * 8), rig.truth.caller.subarray(3_000 * 8));
  assertEquals([said.found, said.earlyMs, said.lateMs], [1, 0, 0]);
  const heard = compare(assistant.subarray(10_000 * 8), rig.truth.assistant.subarray(3_000 * 8));
  assertEquals([heard.found, heard.earlyMs, heard.lateMs], [1, 0, 0]);
});

/** Something that hears, without a network. */
function listen(startMs = 0) {
  const clock = new FakeClock();
  const stretches: Stretch[] = [];
  const heard = new HeardAudio(clock, startMs, (stretch) => stretches.push(kept(stretch)));
  const frame = (timestamp: number, ms = FRAME_MS) => {
    const audio = noise(randomFrom(timestamp), ms);
    heard.callerFrame(audio.toBase64(), timestamp);
    return audio;
  };
  const total = () => stretches.reduce((ms, { caller }) => ms + caller.length / 8, 0);
  return { clock, heard, stretches, frame, total };
}

Deno.test("begins in mid-call, where it is told to, and knows nothing of what was before", () => {
  const { clock, heard, stretches, frame } = listen(34_567);
  heard.markEchoed("parley-7");
  for (let at = 34_560; at < 36_000; at += FRAME_MS) {
    frame(at);
    if (at === 35_000) {
      heard.sent(noise(randomFrom(1), 100));
      heard.markSent("parley-9");
    }
    if (at === 35_200) heard.markEchoed("parley-9");
    clock.advance(FRAME_MS);
  }
  heard.end();
  assertEquals(stretches[0]?.atMs, 34_567);
  assert(stretches[0]?.caller.every((byte) => byte !== 0xff));
  const sounding = stretches.flatMap(({ assistant }) => [...assistant]).findIndex((byte) => byte !== 0xff);
  assert(Math.abs(sounding / 8 - (35_220 - 100 - 34_560)) <= FRAME_MS, `${sounding / 8}`);
});

Deno.test("a short answer that was over when it was cut, but for its mark, ends where its mark says", () => {
  const { clock, heard, stretches, frame } = listen();
  heard.attached();
  // Heard from 300 to 400 ms of the stream, which is 100 ms old when it comes here.
  for (let at = 0; at < 1_000; at += FRAME_MS) {
    clock.advance(FRAME_MS);
    if (at === 100) {
      heard.sent(noise(randomFrom(1), 100));
      heard.markSent("parley-1");
    }
    // The clear takes longer than the answer did.
    if (at === 380) heard.cleared();
    if (at === 400) heard.markEchoed("parley-1");
    frame(at);
  }
  heard.end();
  const assistant = stretches.flatMap(({ assistant }) => [...assistant]);
  const from = assistant.findIndex((byte) => byte !== 0xff) / 8;
  assert(Math.abs(from - 300) <= FRAME_MS, `${from}`);
});

Deno.test("a timestamp that jumps by hours makes no hours of silence, and the next one goes on", () => {
  const { clock, heard, frame, total } = listen();
  heard.attached();
  const jumps = [0, 20, 4e6, 4e6 + 20, 40, 60, -5, NaN, Infinity, -Infinity, 80, 9e15, 100, 120];
  for (const timestamp of jumps) {
    clock.advance(FRAME_MS);
    frame(timestamp);
  }
  heard.end();
  assert(total() <= jumps.length * FRAME_MS + 20, `${total()}`);
});

Deno.test("timestamps that jump by hours and stay there lose no word", () => {
  for (const jump of [4e6, -4e6]) {
    const { clock, heard, stretches, frame, total } = listen();
    heard.attached();
    const said: Uint8Array[] = [];
    for (let at = 0; at < 2_000; at += FRAME_MS) {
      clock.advance(FRAME_MS);
      said.push(frame(at < 1_000 ? at : at + jump));
    }
    heard.end();
    assertEquals(total(), 2_000);
    assertEquals(stretches.flatMap(({ caller }) => [...caller]), said.flatMap((audio) => [...audio]));
  }
});

Deno.test("who sends more than there was time to say fills no disk", () => {
  const { clock, heard, total } = listen();
  heard.attached();
  const second = noise(randomFrom(1), 1_000).toBase64();
  for (let i = 0; i < 5_000; i++) heard.callerFrame(second, i * 11_000);
  clock.advance(1_000);
  heard.end();
  assert(total() <= 12_000, `${total()}`);
});

Deno.test("what is no base64, frames that come twice and marks nobody sent change nothing", () => {
  const { clock, heard, stretches, frame, total } = listen();
  heard.attached();
  clock.advance(FRAME_MS);
  const first = frame(0);
  heard.callerFrame("***", 20);
  heard.callerFrame("", 20);
  frame(0);
  heard.markSent("no audio");
  heard.markEchoed("nobody's");
  heard.cleared();
  clock.advance(FRAME_MS);
  frame(20);
  heard.end();
  assertEquals(total(), 40);
  assertEquals(stretches[0]?.caller.subarray(0, 160), first as Uint8Array<ArrayBuffer>);
});

Deno.test("secret digits: the caller's side is silent until the last tone has died away", () => {
  const { clock, heard, stretches, frame } = listen();
  heard.attached();
  for (let at = 0; at < 3_000; at += FRAME_MS) {
    if (at === 1_000) heard.muteCaller(true);
    if (at === 2_000) heard.muteCaller(false);
    clock.advance(FRAME_MS);
    frame(at);
  }
  heard.end();
  const caller = stretches.flatMap(({ caller }) => [...caller]);
  const silent = caller.flatMap((byte, at) => byte === 0xff ? [at / 8] : []);
  assert(Math.abs((silent[0] ?? 0) - 1_000) <= FRAME_MS, `${silent[0]}`);
  assert(Math.abs((silent.at(-1) ?? 0) - 2_300) <= FRAME_MS, `${silent.at(-1)}`);
  assertEquals(silent.length, ((silent.at(-1) ?? 0) - (silent[0] ?? 0)) * 8 + 1);
});
