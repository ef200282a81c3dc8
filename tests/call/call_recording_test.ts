import { assertEquals } from "@std/assert";
import { MULAW_SILENCE } from "../../src/audio/g711.js";
import { CallEventStream } from "../../src/call/call_event_stream.ts";
import { recordCall } from "../../src/call/call_recording.ts";
import { CallTimeline } from "../../src/call/call_timeline.ts";
import type { AudioSlice } from "../../src/recording/audio_aligner.ts";
import { CallRig } from "../support/call_rig.ts";
import { copySlice } from "../support/copy_slice.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { message } from "../support/fake_socket.ts";

/** A recorded call, and its recording. */
function record() {
  const slices: AudioSlice[] = [];
  const ended: string[] = [];
  const recorder = {
    record: (_callSid: string, slice: AudioSlice) => void slices.push(copySlice(slice)),
    endRecording: (callSid: string) => void ended.push(callSid),
  };
  const rig = new CallRig({ recorder }, { recording: {} });
  const { socket } = rig.connect("CA1");
  let timestamp = 0;
  const talk = (ms: number) => {
    const payload = new Uint8Array(160).fill(0x8f).toBase64();
    for (const end = timestamp + ms; timestamp < end; timestamp += 20) {
      rig.clock.advance(20);
      socket.receive(message("media", { track: "inbound", timestamp: String(timestamp), payload }));
    }
  };
  /** For each 100 ms, whether the recording has caller audio. */
  const heard = () => {
    const audio = slices.flatMap(({ caller }) => [...caller]);
    return Array.from({ length: audio.length / 800 }, (_, n) => audio[n * 800 + 400] !== MULAW_SILENCE);
  };
  return { rig, socket, talk, heard, slices, ended };
}

Deno.test("Recording covers a call from the start of its stream to its end", () => {
  const { socket, talk, heard, slices, ended } = record();
  talk(1_000);
  socket.receive(message("stop"));
  assertEquals([heard(), slices[0]?.atMs, ended], [Array(10).fill(true), 0, ["CA1"]]);
});

Deno.test("Recording is silent exactly in the pause, which listeners still hear", () => {
  const { rig, socket, talk, heard } = record();
  const listened: AudioSlice[] = [];
  rig.calls.find("CA1")?.listen((slice) => listened.push(copySlice(slice)));
  talk(1_000);
  assertEquals(rig.calls.find("CA1")?.setRecording(false), true);
  assertEquals(rig.calls.list()[0]?.recording, { state: "paused" });
  talk(1_000);
  rig.calls.find("CA1")?.setRecording(true);
  rig.calls.find("CA1")?.setRecording(true);
  assertEquals(rig.calls.list()[0]?.recording, { state: "on" });
  talk(1_000);
  socket.receive(message("stop"));
  const second = (on: boolean) => Array(10).fill(on);
  assertEquals(heard(), [...second(true), ...second(false), ...second(true)]);
  assertEquals(listened.every(({ caller }) => !caller.includes(MULAW_SILENCE)), true);
});

Deno.test("Assistant without recording gets no recording file", () => {
  const slices: AudioSlice[] = [];
  const recorder = {
    record: (_: string, slice: AudioSlice) => void slices.push(copySlice(slice)),
    endRecording() {},
  };
  const rig = new CallRig({ recorder });
  const { socket } = rig.connect("CA1");
  assertEquals([rig.calls.list()[0]?.recording, rig.calls.find("CA1")?.setRecording(false)], [
    undefined,
    false,
  ]);
  socket.receive(message("stop"));
  assertEquals(slices, []);
});

Deno.test("recordCall() silences both sides of a pause to the sample and adds one event", () => {
  const clock = new FakeClock();
  const events = new CallEventStream();
  const timeline = new CallTimeline(clock, events);
  timeline.start();
  const recorded: AudioSlice[] = [];
  let emit = (_slice: AudioSlice) => {};
  const tap = {
    listen: (listener: (slice: AudioSlice) => void) => {
      emit = listener;
      return () => {};
    },
  };
  const recorder = {
    record: (_callSid: string, slice: AudioSlice) => void recorded.push(copySlice(slice)),
    endRecording() {},
  };
  recordCall({ recorder, callSid: "CA1", tap, timeline, events });
  const side = () => new Uint8Array(200 * 8).fill(1);
  timeline.setPaused(false);
  clock.advance(100);
  timeline.setPaused(true);
  clock.advance(20);
  timeline.setPaused(true);
  clock.advance(30);
  timeline.setPaused(false);
  timeline.setPaused(false);
  const audio = { atMs: 0, caller: side(), assistant: side() };
  emit(audio);
  const expected = side().fill(MULAW_SILENCE, 100 * 8, 150 * 8);
  assertEquals(recorded, [{ atMs: 0, caller: expected, assistant: expected }]);
  assertEquals([audio.caller, audio.assistant], [side(), side()], "listeners still get the audio");
  clock.advance(100);
  timeline.setPaused(true);
  emit({ atMs: 200, caller: side(), assistant: side() });
  assertEquals(recorded[1]?.caller, side().fill(MULAW_SILENCE, 50 * 8));
  clock.advance(250);
  timeline.setPaused(false);
  emit({ atMs: 400, caller: side(), assistant: side() });
  assertEquals(recorded[2]?.assistant, side().fill(MULAW_SILENCE, 0, 100 * 8));
  emit({ atMs: 600, caller: side(), assistant: side() });
  assertEquals(recorded[3]?.assistant, side());
  assertEquals(timeline.events.map(({ atMs, name }) => [atMs, name]), [
    [100, "paused"],
    [150, "on"],
    [250, "paused"],
    [500, "on"],
  ]);
});
