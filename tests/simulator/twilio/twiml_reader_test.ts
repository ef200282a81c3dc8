import { assertEquals, assertThrows } from "@std/assert";
import twilio from "twilio";
import { CallError } from "../../../src/simulator/twilio/call_error.js";
import { readTwiml } from "../../../src/simulator/twilio/twiml_reader.js";
import {
  connectStream,
  dial,
  gatherKey,
  hangup,
  redirect,
  reject,
  say,
  twiml,
} from "../../../src/twilio/twiml.ts";

const post = (url: string) => ({ url, method: "POST" as const });

Deno.test("readTwiml() reads Say, Pause, Connect, Reject and Hangup as the vendor's package writes them", () => {
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
    { verb: "Say", text: "Tom & Jerry's <show>", language: undefined },
    { verb: "Pause", seconds: 2 },
    { verb: "Pause", seconds: 1 },
    {
      verb: "Connect",
      action: { url: "/after?x=1&y=2", method: "POST" },
      stream: {
        url: "wss://host.example/media-stream",
        name: "ai",
        statusCallback: { url: "https://host.example/stream-status", method: "GET" },
        parameters: { token: 'a "q" <x>\n\ty', from: "+15551230000" },
      },
    },
    { verb: "Reject", reason: "busy" },
    { verb: "Hangup" },
  ]);
});

Deno.test("readTwiml() reads Dial, Gather, Redirect and Play as the vendor's package writes them", () => {
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
  assertEquals(readTwiml(response.toString()), [
    {
      verb: "Dial",
      number: "+15550100",
      timeoutSeconds: 20,
      callerId: "+15559870000",
      action: { url: "/after", method: "POST" },
      statusCallback: { url: "/status", method: "GET" },
      events: ["ringing", "answered"],
    },
    {
      verb: "Dial",
      number: "+15550199",
      timeoutSeconds: 30,
      callerId: undefined,
      action: undefined,
      statusCallback: undefined,
      events: ["completed"],
    },
    {
      verb: "Gather",
      action: { url: "/keys", method: "GET" },
      numDigits: 1,
      finishOnKey: "*",
      timeoutSeconds: 3,
      prompts: [{ verb: "Say", text: "Press one.", language: undefined }],
    },
    {
      verb: "Gather",
      action: undefined,
      numDigits: Infinity,
      finishOnKey: "#",
      timeoutSeconds: 5,
      prompts: [],
    },
    { verb: "Redirect", target: { url: "/next?a=1&b=2", method: "GET" } },
    { verb: "Play", url: "https://host.example/hold.mp3" },
  ]);
});

Deno.test("readTwiml() reads every verb Parley writes", () => {
  const url = "https://phone.example.com";
  const written = twiml(
    say('One <moment> & "more"'),
    say("Un momento", "es-ES"),
    connectStream({
      url: "wss://phone.example.com/media-stream",
      action: `${url}/after-stream`,
      statusCallback: `${url}/stream-status`,
      parameters: { token: "a.b", from: '+1555"<&\n', to: "" },
    }),
    gatherKey(`${url}/language-chosen`, [say("Press 1")]),
    redirect(`${url}/elsewhere`),
    reject("busy"),
    dial({ number: "+15550100", maxSeconds: 1_800, statusCallback: `${url}/call-status` }),
    dial({
      number: "sip:desk@example.com",
      ringSeconds: 20,
      maxSeconds: 1_800,
      action: `${url}/after-transfer`,
      statusCallback: `${url}/call-status`,
    }),
    hangup,
  );
  assertEquals(readTwiml(written), [
    { verb: "Say", text: 'One <moment> & "more"', language: undefined },
    { verb: "Say", text: "Un momento", language: "es-ES" },
    {
      verb: "Connect",
      action: post(`${url}/after-stream`),
      stream: {
        url: "wss://phone.example.com/media-stream",
        name: undefined,
        parameters: { token: "a.b", from: '+1555"<&\n', to: "" },
        statusCallback: post(`${url}/stream-status`),
      },
    },
    {
      verb: "Gather",
      prompts: [{ verb: "Say", text: "Press 1", language: undefined }],
      action: post(`${url}/language-chosen`),
      numDigits: 1,
      finishOnKey: "#",
      timeoutSeconds: 4,
    },
    { verb: "Redirect", target: post(`${url}/elsewhere`) },
    { verb: "Reject", reason: "busy" },
    {
      verb: "Dial",
      number: "+15550100",
      callerId: undefined,
      timeoutSeconds: 30,
      action: undefined,
      statusCallback: post(`${url}/call-status`),
      events: ["answered", "completed"],
    },
    {
      verb: "Dial",
      number: "sip:desk@example.com",
      callerId: undefined,
      timeoutSeconds: 20,
      action: post(`${url}/after-transfer`),
      statusCallback: post(`${url}/call-status`),
      events: ["answered"],
    },
    { verb: "Hangup" },
  ]);
});

