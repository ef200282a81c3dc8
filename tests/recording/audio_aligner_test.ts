import { assert, assertEquals } from "@std/assert";
import { FRAME_MS } from "../../src/audio/line_format.js";
import { AudioAligner, type AudioSlice } from "../../src/recording/audio_aligner.ts";
import { copySlice } from "../support/copy_slice.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { randomFrom } from "../support/random.ts";
import { compare, NetworkRig, noise } from "./network_rig.ts";

/** Plays answers for `ms`: of all lengths, some with gaps, some interrupted. Returns the number of interruptions. */
function talk(rig: NetworkRig, ms: number): number {
  let cuts = 0;
  for (const end = rig.clock.now() + ms; rig.clock.now() < end;) {
    const what = rig.random();
    if (what < 0.5) rig.speak(100 + Math.floor(rig.random() * 4000));
    else if (what < 0.6) {
      for (let i = 0; i < 30; i++) {
        rig.speak(30);
        rig.clock.advance(35);
      }
    } else if (what < 0.9 && rig.playout.interrupt().length > 0) cuts++;
    rig.clock.advance(Math.floor(rig.random() * 1500));
  }
  return cuts;
}

/** Ends the call, which loses messages in transit. Asserts that the recording matches the played audio. */
function checkRecording(rig: NetworkRig, { minShare = 0.97, offMs = FRAME_MS } = {}): void {
  rig.end();
  const { caller, assistant } = rig.recorded;
  assertEquals(caller.length, assistant.length);
  const said = compare(caller, rig.expected.caller);
  assert(
    said.earlyMs === 0 && said.lateMs === 0 && said.recordedShare > minShare && said.heardShare === 1,
    JSON.stringify(said),
  );
  const heard = compare(assistant, rig.expected.assistant);
  assert(heard.earlyMs <= offMs && heard.lateMs <= offMs, JSON.stringify(heard));
  assert(heard.recordedShare > minShare && heard.heardShare > minShare, JSON.stringify(heard));
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
  Deno.test(`AudioAligner places audio within 20 ms of when it was heard, with barge-ins, on a network with a delay of ${name}`, () => {
    let cuts = 0;
    for (const seed of [1, 2, 3]) {
      const rig = new NetworkRig({ seed, delay });
      cuts += talk(rig, 20_000);
      checkRecording(rig);
    }
    assert(cuts > 5, `${cuts}`);
  });
}

