import { assertEquals, fail } from "@std/assert";
import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
import { decodeMulaw } from "../../../src/audio/g711.ts";
import { RehearsalCaller } from "../../../src/simulator/caller/caller.ts";
import { SmallTalk, type SmallTalkOptions } from "../../../src/simulator/caller/small_talk.ts";
import { Timeline } from "../../../src/simulator/caller/timeline.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { tone } from "./caller_server.ts";

/** A caller on a clock that stands still; the test is the server. */
function pickUp(options: Partial<SmallTalkOptions> = {}) {
  const clock = new FakeClock();
  const sent: { atMs: number; message: Record<string, unknown> }[] = [];
  const timeline = new Timeline(() => clock.now());
  let hangUps = 0;
  let talk: SmallTalk | undefined;
  const caller = new RehearsalCaller({
    clock,
    accountSid: "AC1",
    callSid: "CA1",
    streamSid: "MZ1",
    parameters: { token: "secret" },
    part: ({ ear }) => talk = new SmallTalk({ speech: tone(400), turns: 1, maxMs: 60_000, ...options }, ear),
    send: (text) => sent.push({ atMs: clock.now() - 1000, message: JSON.parse(text) }),
    onHangUp: () => hangUps++,
    note: timeline.note,
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
    talk: () => talk ?? fail("There is no caller"),
  };
}

Deno.test("opens as Twilio does: connected, start with every field, then frames", () => {
  const { sent, clock, caller } = pickUp();
  clock.advance(40);
  caller.end();
  const silence = encodeBase64(new Uint8Array(160).fill(0xff));
  const media = (n: number) => ({
    event: "media",
    sequenceNumber: String(n + 1),
    media: { track: "inbound", chunk: String(n), timestamp: String(20 * n - 20), payload: silence },
    streamSid: "MZ1",
  });
  assertEquals(sent, [
    { atMs: 0, message: { event: "connected", protocol: "Call", version: "1.0.0" } },
    {
      atMs: 0,
      message: {
        event: "start",
        sequenceNumber: "1",
        start: {
          accountSid: "AC1",
          streamSid: "MZ1",
          callSid: "CA1",
          tracks: ["inbound"],
          mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
          customParameters: { token: "secret" },
        },
        streamSid: "MZ1",
      },
    },
    { atMs: 20, message: media(1) },
    { atMs: 40, message: media(2) },
  ]);
});

Deno.test("frames leave on a schedule that does not drift, and catch up after a stall", () => {
  const { clock, caller, frames } = pickUp();
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

Deno.test("marks come back with the audio they follow, numbered among the frames", () => {
  const { clock, caller, speak, mark, clear, events, sent } = pickUp();
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
  assertEquals(sent.slice(1).map(({ message }) => message.sequenceNumber), [
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "9",
  ]);
  caller.end();
  assertEquals(caller.counts, {
    framesSent: 5,
    mediaReceived: 2,
    mediaMs: 530,
    marksReceived: 3,
    marksReturned: 3,
    clears: 1,
  });
});

Deno.test("speaks when the greeting has been over for 600 ms, waits for the answer, hangs up after it", () => {
  const { clock, speak, events, frames, timeline, hangUps, talk } = pickUp();
  clock.advance(100);
  speak(300);
  clock.advance(900); // heard until 400, spoken from 1000 to 1400
  clock.advance(700);
  speak(200); // 1700 to 1900
  clock.advance(5000);
  assertEquals(talk().turns, [{
    spokeAtMs: 1000,
    spokeUntilMs: 1400,
    answeredAtMs: 1700,
    latencyMs: 300,
  }]);
  assertEquals(events("stop").map(({ message }) => message.stop), [{ accountSid: "AC1", callSid: "CA1" }]);
  assertEquals(hangUps(), 1);
  assertEquals(clock.pending, 0);
  const spoken = frames().map(({ message }) => decodeBase64((message.media as { payload: string }).payload));
  const words = new Uint8Array(spoken.flatMap((frame) => [...frame])).subarray(8000, 11200);
  assertEquals(words, tone(400));
  assertEquals(
    timeline.entries.map(({ atMs, who, what }) => `${atMs} ${who} ${what}`),
    [
      "0 twilio stream started",
      "100 assistant speaks",
      "400 assistant is silent",
      "1000 caller speaks",
      "1400 caller is silent",
      "1700 assistant speaks",
      "1900 assistant is silent",
      "2920 caller hangs up",
    ],
  );
});

Deno.test("speaks first when there is no greeting for 5 s, and gives up when no answer comes for 10 s", () => {
  const { clock, talk } = pickUp();
  clock.advance(30_000);
  assertEquals(talk().turns, [{ spokeAtMs: 5000, spokeUntilMs: 5400 }]);
  assertEquals(talk().hangUpReason, "no answer came in 10 s");
  assertEquals(clock.pending, 0);
});

Deno.test("what is said into the caller's words is no answer to them", () => {
  const { clock, speak, talk } = pickUp();
  speak(20); // spoken from 620 to 1020
  clock.advance(700);
  speak(100); // while the caller speaks
  clock.advance(1500);
  speak(100); // 2200
  clock.advance(3000);
  assertEquals(talk().turns, [{
    spokeAtMs: 620,
    spokeUntilMs: 1020,
    answeredAtMs: 2200,
    latencyMs: 1180,
  }]);
});

Deno.test("says it again after each answer, as often as asked", () => {
  const { clock, speak, talk } = pickUp({ turns: 3 });
  speak(20);
  for (let turn = 0; turn < 3; turn++) {
    clock.advance(1700);
    speak(100);
  }
  clock.advance(2000);
  assertEquals(talk().turns.length, 3);
  assertEquals(talk().hangUpReason, "all is said");
});

Deno.test("interrupts so many ms into the answer, and measures when it fell silent", () => {
  const { clock, speak, clear, talk } = pickUp({ interruptMs: 300 });
  speak(100); // until 100: spoken from 700 to 1100
  clock.advance(1500);
  speak(5000);
  clock.advance(300 + 70);
  clear(); // 1870
  clock.advance(1500);
  speak(100);
  clock.advance(3000);
  assertEquals(talk().interruption, { atMs: 1800, stoppedAfterMs: 70 });
  assertEquals(talk().turns.map(({ spokeAtMs, latencyMs }) => [spokeAtMs, latencyMs]), [[700, 400], [
    1800,
    1170,
  ]]);
  assertEquals(talk().hangUpReason, "all is said");
});

Deno.test("an answer that never ends is bounded by the longest call", () => {
  const { clock, speak, hangUps, talk } = pickUp({ maxMs: 4000 });
  speak(60_000);
  clock.advance(10_000);
  assertEquals(talk().hangUpReason, "the call has lasted 4 s");
  assertEquals(hangUps(), 1);
});

Deno.test("records both sides on one clock, silence where nothing played", () => {
  const { clock, caller, speak, clear } = pickUp();
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

Deno.test("what Twilio would ignore is ignored, named and counted", () => {
  const { caller, receive, timeline } = pickUp();
  receive({ event: "dance", streamSid: "MZ1" });
  receive({ event: "dance", streamSid: "MZ1" });
  receive({ event: "clear", streamSid: "MZ2" });
  caller.receive(new ArrayBuffer(3));
  caller.end();
  assertEquals(
    timeline.entries.slice(1).map(({ what, detail, times = 1 }) => `${what}: ${detail}, ${times}`),
    [
      'warning 31951: message ignored: an unknown event "dance", 2',
      "warning 31951: message ignored: a wrong streamSid, 1",
      "warning 31950: message ignored: a binary frame, 1",
    ],
  );
  assertEquals(caller.counts.clears, 0);
});

Deno.test("tells how much audio waited at Twilio", () => {
  const { clock, caller, speak } = pickUp();
  speak(200);
  clock.advance(100);
  speak(20);
  clock.advance(300);
  caller.end();
  assertEquals(caller.maxLeadMs, 200);
  assertEquals(caller.leads, [180, 160, 140, 120, 100, 100, 80, 60, 40, 20]);
});
