/**
 * TwiML documents.
 *
 * Source: https://www.twilio.com/docs/voice/twiml, https://www.twilio.com/docs/voice/twiml/stream
 */

/** An element of a TwiML document: attributes left out where undefined, children elements or one text. */
export interface Verb {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string | undefined>>;
  readonly children?: readonly Verb[] | string;
}

/** Connects the call to a media stream. `parameters` reach the stream's `start` message; Twilio drops a query. */
export function connectStream(options: {
  readonly url: string;
  /** Asked for further TwiML once the stream has ended from our side. */
  readonly action: string;
  /** Told when the stream starts, stops or fails. */
  readonly statusCallback: string;
  /** Name and value together under 500 characters each, says Twilio. */
  readonly parameters: Readonly<Record<string, string>>;
}): Verb {
  const parameters = Object.entries(options.parameters).map(([name, value]) => ({
    name: "Parameter",
    attributes: { name, value },
  }));
  return {
    name: "Connect",
    attributes: { action: options.action, method: "POST" },
    children: [{
      name: "Stream",
      attributes: { url: options.url, statusCallback: options.statusCallback, statusCallbackMethod: "POST" },
      children: parameters,
    }],
  };
}

/** Speaks a text with Twilio's own voice, in a language (BCP 47) where one is given. */
export function say(text: string, language?: string): Verb {
  return { name: "Say", attributes: { language }, children: text };
}

/** Waits for one key, while something is said. `action` is asked with it; without a key, the next verb follows. */
export function gatherKey(action: string, said: readonly Verb[]): Verb {
  const attributes = { input: "dtmf", numDigits: "1", timeout: "4", action, method: "POST" };
  return { name: "Gather", attributes, children: said };
}

/** Hangs up. */
export const hangup: Verb = { name: "Hangup" };

/** Does not answer the call, which is not billed then; only as the first verb. */
export function reject(reason: "rejected" | "busy"): Verb {
  return { name: "Reject", attributes: { reason } };
}

/** Connects the caller to another number. */
export function dial(number: string): Verb {
  return { name: "Dial", children: number };
}

/** Connects the caller to somebody who may not answer. */
export function dialOrReturn(options: {
  /** E.164, or `sip:…`. */
  readonly number: string;
  /** What the other side sees; the caller's number without it. */
  readonly callerId?: string | undefined;
  /** How long it rings (s). */
  readonly ringSeconds: number;
  /** Asked for further TwiML when it is over, or nobody answered. */
  readonly action: string;
  /** Told when somebody answers. */
  readonly statusCallback: string;
}): Verb {
  const { number, callerId, ringSeconds, action, statusCallback } = options;
  return {
    name: "Dial",
    attributes: { action, method: "POST", timeout: String(ringSeconds), callerId },
    children: [{
      name: number.startsWith("sip:") ? "Sip" : "Number",
      attributes: { statusCallback, statusCallbackEvent: "answered", statusCallbackMethod: "POST" },
      children: number,
    }],
  };
}

/** Goes on with the TwiML at another address. */
export function redirect(url: string): Verb {
  return { name: "Redirect", attributes: { method: "POST" }, children: url };
}

/** Writes the document, escaped, as an HTTP body. */
export function twiml(...verbs: readonly Verb[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${write({ name: "Response", children: verbs })}`;
}

function write({ name, attributes = {}, children = [] }: Verb): string {
  const written = Object.entries(attributes).filter((entry): entry is [string, string] =>
    entry[1] !== undefined
  )
    .map(([key, value]) => ` ${key}="${escapeAttribute(value)}"`).join("");
  const inner = typeof children === "string" ? escapeText(children) : children.map(write).join("");
  return inner ? `<${name}${written}>${inner}</${name}>` : `<${name}${written}/>`;
}

/**
 * Characters XML 1.0 cannot carry at all (the `u` flag makes the surrogates lone ones). Twilio refuses the whole document
 * for one of them: error 12100.
 */
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/gu;

function escapeText(text: string): string {
  return text.replace(ILLEGAL, "").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll("\r", "&#xD;");
}

function escapeAttribute(text: string): string {
  return escapeText(text).replaceAll('"', "&quot;").replaceAll("\n", "&#xA;").replaceAll("\t", "&#x9;");
}
