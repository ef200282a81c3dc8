import { assertEquals, assertThrows } from "@std/assert";
import twilio from "twilio";
import { CallFailure } from "../../../src/simulator/caller/call_failure.ts";
import { describeVerb, readTwiml } from "../../../src/simulator/caller/twiml.ts";

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

Deno.test("reads numbers to dial, keys to gather and addresses to go on at, as the vendor's own package writes them", () => {
  const response = new twilio.twiml.VoiceResponse();
  const dial = response.dial({
    action: "/after",
    timeout: 20,
    callerId: "+15559870000",
    answerOnBridge: true,
  });
  dial.number({
    statusCallback: "/status",
    statusCallbackMethod: "GET",
    statusCallbackEvent: ["ringing", "answered"],
  }, "+15550100");
  response.dial("+15550199");
  const gather = response.gather({
    action: "/keys",
    method: "GET",
    numDigits: 1,
    timeout: 3,
    finishOnKey: "*",
  });
  gather.say("Press one.");
  response.gather();
  response.redirect({ method: "GET" }, "/next?a=1&b=2");
  response.play("https://host.example/hold.mp3");
  const verbs = readTwiml(response.toString());
  assertEquals(verbs, [
    {
      verb: "dial",
      number: "+15550100",
      timeoutSeconds: 20,
      callerId: "+15559870000",
      action: { url: "/after", method: "POST" },
      statusCallback: { url: "/status", method: "GET", events: ["ringing", "answered"] },
    },
    { verb: "dial", number: "+15550199", timeoutSeconds: 30 },
    {
      verb: "gather",
      action: { url: "/keys", method: "GET" },
      numDigits: 1,
      finishOnKey: "*",
      timeoutSeconds: 3,
      prompts: [{ verb: "say", text: "Press one." }],
    },
    { verb: "gather", numDigits: Infinity, finishOnKey: "#", timeoutSeconds: 5, prompts: [] },
    { verb: "redirect", to: { url: "/next?a=1&b=2", method: "GET" } },
    { verb: "play", url: "https://host.example/hold.mp3" },
  ]);
  assertEquals(verbs.map(describeVerb), [
    { verb: "Dial", number: "+15550100", timeout: "20", callerId: "+15559870000" },
    { verb: "Dial", number: "+15550199", timeout: "30" },
    { verb: "Gather", timeout: "3", finishOnKey: "*" },
    { verb: "Gather", timeout: "5", finishOnKey: "#" },
    { verb: "Redirect", url: "/next?a=1&b=2" },
    { verb: "Play", url: "https://host.example/hold.mp3" },
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
  ["<Response><Enqueue>x</Enqueue></Response>", "<Enqueue> is no verb a rehearsal knows"],
  ["<Response><Dial/></Response>", "<Dial> has no number"],
  ["<Response><Dial><Sip>sip:a@b</Sip></Dial></Response>", "<Dial> holds a <Sip>"],
  ["<Response><Dial><Number>1</Number><Number>2</Number></Dial></Response>", "<Dial> holds several nouns"],
  ['<Response><Dial timeout="soon">1</Dial></Response>', '<Dial timeout="soon"> is no whole number'],
  ['<Response><Dial callerID="1">1</Dial></Response>', 'an attribute "callerID"'],
  ["<Response><Redirect/></Response>", "<Redirect> has no address"],
  ["<Response><Gather><Hangup/></Gather></Response>", "<Gather> holds a <Hangup>"],
  ['<Response><Gather numDigits="x"/></Response>', '<Gather numDigits="x"> is no whole number'],
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
