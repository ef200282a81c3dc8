/** Reads TwiML, Twilio's XML instructions for a call. */

import { CallError } from "./call_error.js";
import { parseXml, XmlError } from "./xml.js";

/** @import { XmlElement } from "./xml.js" */

/**
 * A URL Twilio requests; a relative one is relative to the URL of the document.
 * @typedef {{ url: string, method: "GET" | "POST" }} Callback
 */
/**
 * `<Stream>`: the WebSocket for the call's audio, with the custom parameters of its `start` message.
 * @typedef {object} StreamNoun
 * @property {string} url
 * @property {string | undefined} name
 * @property {Record<string, string>} parameters
 * @property {Callback | undefined} statusCallback
 */
/**
 * @typedef {object} GatherVerb
 * @property {"Gather"} verb
 * @property {Verb[]} prompts Say, Play and Pause.
 * @property {Callback | undefined} action
 * @property {number} numDigits Infinity without a limit.
 * @property {string} finishOnKey
 * @property {number} timeoutSeconds After the prompts, and after each key.
 */
/**
 * @typedef {object} DialVerb
 * @property {"Dial"} verb
 * @property {string} number A number or a SIP address.
 * @property {string | undefined} callerId
 * @property {number} timeoutSeconds
 * @property {Callback | undefined} action
 * @property {Callback | undefined} statusCallback
 * @property {string[]} events Events reported to `statusCallback`: initiated, ringing, answered, completed.
 */
/** @typedef {{ verb: "Say", text: string, language: string | undefined }} SayVerb */
/** @typedef {{ verb: "Connect", action: Callback | undefined, stream: StreamNoun }} ConnectVerb */
/**
 * @typedef {SayVerb | { verb: "Play", url: string } | { verb: "Pause", seconds: number } | { verb: "Hangup" }
 *   | { verb: "Reject", reason: string } | { verb: "Redirect", target: Callback } | ConnectVerb | DialVerb | GatherVerb} Verb
 */

/** Attributes by element. Twilio silently ignores a misspelled one; here it is an error. */
const ATTRIBUTES = /** @type {Record<string, string>} */ ({
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
  Sip: "statusCallback statusCallbackEvent statusCallbackMethod url method username password codecs",
  Gather:
    "action method input numDigits finishOnKey timeout actionOnEmptyResult language hints speechTimeout " +
    "speechModel profanityFilter partialResultCallback partialResultCallbackMethod",
});
/** Name and value of a `<Parameter>` together, in characters. */
const MAX_PARAMETER = 499;

const READERS = /** @type {Record<string, (element: XmlElement) => Verb>} */ ({
  Say: (element) => ({ verb: "Say", text: textOf(element), language: element.attributes.language }),
  Play: (element) => ({ verb: "Play", url: textOf(element) }),
  Pause: (element) => ({ verb: "Pause", seconds: wholeNumber(element, "length", 1) }),
  Hangup: () => ({ verb: "Hangup" }),
  Reject: (element) => ({ verb: "Reject", reason: element.attributes.reason ?? "rejected" }),
  Redirect: (element) => {
    const target = callback(element, textOf(element), "method");
    return target ? { verb: "Redirect", target } : fail("<Redirect> has no address");
  },
  Connect: (element) => {
    const [stream, ...rest] = element.children;
    if (stream?.name !== "Stream" || rest.length > 0) return fail("<Connect> should hold one <Stream>");
    const action = callback(element, element.attributes.action, "method");
    return { verb: "Connect", action, stream: readStream(stream) };
  },
  Dial: readDial,
  Gather: readGather,
});

/**
 * Reads a TwiML document (https://www.twilio.com/docs/voice/twiml).
 *
 * @param {string} xml
 * @returns {Verb[]} In document order.
 * @throws {CallError} `invalid-twiml`, with Twilio's error code, if there is one.
 */
export function readTwiml(xml) {
  const root = parse(xml);
  if (root.name !== "Response") fail(`its root is <${root.name}>, <Response> was expected (12100)`);
  checkAttributes(root);
  return root.children.map(readVerb);
}

/** @param {string} xml */
function parse(xml) {
  try {
    return parseXml(xml);
  } catch (error) {
    if (error instanceof XmlError) return fail(`it is not well-formed XML: ${error.message} (12100)`);
    throw error;
  }
}

