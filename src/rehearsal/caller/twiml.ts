/** Reads TwiML, the document that tells Twilio what to do with a call, as strictly as a stand-in should. */

import { DOMParser, type Element, MIME_TYPE } from "@xmldom/xmldom";
import { CallFailure } from "./call_failure.ts";

/** One verb of a document, of those a rehearsed call can meet. */
export type Verb =
  | { verb: "say"; text: string }
  | { verb: "pause"; seconds: number }
  | { verb: "hangup" }
  | { verb: "reject"; reason: string }
  | { verb: "connect"; action?: Callback; stream: StreamNoun };

/** An address Twilio requests; relative ones are relative to the document's own. */
export interface Callback {
  url: string;
  method: "GET" | "POST";
}

/** `<Stream>`: where the call's audio goes, and what is told there at its start. */
export interface StreamNoun {
  url: string;
  name?: string;
  statusCallback?: Callback;
  parameters: Record<string, string>;
}

// Twilio stops at an element it does not know (12200); an attribute misspelt is dropped, which a rehearsal should show.
const ATTRIBUTES: Record<string, string[]> = {
  Response: [],
  Say: ["voice", "language", "loop"],
  Pause: ["length"],
  Hangup: [],
  Reject: ["reason"],
  Connect: ["action", "method"],
  Stream: ["url", "name", "track", "statusCallback", "statusCallbackMethod"],
  Parameter: ["name", "value"],
};

/**
 * Reads a TwiML document (Twilio's page "TwiML for Programmable Voice").
 *
 * @throws {CallFailure} naming Twilio's error code, if the document is no XML or holds what a rehearsal cannot do.
 */
export function readTwiml(xml: string): Verb[] {
  const root = parse(xml);
  if (root.tagName !== "Response") fail(`its root is <${root.tagName}>, <Response> was expected (12100)`);
  attributes(root);
  return elements(root).map(readVerb);
}

function fail(why: string): never {
  throw new CallFailure(`Cannot run the TwiML: ${why}`);
}

function parse(xml: string): Element {
  const wrong = notWellFormed(xml);
  if (wrong) fail(`it is not well-formed XML: ${wrong} (12100)`);
  let complaint: string | undefined;
  try {
    const onError = (_level: string, message: string) => void (complaint ??= message);
    const root = new DOMParser({ onError }).parseFromString(xml, MIME_TYPE.XML_TEXT).documentElement;
    if (root && !complaint) return root;
  } catch (error) {
    complaint ??= String(error);
  }
  return fail(`it is not well-formed XML: ${complaint} (12100)`);
}

/** What the parser lets pass: a bare "&", the commonest mistake in TwiML, and characters XML 1.0 does not have. */
function notWellFormed(xml: string): string | undefined {
  const illegal = /[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.exec(xml)?.[0];
  if (illegal) return `it holds the character U+${illegal.codePointAt(0)?.toString(16).padStart(4, "0")}`;
  const marked = xml.replace(/<!--.*?-->|<!\[CDATA\[.*?\]\]>/gs, "");
  const ampersand = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-fA-F]+);).{0,20}/s.exec(marked)?.[0];
  if (ampersand) return `"${ampersand}" should begin with "&amp;"`;
}

function readVerb(element: Element): Verb {
  const given = attributes(element);
  switch (element.tagName) {
    case "Say":
      return { verb: "say", text: (element.textContent ?? "").trim().replace(/\s+/g, " ") };
    case "Pause":
      return { verb: "pause", seconds: wholeSeconds(given.length ?? "1") };
    case "Hangup":
      return { verb: "hangup" };
    case "Reject":
      return { verb: "reject", reason: given.reason ?? "rejected" };
    case "Connect": {
      const [stream, ...more] = elements(element);
      if (stream?.tagName !== "Stream" || more.length > 0) fail("<Connect> should hold one <Stream>");
      const action = callback(given.action, given.method, "Connect");
      return { verb: "connect", stream: readStream(stream), ...(action && { action }) };
    }
    default:
      return fail(`<${element.tagName}> is no verb a rehearsal knows (Twilio checks its case, too)`);
  }
}

function readStream(element: Element): StreamNoun {
  const given = attributes(element);
  if (!given.url) fail(`<Stream> has no url`);
  if (given.track && given.track !== "inbound_track") {
    fail(`<Stream track="${given.track}"> should be "inbound_track" inside <Connect> (31941)`);
  }
  const parameters: Record<string, string> = {};
  for (const child of elements(element)) {
    if (child.tagName !== "Parameter") {
      fail(`<Stream> holds a <${child.tagName}>, only <Parameter> belongs there`);
    }
    const { name = "", value = "" } = attributes(child);
    if (name === "") fail("a <Parameter> has no name");
    if (name.length + value.length >= 500) {
      fail(
        `<Parameter name="${name}"> has ${name.length + value.length} characters with its name, 499 may be`,
      );
    }
    parameters[name] = value;
  }
  const statusCallback = callback(given.statusCallback, given.statusCallbackMethod, "Stream");
  return {
    url: given.url,
    parameters,
    ...(given.name !== undefined && { name: given.name }),
    ...(statusCallback && { statusCallback }),
  };
}

function callback(url: string | undefined, method = "POST", where: string): Callback | undefined {
  if (method !== "GET" && method !== "POST") fail(`<${where}> names the method "${method}", not GET or POST`);
  return url ? { url, method } : undefined;
}

function wholeSeconds(length: string): number {
  return /^\d+$/.test(length)
    ? Number(length)
    : fail(`<Pause length="${length}"> is no whole number of seconds`);
}

function attributes(element: Element): Record<string, string> {
  const known = ATTRIBUTES[element.tagName] ?? [];
  const given: Record<string, string> = {};
  for (const { name, value } of element.attributes) {
    if (element.tagName in ATTRIBUTES && !known.includes(name)) {
      fail(`<${element.tagName}> has an attribute "${name}" that Twilio does not know`);
    }
    given[name] = value;
  }
  return given;
}

function elements(parent: Element): Element[] {
  const children: Element[] = [];
  for (let node = parent.firstChild; node; node = node.nextSibling) {
    if (node.nodeType === node.ELEMENT_NODE) children.push(node as Element);
  }
  return children;
}
