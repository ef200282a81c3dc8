import { kept } from "../support/kept_stretch.ts";
import { assertEquals } from "@std/assert";
import { LineTap } from "../../src/recording/line_tap.ts";
import type { Stretch } from "../../src/recording/heard_audio.ts";
import { FakeClock } from "../support/fake_clock.ts";

const FRAME = new Uint8Array(160).fill(0x8f).toBase64();

/** A call of which somebody says so many frames (20 ms each). */
function setUp() {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const tap = new LineTap({ clock, atMs: () => clock.now() - startedAt });
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

const bytes = (stretches: readonly Stretch[]) =>
  stretches.reduce((sum, { caller }) => sum + caller.length, 0);
const silent = ({ caller }: Stretch) => caller.every((byte) => byte === 0xff);

Deno.test("LineTap passes everything on to the line there is", () => {
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

Deno.test("LineTap hands what is heard to each listener while they listen, and all that is left at the end", () => {
  const { tap, line, talk } = setUp();
  const [first, second]: Stretch[][] = [[], []];
  tap.listen((stretch) => first?.push(kept(stretch)));
  tap.attach(line);
  talk(50);
  const stop = tap.listen((stretch) => second?.push(kept(stretch)));
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

Deno.test("LineTap: the caller is silent for listeners while a secret is entered, also for one who comes meanwhile", () => {
  const { tap, line, talk } = setUp();
  tap.attach(line);
  tap.muteCaller(true);
  const heard: Stretch[] = [];
  tap.listen((stretch) => heard.push(kept(stretch)));
  talk(50);
  tap.muteCaller(false);
  const muted = bytes(heard);
  assertEquals([muted > 0, heard.every(silent)], [true, true]);
  talk(150);
  tap.end();
  assertEquals(heard.slice(-1).map(silent), [false]);
});

Deno.test("LineTap hands on what the assistant said where it was heard, and cuts it where it was cut", () => {
  const { tap, line, talk } = setUp();
  const heard: Stretch[] = [];
  tap.attach(line);
  tap.listen((stretch) => heard.push(kept(stretch)));
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

Deno.test("LineTap: while there is no line both sides are silent, for as long as it takes", () => {
  const { clock, tap, line, talk } = setUp();
  const heard: Stretch[] = [];
  tap.attach(line);
  const stop = tap.listen((stretch) => heard.push(kept(stretch)));
  talk(50);
  tap.detach();
  clock.advance(10_000);
  assertEquals(bytes(heard) >= 10_000 * 8, true);
  tap.attach(line);
  talk(50, 0);
  tap.detach();
  stop();
  // Who comes while the caller is elsewhere hears the same silence.
  const late: Stretch[] = [];
  const stopLate = tap.listen((stretch) => late.push(kept(stretch)));
  clock.advance(2_000);
  assertEquals([bytes(late) > 0, late.every(silent)], [true, true]);
  assertEquals(clock.pending, 1);
  stopLate();
  assertEquals(clock.pending, 0, "nothing is computed for nobody");
  const sounding = heard.filter((stretch) => !silent(stretch)).map(({ atMs }) => atMs);
  assertEquals([sounding[0], (sounding.at(-1) ?? 0) > 11_000], [0, true]);
});

Deno.test("LineTap: who listened before the first line hears nothing earlier than its beginning", () => {
  const { clock, tap, line, talk } = setUp();
  const heard: Stretch[] = [];
  tap.listen((stretch) => heard.push(kept(stretch)));
  clock.advance(5_000);
  assertEquals([bytes(heard), clock.pending], [0, 0]);
  tap.attach(line);
  talk(50);
  tap.end();
  assertEquals(bytes(heard), 50 * 160);
});

Deno.test("LineTap computes nothing while nobody listens", () => {
  const { clock, tap, line, talk } = setUp();
  tap.attach(line);
  talk(50);
  tap.detach();
  assertEquals(clock.pending, 0);
});

Deno.test("LineTap hands on what the assistant said when it was heard, and not when it was sent", () => {
  const { tap, line, talk } = setUp();
  const heard: Stretch[] = [];
  tap.attach(line);
  tap.listen((stretch) => heard.push(kept(stretch)));
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

Deno.test("LineTap: what is heard of the first line begins at 0, however late it is said to have begun", () => {
  const clock = new FakeClock();
  const tap = new LineTap({ clock, atMs: () => 3 });
  const heard: Stretch[] = [];
  tap.listen((stretch) => heard.push(kept(stretch)));
  tap.attach({ media() {}, mark() {}, clear() {}, congested: false });
  clock.advance(20);
  tap.callerFrame(FRAME, 0);
  tap.end();
  assertEquals(heard.map(({ atMs }) => atMs), [0]);
});
