import { assertEquals, assertStringIncludes } from "@std/assert";
import { DOMParser, type Element, type Node } from "@xmldom/xmldom";
import twilio from "twilio";
import { connectStream, dial, hangup, redirect, reject, say, twiml } from "../../src/twilio/twiml.ts";

/** A document as plain values, so that two of them can be compared. */
function documentOf(xml: string): unknown {
  const fail = (_level: string, message: string) => {
    throw new Error(message);
  };
  const root = new DOMParser({ onError: fail }).parseFromString(xml, "text/xml").documentElement;
  const read = (node: Node): unknown => {
    if (node.nodeType === 3) return node.nodeValue;
    const element = node as Element;
    const attributes = Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value]));
    return { name: element.nodeName, attributes, children: [...element.childNodes].map(read) };
  };
  return root && read(root);
}

const STRANGE = [
  "+15551230000",
  "",
  `a & b <c> "d" 'e'`,
  "two\nlines\tand a tab",
  "a line that ends\r\nas others do",
  "Größe ✓ 😀",
  "]]>",
  "&amp;",
];

Deno.test("twiml() writes the same document as Twilio's package", () => {
  for (const value of STRANGE) {
    const url = "wss://phone.example.com/media-stream";
    const action = "https://phone.example.com/after-stream";
    const theirs = new twilio.twiml.VoiceResponse();
    theirs.say(value);
    const connect = theirs.connect({ action, method: "POST" });
    const statusCallback = "https://phone.example.com/stream-status";
    const stream = connect.stream({ url, statusCallback, statusCallbackMethod: "POST" });
    stream.parameter({ name: "token", value: "abc" });
    stream.parameter({ name: "from", value });
    theirs.hangup();
    const ours = twiml(
      say(value),
      connectStream({ url, action, statusCallback, parameters: { token: "abc", from: value } }),
      hangup,
    );
    assertEquals(documentOf(ours), documentOf(theirs.toString()), value);
  }
});

Deno.test("twiml() omits characters that are invalid in XML", () => {
  const ours = twiml(say("changes\u0007 null\u0000 lone\ud800 odd\ufffe\uffff"));
  assertStringIncludes(ours, "<Say>changes null lone odd</Say>");
  documentOf(ours);
});

Deno.test("twiml() writes Reject, Dial and Redirect like Twilio's package", () => {
  const theirs = new twilio.twiml.VoiceResponse();
  theirs.reject({ reason: "busy" });
  const statusCallback = "https://phone.example.com/call-status";
  theirs.dial({ timeLimit: 1_800 }).number(
    { statusCallback, statusCallbackEvent: ["answered", "completed"], statusCallbackMethod: "POST" },
    "+15557770000",
  );
  theirs.redirect({ method: "POST" }, "https://other.example.com/a?b=1&c=2");
  const ours = twiml(
    reject("busy"),
    dial({ number: "+15557770000", maxSeconds: 1_800, statusCallback }),
    redirect("https://other.example.com/a?b=1&c=2"),
  );
  assertEquals(documentOf(ours), documentOf(theirs.toString()));
});