/** @param {XmlElement} element @returns {Verb} */
function readVerb(element) {
  // Twilio's names are case-sensitive.
  const read = Object.hasOwn(READERS, element.name) ? READERS[element.name] : undefined;
  if (!read) return fail(`<${element.name}> is not a verb of the simulator (names are case-sensitive)`);
  checkAttributes(element);
  return read(element);
}

/** @param {XmlElement} element @returns {DialVerb} */
function readDial(element) {
  const [noun, ...rest] = element.children;
  if (rest.length > 0) fail("<Dial> holds several nouns, the simulator dials one number");
  if (noun && noun.name !== "Number" && noun.name !== "Sip") {
    fail(`<Dial> holds a <${noun.name}>, the simulator dials a <Number> or a <Sip>`);
  }
  if (noun) checkAttributes(noun);
  const number = textOf(noun ?? element);
  if (!number) fail("<Dial> has no number");
  return {
    verb: "Dial",
    number,
    callerId: element.attributes.callerId,
    timeoutSeconds: wholeNumber(element, "timeout", 30),
    action: callback(element, element.attributes.action, "method"),
    statusCallback: noun && callback(noun, noun.attributes.statusCallback, "statusCallbackMethod"),
    events: (noun?.attributes.statusCallbackEvent ?? "completed").split(" "),
  };
}

/** @param {XmlElement} element @returns {GatherVerb} */
function readGather(element) {
  const prompts = element.children.map(readVerb);
  const other = prompts.find(({ verb }) => verb !== "Say" && verb !== "Play" && verb !== "Pause");
  if (other) fail(`<Gather> holds a <${other.verb}>, only Say, Play and Pause belong there`);
  return {
    verb: "Gather",
    prompts,
    action: callback(element, element.attributes.action, "method"),
    numDigits: wholeNumber(element, "numDigits", Infinity),
    finishOnKey: element.attributes.finishOnKey ?? "#",
    timeoutSeconds: wholeNumber(element, "timeout", 5),
  };
}

/** @param {XmlElement} element @returns {StreamNoun} */
function readStream(element) {
  checkAttributes(element);
  const { url, name, track = "inbound_track", statusCallback } = element.attributes;
  if (!url) return fail("<Stream> has no url");
  if (track !== "inbound_track") {
    fail(`<Stream track="${track}"> should be "inbound_track" inside <Connect> (31941)`);
  }
  return {
    url,
    name,
    parameters: Object.fromEntries(element.children.map(readParameter)),
    statusCallback: callback(element, statusCallback, "statusCallbackMethod"),
  };
}

/** @param {XmlElement} element @returns {[name: string, value: string]} */
function readParameter(element) {
  if (element.name !== "Parameter") {
    fail(`<Stream> holds a <${element.name}>, only <Parameter> belongs there`);
  }
  checkAttributes(element);
  const { name = "", value = "" } = element.attributes;
  if (name === "") fail("a <Parameter> has no name");
  const length = name.length + value.length;
  if (length > MAX_PARAMETER) {
    fail(
      `<Parameter name="${name}"> has ${length} characters with its name, at most ${MAX_PARAMETER} are allowed`,
    );
  }
  return [name, value];
}

/** @param {XmlElement} element @param {string | undefined} url @param {string} attribute @returns {Callback | undefined} */
function callback({ name, attributes }, url, attribute) {
  const method = attributes[attribute] ?? "POST";
  if (method !== "GET" && method !== "POST") {
    return fail(`<${name}> names the method "${method}", not GET or POST`);
  }
  return url ? { url, method } : undefined;
}

/** @param {XmlElement} element */
function checkAttributes({ name, attributes }) {
  const allowed = (ATTRIBUTES[name] ?? "").split(" ");
  const unknown = Object.keys(attributes).find((attribute) => !allowed.includes(attribute));
  if (unknown) fail(`<${name}> has an attribute "${unknown}" that Twilio does not support`);
}

/** @param {XmlElement} element @param {string} attribute @param {number} defaultValue */
function wholeNumber({ name, attributes }, attribute, defaultValue) {
  const text = attributes[attribute];
  if (text === undefined) return defaultValue;
  return /^\d{1,6}$/.test(text)
    ? Number(text)
    : fail(`<${name} ${attribute}="${text}"> is not a whole number`);
}

/** @param {XmlElement} element Collapses and trims white space, as Twilio does. */
function textOf({ text }) {
  return text.trim().replace(/\s+/g, " ");
}

/** @param {string} why @returns {never} */
function fail(why) {
  throw new CallError("invalid-twiml", `Cannot run the TwiML: ${why}`);
}
