/** Reads TwiML, the document that tells Twilio what to do with a call. */

/** The document cannot be done; `message` says why, in English and with Twilio's error code where it has one. */
export class TwimlError extends Error {
  name = "TwimlError";
}

/** Most verbs of ours that Twilio knows, and what each becomes. */
const READERS = {
  Say: (element) => ({ text: textOf(element), language: element.getAttribute("language") || undefined }),
  Play: (element) => ({ url: textOf(element) }),
  Pause: (element) => ({ seconds: whole(element, "length", 1) }),
  Hangup: () => ({}),
  Reject: (element) => ({ reason: element.getAttribute("reason") || "rejected" }),
  Redirect: (element) => ({ to: { url: textOf(element), method: methodOf(element, "method") } }),
  Gather: (element) => ({
    prompts: childrenOf(element).map(readVerb),
    action: callback(element, "action", "method"),
    digits: whole(element, "numDigits", Infinity),
    finishOnKey: element.hasAttribute("finishOnKey") ? element.getAttribute("finishOnKey") : "#",
    seconds: whole(element, "timeout", 5),
  }),
  Connect: (element) => {
    const [stream, ...more] = childrenOf(element);
    if (stream?.tagName !== "Stream" || more.length > 0) fail("<Connect> should hold one <Stream>");
    return { action: callback(element, "action", "method"), stream: readStream(stream) };
  },
  Dial: (element) => {
    const [noun, ...more] = childrenOf(element);
    if (more.length > 0) fail("<Dial> holds several parties, and this phone knows one");
    const number = textOf(noun ?? element);
    if (!number) fail("<Dial> has no number");
    const events = noun?.getAttribute("statusCallbackEvent") || "completed";
    return {
      number,
      seconds: whole(element, "timeout", 30),
      action: callback(element, "action", "method"),
      statusCallback: noun && callback(noun, "statusCallback", "statusCallbackMethod"),
      events: events.split(" "),
    };
  },
};

/**
 * The verbs of a document, each `{ verb, … }`; addresses are as they stand there, relative ones to the document's own.
 *
 * @param parser Reads XML.
 * @throws {TwimlError}
 */
export function readTwiml(xml, parser = new DOMParser()) {
  const root = parse(xml, parser);
  if (root?.tagName !== "Response") fail(`its root is <${root?.tagName}>, <Response> was expected (12100)`);
  return childrenOf(root).map(readVerb);
}

function parse(xml, parser) {
  const document = parser.parseFromString(xml, "text/xml");
  // What browsers make of a document that is none.
  const wrong = document.getElementsByTagName("parsererror")[0];
  if (wrong) fail(`it is not well-formed XML: ${wrong.textContent.trim().slice(0, 200)} (12100)`);
  return document.documentElement;
}

function readVerb(element) {
  // Twilio is as exact about upper and lower case.
  const read = Object.hasOwn(READERS, element.tagName) ? READERS[element.tagName] : undefined;
  if (!read) fail(`<${element.tagName}> is no verb this phone knows`);
  return { verb: element.tagName, ...read(element) };
}

function readStream(element) {
  const url = element.getAttribute("url");
  if (!url) fail("<Stream> has no url");
  const parameters = {};
  for (const child of childrenOf(element)) {
    const name = child.getAttribute("name");
    if (child.tagName !== "Parameter" || !name) fail(`<Stream> holds a <${child.tagName}> without a name`);
    parameters[name] = child.getAttribute("value") ?? "";
  }
  return {
    url,
    name: element.getAttribute("name") || undefined,
    parameters,
    statusCallback: callback(element, "statusCallback", "statusCallbackMethod"),
  };
}

function callback(element, name, method) {
  const url = element.getAttribute(name);
  return url ? { url, method: methodOf(element, method) } : undefined;
}

function methodOf(element, name) {
  const method = element.getAttribute(name) || "POST";
  return method === "GET" || method === "POST"
    ? method
    : fail(`<${element.tagName}> names the method "${method}"`);
}

function whole(element, name, otherwise) {
  const text = element.getAttribute(name);
  if (!text) return otherwise;
  return /^\d{1,6}$/.test(text)
    ? Number(text)
    : fail(`<${element.tagName} ${name}="${text}"> is no whole number`);
}

function textOf(element) {
  return (element.textContent ?? "").trim().replace(/\s+/g, " ");
}

function childrenOf(parent) {
  return Array.from(parent.childNodes).filter(({ nodeType }) => nodeType === 1);
}

function fail(why) {
  throw new TwimlError(`Cannot run the TwiML: ${why}`);
}
