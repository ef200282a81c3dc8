import { assertEquals } from "@std/assert";
import { readServiceMessage, StreamWire } from "../../../src/simulator/twilio/stream_wire.js";
import { clearMessage, markMessage, mediaMessage } from "../../../src/twilio/messages.ts";

const read = (message: unknown) => readServiceMessage(JSON.stringify(message), "MZ1");
const streamSid = "MZ1";

Deno.test("readServiceMessage() reads media, mark and clear", () => {
  assertEquals(read({ event: "media", streamSid, media: { payload: "/wD+" } }), {
    event: "media",
    payload: Uint8Array.of(255, 0, 254),
  });
  assertEquals(read({ event: "mark", streamSid, mark: { name: "" } }), { event: "mark", name: "" });
  assertEquals(read({ event: "clear", streamSid }), { event: "clear" });
});

const WRONG: [message: unknown, why: string][] = [
  [{ event: "media", streamSid }, 'a missing field "media"'],
  [{ event: "media", streamSid, media: {} }, 'a missing field "payload"'],
  [{ event: "media", streamSid, media: "x" }, "not an object with payload"],
  [{ event: "media", streamSid, media: { payload: "no base64!" } }, "a payload that is not base64"],
  [{ event: "media", streamSid, media: { payload: 5 } }, "a payload that is not base64"],
  [{ event: "media", streamSid, media: { payload: "" }, track: "outbound" }, 'an unexpected field "track"'],
  [{ event: "media", media: { payload: "" } }, 'a missing field "streamSid"'],
  [{ event: "media", streamSid: "MZ2", media: { payload: "" } }, "a wrong streamSid"],
  [{ event: "mark", streamSid, mark: { name: 7 } }, "a mark without a name"],
  [{ event: "clear", streamSid: null }, "a wrong streamSid"],
  [{ event: "stop", streamSid }, 'an unknown event "stop"'],
  [{}, "an unknown event undefined"],
  [null, "an unknown event undefined"],
  [[1], "an unknown event undefined"],
];

for (const [message, why] of WRONG) {
  Deno.test(`readServiceMessage() reports ${JSON.stringify(message)} as 31951`, () => {
    assertEquals(read(message), { event: "invalid", code: 31951, why });
  });
}

Deno.test("readServiceMessage() reports invalid JSON as 31951 and a binary frame as 31950", () => {
  assertEquals(readServiceMessage("{", streamSid), { event: "invalid", code: 31951, why: "invalid JSON" });
  assertEquals(readServiceMessage(new ArrayBuffer(2), streamSid), {
    event: "invalid",
    code: 31950,
    why: "a binary frame",
  });
});

const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1" };

/** A wire with its sent messages and its played audio. */
function setUp() {
  const sent: Record<string, unknown>[] = [];
  const played: unknown[] = [];
  const warnings: number[] = [];
  const wire = new StreamWire({
    ids: IDS,
    parameters: { token: "a.b" },
    send: (message) => sent.push(JSON.parse(message)),
    playback: {
      media: (bytes) => void played.push([...bytes]),
      mark: (name) => played.push(name),
      clear: () => played.push("cleared"),
    },
    onWarning: (code) => warnings.push(code),
  });
  return { wire, sent, played, warnings };
}

Deno.test("StreamWire leaves a gap in the timestamps when the caller's audio has one", () => {
  const { wire, sent } = setUp();
  for (const at of [500, 520, 540.2, 1_780.9]) wire.sendFrame(new Uint8Array(160), at);
  const media = sent.map(({ media }) => media as { chunk: string; timestamp: string });
  assertEquals(media.map(({ timestamp, chunk }) => [timestamp, chunk]), [
    ["0", "1"],
    ["20", "2"],
    ["40", "3"],
    ["1280", "4"],
  ]);
});

Deno.test("StreamWire plays the service's messages in order and counts what Twilio would ignore", () => {
  const { wire, played, warnings } = setUp();
  const validMessages = [
    mediaMessage(streamSid, Uint8Array.of(1, 2, 255)),
    markMessage(streamSid, "<b>"),
    clearMessage(streamSid),
  ];
  for (const message of validMessages) wire.receive(message);
  assertEquals(played, [[1, 2, 255], "<b>", "cleared"]);
  const invalidMessages: unknown[] = ["", "x", new ArrayBuffer(3), mediaMessage("MZ2", Uint8Array.of(1))];
  for (const message of invalidMessages) wire.receive(message);
  assertEquals(warnings, [31951, 31951, 31950, 31951]);
  assertEquals([wire.counts.warnings, wire.counts.clears, played.length], [invalidMessages.length, 1, 3]);
});

Deno.test("StreamWire sends and plays nothing after its end", () => {
  const { wire, sent, played } = setUp();
  wire.start();
  wire.end();
  wire.sendFrame(new Uint8Array(160), 0);
  wire.returnMark("late");
  wire.press("1");
  wire.stop();
  wire.receive(clearMessage(streamSid));
  assertEquals([sent.length, played], [2, []]);
});