Deno.test("AudioAligner records an uninterrupted answer without gaps, whatever the marks say", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const rig = new NetworkRig({ seed, delay: (random) => 50 + 40 * random() });
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

Deno.test("AudioAligner emits less than 500 ms late on a fast network", () => {
  const rig = new NetworkRig({ delay: () => 40 });
  talk(rig, 20_000);
  assert(rig.lateMs < 500, `${rig.lateMs}`);
});

Deno.test("AudioAligner emits contiguous slices of whole frames and the rest at the end", () => {
  const rig = new NetworkRig();
  rig.speak(3000);
  rig.clock.advance(2_005);
  rig.end();
  let atMs = 0;
  for (const slice of rig.slices) {
    assertEquals(slice.atMs, atMs);
    assertEquals(slice.caller.length, slice.assistant.length);
    assertEquals(slice.caller.length % 160, 0);
    atMs += slice.caller.length / 8;
  }
  assert(atMs >= 1_980 && atMs <= 2_020, `${atMs}`);
  const count = rig.slices.length;
  rig.aligner.callerFrame(noise(rig.random, 500).toBase64(), 2_000);
  rig.aligner.end();
  assertEquals(rig.slices.length, count);
});

Deno.test("AudioAligner does not drift in 30 minutes", () => {
  const rig = new NetworkRig({ delay: (random) => 30 + 20 * random() });
  for (let minute = 0; minute < 30; minute++) {
    for (let i = 0; i < 6; i++) {
      rig.speak(4_000);
      rig.clock.advance(8_000);
      if (rig.playout.interrupt().length > 0) rig.clock.advance(1);
      rig.clock.advance(1_999);
    }
  }
  rig.end();
  const last = rig.expected.assistant.length - 60_000 * 8;
  const heard = compare(rig.recorded.assistant.subarray(last), rig.expected.assistant.subarray(last));
  assert(
    heard.recordedShare > 0.98 && heard.earlyMs <= FRAME_MS && heard.lateMs <= FRAME_MS,
    JSON.stringify(heard),
  );
  const said = compare(rig.recorded.caller.subarray(last), rig.expected.caller.subarray(last));
  assert(said.recordedShare > 0.98 && said.earlyMs === 0 && said.lateMs === 0, JSON.stringify(said));
});

Deno.test("AudioAligner stays accurate when two marks of three are lost", () => {
  const rig = new NetworkRig({ delay: () => 60, echoes: (name) => Number(name.split("-")[1]) % 3 === 0 });
  rig.speak(1_000);
  rig.clock.advance(2_000);
  talk(rig, 20_000);
  checkRecording(rig, { offMs: 2 * FRAME_MS });
});

Deno.test("AudioAligner ignores a late mark when the next one is in time", () => {
  let marks = 0;
  const rig = new NetworkRig({ delay: () => 60, markDelay: () => marks++ % 2 === 0 ? 90 : 0 });
  for (let i = 0; i < 5; i++) {
    rig.speak(3_000);
    rig.clock.advance(4_000);
  }
  checkRecording(rig);
});

Deno.test("AudioAligner assumes immediate playback when no mark returns", () => {
  const rig = new NetworkRig({ delay: () => 30, echoes: () => false });
  rig.speak(2_000);
  rig.clock.advance(4_000);
  rig.speak(1_000);
  rig.clock.advance(500);
  rig.playout.interrupt();
  rig.clock.advance(6_000);
  checkRecording(rig, { offMs: 80, minShare: 0.9 });
});

Deno.test("AudioAligner records lost caller frames as silence without a shift", () => {
  const rig = new NetworkRig({ dropFrame: (index) => index % 50 > 40 });
  talk(rig, 20_000);
  checkRecording(rig);
});

Deno.test("AudioAligner records silence while there is no stream", () => {
  const rig = new NetworkRig({ delay: () => 0 });
  rig.speak(10_000);
  rig.clock.advance(3_000);
  const before = rig.slices.length;
  rig.loseStream(7_000);
  assert(rig.slices.length > before + 10, "silence flows while the caller is away");
  rig.speak(1_000);
  rig.clock.advance(3_000);
  rig.end();
  const { caller, assistant } = rig.recorded;
  assertEquals(caller.length / 8, 13_000);
  assert(caller.subarray(3_000 * 8, 10_000 * 8).every((byte) => byte === 0xff));
  assert(assistant.subarray(3_000 * 8, 10_000 * 8).every((byte) => byte === 0xff));
  const said = compare(caller.subarray(10_000 * 8), rig.expected.caller.subarray(3_000 * 8));
  assertEquals([said.recordedShare, said.earlyMs, said.lateMs], [1, 0, 0]);
  const heard = compare(assistant.subarray(10_000 * 8), rig.expected.assistant.subarray(3_000 * 8));
  assertEquals([heard.recordedShare, heard.earlyMs, heard.lateMs], [1, 0, 0]);
});

/** Something that hears, without a network. */
function listen(startMs = 0) {
  const clock = new FakeClock();
  const slices: AudioSlice[] = [];
  const heard = new AudioAligner(clock, startMs, (slice) => slices.push(copySlice(slice)));
  const frame = (timestamp: number, ms = FRAME_MS) => {
    const audio = noise(randomFrom(timestamp), ms);
    heard.callerFrame(audio.toBase64(), timestamp);
    return audio;
  };
  const total = () => slices.reduce((ms, { caller }) => ms + caller.length / 8, 0);
  return { clock, heard, slices, frame, total };
}

Deno.test("AudioAligner starts in mid-call at the given position, without earlier audio", () => {
  const { clock, heard, slices, frame } = listen(34_567);
  heard.markEchoed("parley-7");
  for (let at = 34_560; at < 36_000; at += FRAME_MS) {
    frame(at);
    if (at === 35_000) {
      heard.audioSent(noise(randomFrom(1), 100));
      heard.markSent("parley-9");
    }
    if (at === 35_200) heard.markEchoed("parley-9");
    clock.advance(FRAME_MS);
  }
  heard.end();
  assertEquals(slices[0]?.atMs, 34_567);
  assert(slices[0]?.caller.every((byte) => byte !== 0xff));
  const sounding = slices.flatMap(({ assistant }) => [...assistant]).findIndex((byte) => byte !== 0xff);
  assert(Math.abs(sounding / 8 - (35_220 - 100 - 34_560)) <= FRAME_MS, `${sounding / 8}`);
});

Deno.test("AudioAligner ends a short answer at its mark when the mark returns after the clear", () => {
  const { clock, heard, slices, frame } = listen();
  heard.streamStarted();
  // Heard from 300 to 400 ms of the stream, which is 100 ms old when it comes here.
  for (let at = 0; at < 1_000; at += FRAME_MS) {
    clock.advance(FRAME_MS);
    if (at === 100) {
      heard.audioSent(noise(randomFrom(1), 100));
      heard.markSent("parley-1");
    }
    // The clear takes longer than the answer did.
    if (at === 380) heard.clearSent();
    if (at === 400) heard.markEchoed("parley-1");
    frame(at);
  }
  heard.end();
  const assistant = slices.flatMap(({ assistant }) => [...assistant]);
  const from = assistant.findIndex((byte) => byte !== 0xff) / 8;
  assert(Math.abs(from - 300) <= FRAME_MS, `${from}`);
});

Deno.test("AudioAligner ignores a single timestamp that jumps by hours", () => {
  const { clock, heard, frame, total } = listen();
  heard.streamStarted();
  const jumps = [0, 20, 4e6, 4e6 + 20, 40, 60, -5, NaN, Infinity, -Infinity, 80, 9e15, 100, 120];
  for (const timestamp of jumps) {
    clock.advance(FRAME_MS);
    frame(timestamp);
  }
  heard.end();
  assert(total() <= jumps.length * FRAME_MS + 20, `${total()}`);
});

Deno.test("AudioAligner loses no audio when timestamps jump by hours and stay there", () => {
  for (const jump of [4e6, -4e6]) {
    const { clock, heard, slices, frame, total } = listen();
    heard.streamStarted();
    const said: Uint8Array[] = [];
    for (let at = 0; at < 2_000; at += FRAME_MS) {
      clock.advance(FRAME_MS);
      said.push(frame(at < 1_000 ? at : at + jump));
    }
    heard.end();
    assertEquals(total(), 2_000);
    assertEquals(slices.flatMap(({ caller }) => [...caller]), said.flatMap((audio) => [...audio]));
  }
});

Deno.test("AudioAligner drops audio that exceeds the elapsed time", () => {
  const { clock, heard, total } = listen();
  heard.streamStarted();
  const second = noise(randomFrom(1), 1_000).toBase64();
  for (let i = 0; i < 5_000; i++) heard.callerFrame(second, i * 11_000);
  clock.advance(1_000);
  heard.end();
  assert(total() <= 12_000, `${total()}`);
});

Deno.test("AudioAligner ignores invalid base64, duplicate frames and unknown marks", () => {
  const { clock, heard, slices, frame, total } = listen();
  heard.streamStarted();
  clock.advance(FRAME_MS);
  const first = frame(0);
  heard.callerFrame("***", 20);
  heard.callerFrame("", 20);
  frame(0);
  heard.markSent("no audio");
  heard.markEchoed("nobody's");
  heard.clearSent();
  clock.advance(FRAME_MS);
  frame(20);
  heard.end();
  assertEquals(total(), 40);
  assertEquals(slices[0]?.caller.subarray(0, 160), first as Uint8Array<ArrayBuffer>);
});

Deno.test("AudioAligner mutes the caller until 300 ms after unmuting (secret digits)", () => {
  const { clock, heard, slices, frame } = listen();
  heard.streamStarted();
  for (let at = 0; at < 3_000; at += FRAME_MS) {
    if (at === 1_000) heard.muteCaller(true);
    if (at === 2_000) heard.muteCaller(false);
    clock.advance(FRAME_MS);
    frame(at);
  }
  heard.end();
  const caller = slices.flatMap(({ caller }) => [...caller]);
  const silent = caller.flatMap((byte, at) => byte === 0xff ? [at / 8] : []);
  assert(Math.abs((silent[0] ?? 0) - 1_000) <= FRAME_MS, `${silent[0]}`);
  assert(Math.abs((silent.at(-1) ?? 0) - 2_300) <= FRAME_MS, `${silent.at(-1)}`);
  assertEquals(silent.length, ((silent.at(-1) ?? 0) - (silent[0] ?? 0)) * 8 + 1);
});
