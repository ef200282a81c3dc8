/** TwiML as XML: parsed as strictly as a stand-in should. */

import { DOMParser, type Element, MIME_TYPE } from "@xmldom/xmldom";
import { CallFailure } from "./call_failure.ts";

// Twilio stops at an element it does not know (12200); an attribute misspelt is dropped, which a rehearsal should show.
const ATTRIBUTES: Record<string, string> = {
  Response: "",
  Say: "voice language loop",
  Play: "loop digits",
  Pause: "length",
  Hangup: "",
  Reject: "reason",
  Redirect: "method",
  Connect: "action method",
  Stream: "url name track statusCallback statusCallbackMethod",
  Parameter: "name value",
  Dial:
    "action method callerId timeout timeLimit answerOnBridge record recordingStatusCallback hangupOnStar " +
    "ringTone sequential trim referUrl referMethod",
  Number: "statusCallback statusCallbackEvent statusCallbackMethod url method sendDigits byoc",
  Gather:
    "action method input numDigits finishOnKey timeout actionOnEmptyResult language hints speechTimeout " +
    "speechModel profanityFilter partialResultCallback partialResultCallbackMethod",
};

/** @throws {CallFailure} with what is wrong with the document. */
export function fail(why: string): never {
  throw new CallFailure(`Cannot run the TwiML: ${why}`);
}

/**
 * The root of a document.
 *
 * @throws {CallFailure} with Twilio's error code, when it is no XML.
 */
export function parseXml(xml: string): Element {
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

/** @throws {CallFailure} for an attribute Twilio does not know. */
export function attributes(element: Element): Record<string, string> {
  const known = ATTRIBUTES[element.tagName]?.split(" ");
  const given: Record<string, string> = {};
  for (const { name, value } of element.attributes) {
    if (known && !known.includes(name)) {
      fail(`<${element.tagName}> has an attribute "${name}" that Twilio does not know`);
    }
    given[name] = value;
  }
  return given;
}

export function elements(parent: Element): Element[] {
  const children: Element[] = [];
  for (let node = parent.firstChild; node; node = node.nextSibling) {
    if (node.nodeType === node.ELEMENT_NODE) children.push(node as Element);
  }
  return children;
}

/** The text of an element, its white space as Twilio has it: none at the ends, single in between. */
export function textOf(element: Element): string {
  return (element.textContent ?? "").trim().replace(/\s+/g, " ");
}