Deno.test("readTwiml() reads comments, CDATA, entities, white space and missing attributes", () => {
  const read = readTwiml(`\uFEFF<?xml version="1.0"?><!-- a & b --><Response>
    <Pause/><Reject/><Say>
      two
      lines &#x2713;&#65;
    </Say><Say>Tom <![CDATA[& Jerry]]></Say><Gather finishOnKey=""/></Response>`);
  assertEquals(read, [
    { verb: "Pause", seconds: 1 },
    { verb: "Reject", reason: "rejected" },
    { verb: "Say", text: "two lines ✓A", language: undefined },
    { verb: "Say", text: "Tom & Jerry", language: undefined },
    {
      verb: "Gather",
      prompts: [],
      action: undefined,
      numDigits: Infinity,
      finishOnKey: "",
      timeoutSeconds: 5,
    },
  ]);
});

Deno.test("readTwiml() reads no verbs from an empty response", () =>
  assertEquals(readTwiml("<Response/>"), []));

const inStream = (inner: string, attributes = "") =>
  `<Response><Connect><Stream url="wss://h/s"${attributes}>${inner}</Stream></Connect></Response>`;

const INVALID: [xml: string, message: string][] = [
  ["", "12100"],
  ["hello", "12100"],
  ["<Response><Say>a & b</Say></Response>", "not well-formed"],
  ["<Response><Say>&#0;</Say></Response>", "not well-formed"],
  ["<Response><Say>&nbsp;</Say></Response>", "not well-formed"],
  ["<Response><Say>a\u0001b</Say></Response>", "U+0001"],
  ["<Response><Say voice=man>a</Say></Response>", "not well-formed"],
  ['<Response><Say loop="1" loop="2">a</Say></Response>', 'the attribute "loop" twice'],
  ["<Response><Hangup></Response>", "not well-formed"],
  ["<Response><Hangup>", "<Hangup> is not closed"],
  ["<Response/><Response/>", "12100"],
  ["<Response/>more", "12100"],
  ["<html/>", "its root is <html>"],
  ["<Response><Enqueue>x</Enqueue></Response>", "<Enqueue> is not a verb of the simulator"],
  ["<Response><constructor/></Response>", "<constructor> is not a verb"],
  ["<Response><Dial/></Response>", "<Dial> has no number"],
  ["<Response><Dial><Client>a</Client></Dial></Response>", "<Dial> holds a <Client>"],
  ["<Response><Dial><Number>1</Number><Number>2</Number></Dial></Response>", "<Dial> holds several nouns"],
  ['<Response><Dial timeout="soon">1</Dial></Response>', '<Dial timeout="soon"> is not a whole number'],
  ['<Response><Dial callerID="1">1</Dial></Response>', 'an attribute "callerID"'],
  ["<Response><Redirect/></Response>", "<Redirect> has no address"],
  ['<Response><Redirect method="PUT">x</Redirect></Response>', 'the method "PUT"'],
  ["<Response><Gather><Hangup/></Gather></Response>", "<Gather> holds a <Hangup>"],
  ['<Response><Gather numDigits="x"/></Response>', '<Gather numDigits="x"> is not a whole number'],
  ["<Response><hangup/></Response>", "<hangup> is not a verb"],
  ['<Response><Pause length="1.5"/></Response>', '<Pause length="1.5">'],
  ['<Response><Pause length="-1"/></Response>', '<Pause length="-1"> is not a whole number'],
  ["<Response><Connect/></Response>", "<Connect> should hold one <Stream>"],
  ["<Response><Connect><Room/></Connect></Response>", "<Connect> should hold one <Stream>"],
  ['<Response><Connect method="PUT"><Stream url="wss://h/s"/></Connect></Response>', 'the method "PUT"'],
  ["<Response><Connect><Stream/></Connect></Response>", "<Stream> has no url"],
  [inStream("", ' track="both_tracks"'), "31941"],
  [inStream("", ' URL="x"'), 'an attribute "URL" that Twilio does not support'],
  [inStream("<Param/>"), "only <Parameter> belongs there"],
  [inStream('<Parameter value="x"/>'), "a <Parameter> has no name"],
  [inStream(`<Parameter name="token" value="${"x".repeat(495)}"/>`), "has 500 characters with its name"],
];

for (const [xml, message] of INVALID) {
  Deno.test(`readTwiml() rejects ${xml.slice(0, 60) || "an empty document"}`, () => {
    const error = assertThrows(() => readTwiml(xml), CallError, message);
    assertEquals([error.message.startsWith("Cannot run the TwiML: "), error.reason], [true, "invalid-twiml"]);
  });
}
