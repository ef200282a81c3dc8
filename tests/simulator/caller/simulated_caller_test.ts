import { assertEquals, fail } from "@std/assert";
import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
import { decodeMulaw } from "../../../src/audio/g711.js";
import { SimulatedCaller } from "../../../src/simulator/caller/simulated_caller.ts";
import {
  UnscriptedCaller,
  type UnscriptedCallerOptions,
} from "../../../src/simulator/caller/unscripted_caller.ts";
import { Timeline } from "../../../src/simulator/caller/timeline.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { tone } from "./caller_server.ts";

/** A caller on a fake clock; the test is the server. */
function startCaller(options: Partial<UnscriptedCallerOptions> = {}) {
  const clock = new FakeClock();
  const sent: { atMs: number; message: Record<string, unknown> }[] = [];
  const timeline = new Timeline(() => clock.now());
  let hangUps = 0;
  let role: UnscriptedCaller | undefined;
  const caller = new SimulatedCaller({
    clock,
    accountSid: "AC1",
    callSid: "CA1",
    streamSid: "MZ1",
    parameters: { token: "secret" },
    createRole: ({ assistantSpeech }) =>
      role = new UnscriptedCaller(
        { speech: tone(400), turns: 1, maxMs: 60_000, ...options },
        assistantSpeech,
      ),
    send: (text) => sent.push({ atMs: clock.now() - 1000, message: JSON.parse(text) }),
    onHangUp: () => hangUps++,
    addEntry: timeline.add,
  });
  caller.start();
  const receive = (message: unknown) => caller.receive(JSON.stringify(message));
  return {
    clock,
    caller,
    timeline,
    sent,
    receive,
    speak: (ms: number) =>
      receive({ event: "media", streamSid: "MZ1", media: { payload: encodeBase64(tone(ms)) } }),
    mark: (name: string) => receive({ event: "mark", streamSid: "MZ1", mark: { name } }),
    clear: () => receive({ event: "clear", streamSid: "MZ1" }),
    frames: () => sent.filter(({ message }) => message.event === "media"),
    events: (event: string) => sent.filter(({ message }) => message.event === event),
    hangUps: () => hangUps,
    role: () => role ?? fail("no role was created"),
  };
}

Deno.test("SimulatedCaller keeps its schedule and catches up after a stall", () => {
  const { clock, caller, frames } = startCaller();
  clock.advance(1000);
  assertEquals(frames().length, 50);
  clock.stall(137);
  clock.advance(0);
  assertEquals(frames().map(({ atMs }) => atMs).slice(50), [1137, 1137, 1137, 1137, 1137, 1137]);
  clock.advance(3);
  assertEquals(frames().length, 57);
  assertEquals(frames().at(-1)?.atMs, 1140);
  caller.end();
  assertEquals(clock.pending, 0);
});

