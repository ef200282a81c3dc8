import { assertEquals, assertThrows } from "@std/assert";
import twilio from "twilio";
import { CallFailure } from "../../../src/rehearsal/caller/call_failure.ts";
import { readTwiml } from "../../../src/rehearsal/caller/twiml.ts";

Deno.test("reads what the vendor's own package writes", () => {
  const response = new twilio.twiml.VoiceResponse();
  response.say({ voice: "Polly.Joanna" }, "Tom & Jerry's <show>");
  response.pause({ length: 2 });
  response.pause();
  const connect = response.connect({ action: "/after?x=1&y=2" });
  const stream = connect.stream({
    url: "wss://host.example/media-stream",
    name: "ai",
    statusCallback: "https://host.example/stream-status",
    statusCallbackMethod: "GET",
  });
  stream.parameter({ name: "token", value: 'a "q" <x>\n\ty' });
  stream.parameter({ name: "from", value: "+15551230000" });
  response.reject({ reason: "busy" });
  response.hangup();
  assertEquals(readTwiml(response.toString()), [
    { verb: "say", text: "Tom & Jerry's <show>" },
    { verb: "pause", seconds: 2 },
    { verb: "pause", seconds: 1 },
    {
      verb: "connect",
      action: { url: "/after?x=1&y=2", method: "POST" },
      stream: {
        url: "wss://host.example/media-stream",
        name: "ai",
        statusCallback: { url: "https://host.example/stream-status", method: "GET" },
        parameters: { token: 'a "q" <x>\n\ty', from: "+15551230000" },
      },
    },
    { verb: "reject", reason: "busy" },
    { verb: "hangup" },
  ]);
});

Deno.test("an ampersand stands for itself inside CDATA and comments", () => {
  const said = readTwiml("<Response><!-- a & b --><Say>Tom <![CDATA[& Jerry]]></Say></Response>");
  assertEquals(said, [{ verb: "say", text: "Tom & Jerry" }]);
});

Deno.test("an empty response has no verbs", () => assertEquals(readTwiml("<Response/>"), []));

const inStream = (inner: string, attributes = "") =>
  `<Response><Connect><Stream url="wss://h/s"${attributes}>${inner}</Stream></Connect></Response>`;

const WRONG: [xml: string, says: string][] = [
  ["", "12100"],
  ["hello", "12100"],
  ["<Response><Say>a & b</Say></Response>", "not well-formed"],
  ["<Response><Say>a\u0001b</Say></Response>", "U+0001"],
  ["<Response><Say voice=man>a</Say></Response>", "not well-formed"],
  ["<Response><Hangup></Response>", "not well-formed"],
  ["<Response/><Response/>", "12100"],
  ["<html/>", "its root is <html>"],
  ["<Response><Dial>+1555</Dial></Response>", "<Dial> is no verb a rehearsal knows"],
  ["<Response><hangup/></Response>", "<hangup> is no verb"],
  ['<Response><Pause length="1.5"/></Response>', '<Pause length="1.5">'],
  ["<Response><Connect/></Response>", "<Connect> should hold one <Stream>"],
  ["<Response><Connect><Room/></Connect></Response>", "<Connect> should hold one <Stream>"],
  ['<Response><Connect method="PUT"><Stream url="wss://h/s"/></Connect></Response>', 'the method "PUT"'],
  ["<Response><Connect><Stream/></Connect></Response>", "<Stream> has no url"],
  [inStream("", ' track="both_tracks"'), "31941"],
  [inStream("", ' URL="x"'), 'an attribute "URL" that Twilio does not know'],
  [inStream("<Param/>"), "only <Parameter> belongs there"],
  [inStream('<Parameter value="x"/>'), "a <Parameter> has no name"],
  [inStream(`<Parameter name="token" value="${"x".repeat(495)}"/>`), "has 500 characters with its name"],
];

for (const [xml, says] of WRONG) {
  Deno.test(`does not run ${xml.slice(0, 60) || "nothing"}`, () => {
    const error = assertThrows(() => readTwiml(xml), CallFailure, says);
    assertEquals(error.message.startsWith("Cannot run the TwiML: "), true);
  });
}
