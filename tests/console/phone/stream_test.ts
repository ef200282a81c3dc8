import { assertEquals, assertMatch } from "@std/assert";
import { newSid, TwilioStream } from "../../../src/console/phone/stream.js";
import { RehearsalCaller } from "../../../src/simulator/caller/caller.ts";
import { clearMessage, markMessage, mediaMessage } from "../../../src/twilio/messages.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const IDS = { accountSid: newSid("AC"), callSid: newSid("CA"), streamSid: newSid("MZ") };
const PARAMETERS = { token: "a.b.c", from: "client:console" };

/** A stream, and what it sent and played. */
function setUp() {
  const sent: string[] = [];
  const played: unknown[] = [];
  const stream = new TwilioStream(IDS, PARAMETERS, (text: string) => sent.push(text), {
    media: (bytes: Uint8Array) => played.push([...bytes]),
    mark: (name: string) => played.push(name),
    clear: () => played.push("cleared"),
  });
  return { stream, sent, played };
}

Deno.test("the phone's messages are the rehearsed caller's, to the letter", () => {
  const clock = new FakeClock();
  const expected: string[] = [];
  const frame = Uint8Array.from({ length: 160 }, (_, i) => i);
  const caller = new RehearsalCaller({
    ...IDS,
    clock,
    parameters: PARAMETERS,
    part: ({ press }) => {
      let frames = 0;
      return {
        doing: "",
        hangUpReason: "",
        next: () => {
          if (++frames === 3) press("#");
          return frames > 3 ? undefined : frame;
        },
      };
    },
    send: (message) => expected.push(message),
    onHangUp: () => {},
    note: () => {},
  });
  caller.start();
  caller.receive(markMessage(IDS.streamSid, "m1"));
  clock.advance(100);

  const { stream, sent } = setUp();
  stream.start();
  stream.mark("m1");
  stream.frame(frame, 1_000);
  stream.frame(frame, 1_020);
  stream.press("#");
  stream.frame(frame, 1_040);
  stream.stop();
  assertEquals(sent.map((text) => JSON.parse(text)), expected.map((text) => JSON.parse(text)));
});

Deno.test("frames tell when they were heard: a gap in the sound is a gap in their time", () => {
  const { stream, sent } = setUp();
  for (const at of [500, 520, 540.2, 1_780.9]) stream.frame(new Uint8Array(160), at);
  const media = sent.map((text) => JSON.parse(text).media);
  assertEquals(media.map(({ timestamp, chunk }) => [timestamp, chunk]), [
    ["0", "1"],
    ["20", "2"],
    ["40", "3"],
    ["1280", "4"],
  ]);
});

Deno.test("what the service sends is played in order; what Twilio would not understand is only counted", () => {
  const { stream, played } = setUp();
  const { streamSid } = IDS;
  const good = [
    mediaMessage(streamSid, Uint8Array.of(1, 2, 255)),
    markMessage(streamSid, "<b>"),
    clearMessage(streamSid),
  ];
  for (const message of good) stream.receive(message);
  assertEquals(played, [[1, 2, 255], "<b>", "cleared"]);
  const bad: unknown[] = [
    "",
    "x",
    "null",
    "[]",
    new ArrayBuffer(3),
    mediaMessage("MZ1", Uint8Array.of(1)),
    JSON.stringify({ event: "media", streamSid, media: { payload: "*" } }),
    JSON.stringify({ event: "media", streamSid, media: {} }),
    JSON.stringify({ event: "media", streamSid }),
    JSON.stringify({ event: "mark", streamSid, mark: { name: 1 } }),
    JSON.stringify({ event: "stop", streamSid }),
  ];
  for (const message of bad) stream.receive(message);
  assertEquals([stream.counts.warnings, stream.counts.clears, played.length], [bad.length, 1, 3]);
});

Deno.test("after its end nothing is said and nothing heard", () => {
  const { stream, sent, played } = setUp();
  stream.start();
  stream.end();
  stream.frame(new Uint8Array(160), 0);
  stream.mark("late");
  stream.press("1");
  stream.stop();
  stream.receive(clearMessage(IDS.streamSid));
  assertEquals([sent.length, played], [2, []]);
});

Deno.test("identifiers are as Twilio's", () => {
  assertMatch(newSid("CA"), /^CA[0-9a-f]{32}$/);
  assertEquals(newSid("CA") === newSid("CA"), false);
});
