import { assertEquals } from "@std/assert";
import { readServerMessage } from "../../../src/simulator/caller/wire.ts";

const read = (message: unknown) => readServerMessage(JSON.stringify(message), "MZ1");
const streamSid = "MZ1";

Deno.test("reads the three messages a server may send", () => {
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
  [{ event: "media", streamSid, media: "x" }, "no object with payload"],
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
  Deno.test(`Twilio would ignore ${JSON.stringify(message)}`, () => {
    assertEquals(read(message), { event: "wrong", code: 31951, why });
  });
}

Deno.test("what is no JSON is 31951, what is no text 31950", () => {
  assertEquals(readServerMessage("{", streamSid), { event: "wrong", code: 31951, why: "no valid JSON" });
  assertEquals(readServerMessage(new ArrayBuffer(2), streamSid), {
    event: "wrong",
    code: 31950,
    why: "a binary frame",
  });
});
