import { assert, assertEquals, assertThrows } from "@std/assert";
import { DOMParser } from "@xmldom/xmldom";
import { readTwiml, TwimlError } from "../../../src/console/phone/twiml.js";
import {
  connectStream,
  dial,
  dialOrReturn,
  gatherKey,
  hangup,
  redirect,
  reject,
  say,
  twiml,
  type Verb,
} from "../../../src/twilio/twiml.ts";

const parser = new DOMParser({ onError: () => {} });

function read(...verbs: Verb[]): unknown {
  return readTwiml(twiml(...verbs), parser);
}

Deno.test("the phone reads every verb this service writes", () => {
  const url = "https://phone.example.com";
  assertEquals(
    read(
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
      dial("+15550100"),
      dialOrReturn({
        number: "sip:desk@example.com",
        ringSeconds: 20,
        action: `${url}/after-transfer`,
        statusCallback: `${url}/call-status`,
      }),
      hangup,
    ),
    [
      { verb: "Say", text: 'One <moment> & "more"', language: undefined },
      { verb: "Say", text: "Un momento", language: "es-ES" },
      {
        verb: "Connect",
        action: { url: `${url}/after-stream`, method: "POST" },
        stream: {
          url: "wss://phone.example.com/media-stream",
          name: undefined,
          parameters: { token: "a.b", from: '+1555"<&\n', to: "" },
          statusCallback: { url: `${url}/stream-status`, method: "POST" },
        },
      },
      {
        verb: "Gather",
        prompts: [{ verb: "Say", text: "Press 1", language: undefined }],
        action: { url: `${url}/language-chosen`, method: "POST" },
        digits: 1,
        finishOnKey: "#",
        seconds: 4,
      },
      { verb: "Redirect", to: { url: `${url}/elsewhere`, method: "POST" } },
      { verb: "Reject", reason: "busy" },
      {
        verb: "Dial",
        number: "+15550100",
        seconds: 30,
        action: undefined,
        statusCallback: undefined,
        events: ["completed"],
      },
      {
        verb: "Dial",
        number: "sip:desk@example.com",
        seconds: 20,
        action: { url: `${url}/after-transfer`, method: "POST" },
        statusCallback: { url: `${url}/call-status`, method: "POST" },
        events: ["answered"],
      },
      { verb: "Hangup" },
    ],
  );
});

Deno.test("what others may write: pauses, recordings, no attributes, white space", () => {
  const xml = `<?xml version="1.0"?><!-- hello --><Response>
    <Pause/><Pause length="3"/><Play>https://example.com/a.mp3</Play><Reject/>
    <Say>
      two
      lines
    </Say><Gather finishOnKey=""/></Response>`;
  assertEquals(readTwiml(xml, parser), [
    { verb: "Pause", seconds: 1 },
    { verb: "Pause", seconds: 3 },
    { verb: "Play", url: "https://example.com/a.mp3" },
    { verb: "Reject", reason: "rejected" },
    { verb: "Say", text: "two lines", language: undefined },
    { verb: "Gather", prompts: [], action: undefined, digits: Infinity, finishOnKey: "", seconds: 5 },
  ]);
});

Deno.test("what is no TwiML, or none this phone knows, is said so", () => {
  const cases: [string, RegExp][] = [
    ["<Answer/>", /its root is <Answer>, <Response> was expected \(12100\)/],
    ["<Response><say>x</say></Response>", /<say> is no verb/],
    ["<Response><constructor/></Response>", /<constructor> is no verb/],
    ["<Response><Connect/></Response>", /<Connect> should hold one <Stream>/],
    ["<Response><Connect><Stream/></Connect></Response>", /<Stream> has no url/],
    ['<Response><Connect><Stream url="wss://x"><Parameter/></Stream></Connect></Response>', /without a name/],
    ["<Response><Dial/></Response>", /<Dial> has no number/],
    ["<Response><Dial><Number>1</Number><Number>2</Number></Dial></Response>", /several parties/],
    ['<Response><Pause length="-1"/></Response>', /length="-1"> is no whole number/],
    ['<Response><Redirect method="PUT">x</Redirect></Response>', /the method "PUT"/],
  ];
  for (const [xml, message] of cases) {
    const error = assertThrows(() => readTwiml(xml, parser), TwimlError);
    assert(message.test(error.message), error.message);
  }
});
