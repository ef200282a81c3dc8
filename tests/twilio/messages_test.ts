import { assertEquals } from "@std/assert";
import {
  clearMessage,
  type MalformedReason,
  markMessage,
  mediaMessage,
  readMessage,
} from "../../src/twilio/messages.ts";

const start = {
  accountSid: "AC1",
  streamSid: "MZ1",
  callSid: "CA1",
  tracks: ["inbound"],
  mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
  customParameters: { token: "t", from: "+15551230000" },
};

// The vendor's own examples: https://www.twilio.com/docs/voice/media-streams/websocket-messages
Deno.test("readMessage() reads every message of Twilio's documentation", () => {
  const read = (message: unknown) => readMessage(JSON.stringify(message));
  assertEquals(read({ event: "connected", protocol: "Call", version: "1.0.0" }), { event: "connected" });
  assertEquals(read({ event: "start", sequenceNumber: "1", start, streamSid: "MZ1" }), {
    event: "start",
    start: {
      accountSid: "AC1",
      streamSid: "MZ1",
      callSid: "CA1",
      parameters: Object.assign(Object.create(null), { token: "t", from: "+15551230000" }),
    },
  });
  const media = { track: "inbound", chunk: "2", timestamp: "5", payload: "no+JhoaJjpw=" };
  assertEquals(read({ event: "media", sequenceNumber: "4", media, streamSid: "MZ1" }), {
    event: "media",
    streamSid: "MZ1",
    timestamp: 5,
    payload: "no+JhoaJjpw=",
  });
  assertEquals(
    read({
      event: "dtmf",
      streamSid: "MZ1",
      sequenceNumber: "5",
      dtmf: { track: "inbound_track", digit: "1" },
    }),
    { event: "dtmf", streamSid: "MZ1", digit: "1" },
  );
  assertEquals(read({ event: "mark", sequenceNumber: "4", streamSid: "MZ1", mark: { name: "my label" } }), {
    event: "mark",
    streamSid: "MZ1",
    name: "my label",
  });
  assertEquals(read({ event: "stop", sequenceNumber: "5", stop: { callSid: "CA1" }, streamSid: "MZ1" }), {
    event: "stop",
    streamSid: "MZ1",
  });
});

Deno.test("readMessage() returns the reason for malformed messages", () => {
  const media = { track: "inbound", chunk: "1", timestamp: "0", payload: "////" };
  const cases: [unknown, MalformedReason][] = [
    ["{", "not JSON"],
    ["null", "not JSON"],
    ["[]", "not JSON"],
    ["7", "not JSON"],
    [{}, "no event"],
    [{ event: 5 }, "no event"],
    [{ event: "noise", streamSid: "MZ1" }, "unknown event"],
    [{ event: "start" }, "bad start"],
    [{ event: "start", start: { ...start, callSid: 5 } }, "bad start"],
    [{ event: "start", start: { ...start, streamSid: "" } }, "bad start"],
    [{ event: "start", start: { ...start, mediaFormat: { encoding: "audio/l16" } } }, "bad media format"],
    [{ event: "media", media }, "no streamSid"],
    [{ event: "media", streamSid: "MZ1" }, "bad media"],
    [{ event: "media", streamSid: "MZ1", media: { ...media, payload: 5 } }, "bad media"],
    [{ event: "media", streamSid: "MZ1", media: { ...media, payload: "" } }, "bad media"],
    [{ event: "media", streamSid: "MZ1", media: { ...media, payload: '//"}' } }, "bad media"],
    [{ event: "media", streamSid: "MZ1", media: { ...media, payload: "/////" } }, "bad media"],
    [{ event: "media", streamSid: "MZ1", media: { ...media, timestamp: "-20" } }, "bad media"],
    [{ event: "media", streamSid: "MZ1", media: { ...media, timestamp: "soon" } }, "bad media"],
    [{ event: "media", streamSid: "MZ1", media: { ...media, timestamp: undefined } }, "bad media"],
    [{ event: "media", streamSid: "MZ1", media: { ...media, timestamp: "1e999" } }, "bad media"],
    [{ event: "media", streamSid: "MZ1", media: { ...media, track: "outbound" } }, "bad media"],
    [{ event: "mark", streamSid: "MZ1" }, "bad mark"],
    [{ event: "mark", mark: { name: "a" } }, "no streamSid"],
    [{ event: "dtmf", streamSid: "MZ1", dtmf: { digit: "12" } }, "bad dtmf"],
    [{ event: "stop" }, "no streamSid"],
  ];
  for (const [message, expected] of cases) {
    assertEquals(readMessage(typeof message === "string" ? message : JSON.stringify(message)), expected);
  }
});

Deno.test("readMessage() keeps parameters from changing a prototype", () => {
  const customParameters = JSON.parse('{"__proto__":"x","token":"t"}');
  const read = readMessage(JSON.stringify({ event: "start", start: { ...start, customParameters } }));
  assertEquals(typeof read === "object" && read.event === "start" && read.start.parameters.token, "t");
  assertEquals(({} as Record<string, unknown>).x, undefined);
});

Deno.test("mediaMessage(), markMessage() and clearMessage() match Twilio's documentation", () => {
  assertEquals(JSON.parse(mediaMessage('M"Z', new Uint8Array([0xff, 0x7f, 0]))), {
    event: "media",
    streamSid: 'M"Z',
    media: { payload: "/38A" },
  });
  assertEquals(JSON.parse(markMessage("MZ1", 'a"b')), {
    event: "mark",
    streamSid: "MZ1",
    mark: { name: 'a"b' },
  });
  assertEquals(JSON.parse(clearMessage("MZ1")), { event: "clear", streamSid: "MZ1" });
});