Deno.test("SimulatedCaller returns each mark when its audio was played, in the sequence numbers of its frames", () => {
  const { clock, caller, speak, mark, clear, events, sent } = startCaller();
  mark("nothing before");
  clock.advance(10);
  speak(30);
  mark("played");
  speak(500);
  mark("never played");
  clock.advance(90);
  clear();
  assertEquals(events("mark").map(({ atMs, message }) => [atMs, message.mark]), [
    [0, { name: "nothing before" }],
    [40, { name: "played" }],
    [100, { name: "never played" }],
  ]);
  const numbers = sent.slice(1).map(({ message }) => Number(message.sequenceNumber));
  assertEquals(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  caller.end();
  assertEquals(caller.counts, {
    framesSent: 5,
    mediaReceived: 2,
    mediaMs: 530,
    marksReceived: 3,
    marksReturned: 3,
    clears: 1,
    warnings: 0,
  });
});

Deno.test("UnscriptedCaller speaks 600 ms after the greeting and hangs up after the answer", () => {
  const { clock, speak, events, frames, timeline, hangUps, role } = startCaller();
  clock.advance(100);
  speak(300);
  clock.advance(900); // heard until 400, spoken from 1000 to 1400
  clock.advance(700);
  speak(200); // 1700 to 1900
  clock.advance(5000);
  assertEquals(role().turns, [{ startMs: 1000, endMs: 1400, answerStartMs: 1700, latencyMs: 300 }]);
  assertEquals(events("stop").map(({ message }) => message.stop), [{ accountSid: "AC1", callSid: "CA1" }]);
  assertEquals(hangUps(), 1);
  assertEquals(clock.pending, 0);
  const spoken = frames().map(({ message }) => decodeBase64((message.media as { payload: string }).payload));
  const words = new Uint8Array(spoken.flatMap((frame) => [...frame])).subarray(8000, 11200);
  assertEquals(words, tone(400));
  assertEquals(
    timeline.entries.map(({ atMs, actor, action }) => `${atMs} ${actor} ${action}`),
    [
      "0 twilio opens the stream",
      "100 assistant starts speaking",
      "400 assistant stops speaking",
      "1000 caller starts speaking",
      "1400 caller stops speaking",
      "1700 assistant starts speaking",
      "1900 assistant stops speaking",
      "2920 caller hangs up",
    ],
  );
});

Deno.test("UnscriptedCaller speaks first after 5 s without a greeting and hangs up after 10 s without an answer", () => {
  const { clock, role } = startCaller();
  clock.advance(30_000);
  assertEquals(role().turns, [{ startMs: 5000, endMs: 5400 }]);
  assertEquals(role().hangUpReason, "no answer within 10 s");
  assertEquals(clock.pending, 0);
});

Deno.test("UnscriptedCaller does not count speech during its turn as the answer", () => {
  const { clock, speak, role } = startCaller();
  speak(20); // spoken from 620 to 1020
  clock.advance(700);
  speak(100); // while the caller starts speaking
  clock.advance(1500);
  speak(100); // 2200
  clock.advance(3000);
  assertEquals(role().turns, [{ startMs: 620, endMs: 1020, answerStartMs: 2200, latencyMs: 1180 }]);
});

Deno.test("UnscriptedCaller repeats its turn after each answer", () => {
  const { clock, speak, role } = startCaller({ turns: 3 });
  speak(20);
  for (let turn = 0; turn < 3; turn++) {
    clock.advance(1700);
    speak(100);
  }
  clock.advance(2000);
  assertEquals(role().turns.length, 3);
  assertEquals(role().hangUpReason, "all turns done");
});

Deno.test("UnscriptedCaller barges in and measures when the assistant stopped", () => {
  const { clock, speak, clear, role } = startCaller({ interruptMs: 300 });
  speak(100); // until 100: spoken from 700 to 1100
  clock.advance(1500);
  speak(5000);
  clock.advance(300 + 70);
  clear(); // 1870
  clock.advance(1500);
  speak(100);
  clock.advance(3000);
  assertEquals(role().bargeIn, { atMs: 1800, stoppedAfterMs: 70 });
  const turns = role().turns.map(({ startMs, latencyMs }) => [startMs, latencyMs]);
  assertEquals(turns, [[700, 400], [1800, 1170]]);
  assertEquals(role().hangUpReason, "all turns done");
});

Deno.test("UnscriptedCaller hangs up at the maximum duration", () => {
  const { clock, speak, hangUps, role } = startCaller({ maxMs: 4000 });
  speak(60_000);
  clock.advance(10_000);
  assertEquals(role().hangUpReason, "the call has lasted 4 s");
  assertEquals(hangUps(), 1);
});

Deno.test("SimulatedCaller records both sides on one clock", () => {
  const { clock, caller, speak, clear } = startCaller();
  clock.advance(50);
  speak(100);
  clock.advance(30.125);
  clear();
  clock.advance(19.875);
  caller.end();
  const { heard, spoken } = caller.recording;
  const expected = new Uint8Array(800).fill(0xff);
  expected.set(tone(100).subarray(0, 241), 400);
  assertEquals(heard, decodeMulaw(expected));
  assertEquals(spoken, new Int16Array(800));
});

Deno.test("SimulatedCaller adds a warning for each message Twilio would ignore", () => {
  const { caller, receive, timeline } = startCaller();
  receive({ event: "dance", streamSid: "MZ1" });
  receive({ event: "dance", streamSid: "MZ1" });
  receive({ event: "clear", streamSid: "MZ2" });
  caller.receive(new ArrayBuffer(3));
  caller.end();
  assertEquals(
    timeline.entries.slice(1).map(({ action, detail, times = 1 }) => `${action}: ${detail}, ${times}`),
    [
      'warning 31951: message ignored: an unknown event "dance", 2',
      "warning 31951: message ignored: a wrong streamSid, 1",
      "warning 31950: message ignored: a binary frame, 1",
    ],
  );
  assertEquals(caller.counts.clears, 0);
});

Deno.test("SimulatedCaller measures how much audio waited at Twilio", () => {
  const { clock, caller, speak } = startCaller();
  speak(200);
  clock.advance(100);
  speak(20);
  clock.advance(300);
  caller.end();
  assertEquals(caller.maxLeadMs, 200);
  assertEquals(caller.leads, [180, 160, 140, 120, 100, 100, 80, 60, 40, 20]);
});
