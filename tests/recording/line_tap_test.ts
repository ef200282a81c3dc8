import { assertEquals } from "@std/assert";
import type { AudioSlice } from "../../src/recording/audio_aligner.ts";
import { LineTap } from "../../src/recording/line_tap.ts";
import { copySlice } from "../support/copy_slice.ts";
import { FakeClock } from "../support/fake_clock.ts";

const FRAME = new Uint8Array(160).fill(0x8f).toBase64();

/** A tap on the fake clock; `talk` sends caller frames (20 ms each). */
function setUp() {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const tap = new LineTap(clock, () => clock.now() - startedAt);
  const passed: string[] = [];
  const line = {
    media: () => void passed.push("media"),
    mark: (name: string) => void passed.push(name),
    clear: () => void passed.push("clear"),
    congested: true,
  };
  let timestamp = 0;
  const talk = (frames: number, from = timestamp) => {
    timestamp = from;
    for (let n = 0; n < frames; n++, timestamp += 20) {
      clock.advance(20);
      tap.callerFrame(FRAME, timestamp);
    }
  };
  return { clock, tap, line, passed, talk };
}

const bytes = (slices: readonly AudioSlice[]) => slices.reduce((sum, { caller }) => sum + caller.length, 0);
const silent = ({ caller }: AudioSlice) => caller.every((byte) => byte === 0xff);

Deno.test("LineTap passes everything to the attached line", () => {
  const { tap, line, passed } = setUp();
  assertEquals(tap.congested, false);
  tap.media(new Uint8Array(160));
  tap.attach(line);
  assertEquals(tap.congested, true);
  tap.media(new Uint8Array(160));
  tap.mark("m");
  tap.clear();
  tap.detach();
  tap.clear();
  assertEquals(passed, ["media", "m", "clear"]);
  tap.end();
});

Deno.test("LineTap passes audio to each listener while it listens, and the rest at the end", () => {
  const { tap, line, talk } = setUp();
  const [first, second]: AudioSlice[][] = [[], []];
  tap.listen((slice) => first?.push(copySlice(slice)));
  tap.attach(line);
  talk(50);
  const stop = tap.listen((slice) => second?.push(copySlice(slice)));
  talk(50);
  stop();
  const heard = bytes(second ?? []);
  talk(50);
  tap.end();
  assertEquals(bytes(first ?? []), 150 * 160);
  assertEquals(first?.[0]?.atMs, 0);
  assertEquals(bytes(second ?? []), heard);
  tap.callerFrame(FRAME, 9_999);
  assertEquals(bytes(first ?? []), 150 * 160, "nothing is heard after the end");
});

Deno.test("LineTap mutes the caller for listeners during secret entry, later listeners included", () => {
  const { tap, line, talk } = setUp();
  tap.attach(line);
  tap.muteCaller(true);
  const heard: AudioSlice[] = [];
  tap.listen((slice) => heard.push(copySlice(slice)));
  talk(50);
  tap.muteCaller(false);
  const muted = bytes(heard);
  assertEquals([muted > 0, heard.every(silent)], [true, true]);
  talk(150);
  tap.end();
  assertEquals(heard.slice(-1).map(silent), [false]);
});

Deno.test("LineTap passes assistant audio up to where it was cut", () => {
  const { tap, line, talk } = setUp();
  const heard: AudioSlice[] = [];
  tap.attach(line);
  tap.listen((slice) => heard.push(copySlice(slice)));
  talk(10);
  tap.media(new Uint8Array(1_600).fill(1));
  tap.mark("first");
  talk(10);
  tap.markEchoed("first");
  tap.media(new Uint8Array(8_000).fill(2));
  tap.mark("second");
  talk(10);
  tap.clear();
  tap.markEchoed("second");
  talk(40);
  tap.end();
  const count = (value: number) =>
    heard.reduce((sum, { assistant }) => sum + assistant.filter((byte) => byte === value).length, 0);
  // To the frame: 200 ms of the second were heard.
  assertEquals([count(1), Math.abs(count(2) - 1_600) <= 160], [1_600, true]);
});

Deno.test("LineTap passes silence of both sides while there is no line", () => {
  const { clock, tap, line, talk } = setUp();
  const heard: AudioSlice[] = [];
  tap.attach(line);
  const stop = tap.listen((slice) => heard.push(copySlice(slice)));
  talk(50);
  tap.detach();
  clock.advance(10_000);
  assertEquals(bytes(heard) >= 10_000 * 8, true);
  tap.attach(line);
  talk(50, 0);
  tap.detach();
  stop();
  // A listener that subscribes during the gap hears the same silence.
  const late: AudioSlice[] = [];
  const stopLate = tap.listen((slice) => late.push(copySlice(slice)));
  clock.advance(2_000);
  assertEquals([bytes(late) > 0, late.every(silent)], [true, true]);
  assertEquals(clock.pending, 1);
  stopLate();
  assertEquals(clock.pending, 0, "nothing is computed for nobody");
  const sounding = heard.filter((slice) => !silent(slice)).map(({ atMs }) => atMs);
  assertEquals([sounding[0], (sounding.at(-1) ?? 0) > 11_000], [0, true]);
});

Deno.test("LineTap starts at 0 with the first line for earlier listeners", () => {
  const { clock, tap, line, talk } = setUp();
  const heard: AudioSlice[] = [];
  tap.listen((slice) => heard.push(copySlice(slice)));
  clock.advance(5_000);
  assertEquals([bytes(heard), clock.pending], [0, 0]);
  tap.attach(line);
  talk(50);
  tap.end();
  assertEquals(bytes(heard), 50 * 160);
});

Deno.test("LineTap does no work without listeners", () => {
  const { clock, tap, line, talk } = setUp();
  tap.attach(line);
  talk(50);
  tap.detach();
  assertEquals(clock.pending, 0);
});

Deno.test("LineTap passes assistant audio at the time it was heard, not sent", () => {
  const { tap, line, talk } = setUp();
  const heard: AudioSlice[] = [];
  tap.attach(line);
  tap.listen((slice) => heard.push(copySlice(slice)));
  talk(10);
  tap.media(new Uint8Array(1_600).fill(1));
  tap.mark("m");
  talk(30);
  tap.markEchoed("m");
  talk(40);
  tap.end();
  const at = heard.flatMap(({ assistant }) => [...assistant]).indexOf(1) / 8;
  // Sent at 200 ms, heard to its end at 800.
  assertEquals(Math.abs(at - 600) <= 20, true, `${at} ms`);
});

Deno.test("LineTap starts at 0 with the first line, even if it is attached late", () => {
  const clock = new FakeClock();
  const tap = new LineTap(clock, () => 3);
  const heard: AudioSlice[] = [];
  tap.listen((slice) => heard.push(copySlice(slice)));
  tap.attach({ media() {}, mark() {}, clear() {}, congested: false });
  clock.advance(20);
  tap.callerFrame(FRAME, 0);
  tap.end();
  assertEquals(heard.map(({ atMs }) => atMs), [0]);
});
