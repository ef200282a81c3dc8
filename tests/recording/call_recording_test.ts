import { kept } from "../support/kept_stretch.ts";
import { assertEquals } from "@std/assert";
import type { Stretch } from "../../src/recording/heard_audio.ts";
import { MULAW_SILENCE } from "../../src/audio/g711.ts";
import { CallEvents } from "../../src/call/call_events.ts";
import { CallRecording } from "../../src/recording/call_recording.ts";
import { CallsBench } from "../support/calls.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { message } from "../support/fake_socket.ts";

/** A recorded call, and what was recorded of it. */
function record() {
  const stretches: Stretch[] = [];
  const ended: string[] = [];
  const recorder = {
    record: (_callSid: string, stretch: Stretch) => void stretches.push(kept(stretch)),
    endRecording: (callSid: string) => void ended.push(callSid),
  };
  const bench = new CallsBench({ recorder }, { recording: {} });
  const { socket } = bench.connect("CA1");
  let timestamp = 0;
  const talk = (ms: number) => {
    const payload = new Uint8Array(160).fill(0x8f).toBase64();
    for (const end = timestamp + ms; timestamp < end; timestamp += 20) {
      bench.clock.advance(20);
      socket.receive(message("media", { track: "inbound", timestamp: String(timestamp), payload }));
    }
  };
  /** For each 100 ms whether the caller is heard in it. */
  const heard = () => {
    const audio = stretches.flatMap(({ caller }) => [...caller]);
    return Array.from({ length: audio.length / 800 }, (_, n) => audio[n * 800 + 400] !== MULAW_SILENCE);
  };
  return { bench, socket, talk, heard, stretches, ended };
}

Deno.test("a call is recorded from its stream's start to its end", () => {
  const { bench, socket, talk, heard, stretches, ended } = record();
  using _ = bench;
  talk(1_000);
  socket.receive(message("stop"));
  assertEquals([heard(), stretches[0]?.atMs, ended], [Array(10).fill(true), 0, ["CA1"]]);
});

Deno.test("a pause is silence where it was, although what is heard comes late; who listens in hears it", () => {
  const { bench, socket, talk, heard } = record();
  using _ = bench;
  const listened: Stretch[] = [];
  bench.calls.find("CA1")?.listen((stretch) => listened.push(kept(stretch)));
  talk(1_000);
  assertEquals(bench.calls.find("CA1")?.record(false), true);
  assertEquals(bench.calls.list()[0]?.recording, "paused");
  talk(1_000);
  bench.calls.find("CA1")?.record(true);
  bench.calls.find("CA1")?.record(true);
  assertEquals(bench.calls.list()[0]?.recording, "on");
  talk(1_000);
  socket.receive(message("stop"));
  const second = (on: boolean) => Array(10).fill(on);
  assertEquals(heard(), [...second(true), ...second(false), ...second(true)]);
  assertEquals(listened.every(({ caller }) => !caller.includes(MULAW_SILENCE)), true);
});

Deno.test("a call whose assistant is not recorded is not", () => {
  const stretches: Stretch[] = [];
  const recorder = {
    record: (_: string, stretch: Stretch) => void stretches.push(kept(stretch)),
    endRecording() {},
  };
  using bench = new CallsBench({ recorder });
  const { socket } = bench.connect("CA1");
  assertEquals([bench.calls.list()[0]?.recording, bench.calls.find("CA1")?.record(false)], [
    undefined,
    false,
  ]);
  socket.receive(message("stop"));
  assertEquals(stretches, []);
});

Deno.test("CallRecording: a pause is silent on both sides, to the sample, and stands among the events once", () => {
  const clock = new FakeClock();
  const events = new CallEvents(clock);
  events.start();
  const recorded: Stretch[] = [];
  const recording = new CallRecording(
    { record: (_callSid, stretch) => recorded.push(kept(stretch)), endRecording() {} },
    "CA1",
    events,
  );
  let hear = (_stretch: Stretch) => {};
  recording.start({
    listen: (listener) => {
      hear = listener;
      return () => {};
    },
  });
  const side = () => new Uint8Array(200 * 8).fill(1);
  recording.resume();
  clock.advance(100);
  recording.pause();
  clock.advance(20);
  recording.pause();
  clock.advance(30);
  recording.resume();
  recording.resume();
  const given = { atMs: 0, caller: side(), assistant: side() };
  hear(given);
  const expected = side().fill(MULAW_SILENCE, 100 * 8, 150 * 8);
  assertEquals(recorded, [{ atMs: 0, caller: expected, assistant: expected }]);
  assertEquals([given.caller, given.assistant], [side(), side()], "others hear it");
  clock.advance(100);
  recording.pause();
  hear({ atMs: 200, caller: side(), assistant: side() });
  assertEquals(recorded[1]?.caller, side().fill(MULAW_SILENCE, 50 * 8));
  clock.advance(250);
  recording.resume();
  hear({ atMs: 400, caller: side(), assistant: side() });
  assertEquals(recorded[2]?.assistant, side().fill(MULAW_SILENCE, 0, 100 * 8));
  hear({ atMs: 600, caller: side(), assistant: side() });
  assertEquals(recorded[3]?.assistant, side());
  assertEquals(events.all.map(({ atMs, name }) => [atMs, name]), [
    [100, "paused"],
    [150, "on"],
    [250, "paused"],
    [500, "on"],
  ]);
});
