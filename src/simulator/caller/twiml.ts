/** Reads TwiML, the document that tells Twilio what to do with a call. */

import type { Element } from "@xmldom/xmldom";
import { attributes, elements, fail, parseXml, textOf } from "./twiml_xml.ts";

/** One verb of a document, of those a rehearsed call can meet. */
export type Verb =
  | { verb: "say"; text: string }
  | { verb: "play"; url: string }
  | { verb: "pause"; seconds: number }
  | { verb: "hangup" }
  | { verb: "reject"; reason: string }
  | { verb: "redirect"; to: Callback }
  | { verb: "connect"; action?: Callback; stream: StreamNoun }
  | DialVerb
  | GatherVerb;

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

/** `<Dial>` of one number. */
export interface DialVerb {
  verb: "dial";
  number: string;
  callerId?: string;
  timeoutSeconds: number;
  action?: Callback;
  /** Told of these events of the dialled call: initiated, ringing, answered, completed. */
  statusCallback?: Callback & { events: string[] };
}

/** `<Gather>` of keys. */
export interface GatherVerb {
  verb: "gather";
  action?: Callback;
  numDigits: number;
  finishOnKey: string;
  timeoutSeconds: number;
  /** Said meanwhile. */
  prompts: Verb[];
}

/**
 * Reads a TwiML document (Twilio's page "TwiML for Programmable Voice").
 *
 * @throws {CallFailure} naming Twilio's error code, if the document is no XML or holds what a rehearsal cannot do.
 */
export function readTwiml(xml: string): Verb[] {
  const root = parseXml(xml);
  if (root.tagName !== "Response") fail(`its root is <${root.tagName}>, <Response> was expected (12100)`);
  attributes(root);
  return elements(root).map(readVerb);
}

/** A verb as the document named it, with what tells it from others of its kind. */
export function describeVerb(verb: Verb): Record<string, string> {
  switch (verb.verb) {
    case "say":
      return { verb: "Say", text: verb.text };
    case "play":
      return { verb: "Play", url: verb.url };
    case "pause":
      return { verb: "Pause", length: String(verb.seconds) };
    case "hangup":
      return { verb: "Hangup" };
    case "reject":
      return { verb: "Reject", reason: verb.reason };
    case "redirect":
      return { verb: "Redirect", url: verb.to.url };
    case "connect":
      return { verb: "Connect", url: verb.stream.url };
    case "dial": {
      const { number, timeoutSeconds, callerId } = verb;
      return { verb: "Dial", number, timeout: String(timeoutSeconds), ...(callerId && { callerId }) };
    }
    case "gather":
      return { verb: "Gather", timeout: String(verb.timeoutSeconds), finishOnKey: verb.finishOnKey };
  }
}

function readVerb(element: Element): Verb {
  const given = attributes(element);
  switch (element.tagName) {
    case "Say":
      return { verb: "say", text: textOf(element) };
    case "Play":
      return { verb: "play", url: textOf(element) };
    case "Pause":
      return { verb: "pause", seconds: whole(element, "length", given.length ?? "1") };
    case "Hangup":
      return { verb: "hangup" };
    case "Reject":
      return { verb: "reject", reason: given.reason ?? "rejected" };
    case "Redirect": {
      const to = callback(textOf(element), given.method, "Redirect");
      return to ? { verb: "redirect", to } : fail("<Redirect> has no address");
    }
    case "Connect": {
      const [stream, ...more] = elements(element);
      if (stream?.tagName !== "Stream" || more.length > 0) fail("<Connect> should hold one <Stream>");
      const action = callback(given.action, given.method, "Connect");
      return { verb: "connect", stream: readStream(stream), ...(action && { action }) };
    }
    case "Dial":
      return readDial(element, given);
    case "Gather":
      return readGather(element, given);
    default:
      return fail(`<${element.tagName}> is no verb a rehearsal knows (Twilio checks its case, too)`);
  }
}

function readDial(element: Element, given: Record<string, string>): DialVerb {
  const [noun, ...more] = elements(element);
  if (more.length > 0) fail("<Dial> holds several nouns, a rehearsal dials one number");
  if (noun && noun.tagName !== "Number") {
    fail(`<Dial> holds a <${noun.tagName}>, a rehearsal dials a <Number>`);
  }
  const number = textOf(noun ?? element);
  if (!number) fail("<Dial> has no number");
  const { statusCallback: url, statusCallbackMethod, statusCallbackEvent = "completed" } = noun
    ? attributes(noun)
    : {};
  const action = callback(given.action, given.method, "Dial");
  const statusCallback = callback(url, statusCallbackMethod, "Number");
  return {
    verb: "dial",
    number,
    timeoutSeconds: whole(element, "timeout", given.timeout ?? "30"),
    ...(given.callerId !== undefined && { callerId: given.callerId }),
    ...(action && { action }),
    ...(statusCallback && { statusCallback: { ...statusCallback, events: statusCallbackEvent.split(" ") } }),
  };
}

function readGather(element: Element, given: Record<string, string>): GatherVerb {
  const prompts = elements(element).map(readVerb);
  const other = prompts.find(({ verb }) => verb !== "say" && verb !== "play" && verb !== "pause");
  if (other) fail(`<Gather> holds a <${describeVerb(other).verb}>, only Say, Play and Pause belong there`);
  const action = callback(given.action, given.method, "Gather");
  return {
    verb: "gather",
    numDigits: given.numDigits === undefined ? Infinity : whole(element, "numDigits", given.numDigits),
    finishOnKey: given.finishOnKey ?? "#",
    timeoutSeconds: whole(element, "timeout", given.timeout ?? "5"),
    prompts,
    ...(action && { action }),
  };
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

function whole({ tagName }: Element, name: string, text: string): number {
  return /^\d+$/.test(text) ? Number(text) : fail(`<${tagName} ${name}="${text}"> is no whole number`);
}
