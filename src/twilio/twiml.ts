/**
 * TwiML documents.
 *
 * Source: https://www.twilio.com/docs/voice/twiml, https://www.twilio.com/docs/voice/twiml/stream
 */

import { sayLanguage } from "./say_language.ts";

/** An element of a TwiML document. Undefined attributes are omitted; a string child is text. */
export interface TwimlElement {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string | undefined>>;
  readonly children?: readonly TwimlElement[] | string;
}

/** `<Connect><Stream>`. `parameters` arrive in the stream's `start` message; Twilio drops the query of `url`. */
export function connectStream(options: {
  readonly url: string;
  /** Returns the next TwiML after Parley has closed the stream. */
  readonly action: string;
  /** Receives the stream's start, stop and errors. */
  readonly statusCallback: string;
  /** Each name together with its value must be shorter than 500 characters (Twilio's limit). */
  readonly parameters: Readonly<Record<string, string>>;
}): TwimlElement {
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

/** `<Say>`: speaks `text` with Twilio's voice, in the nearest language that Twilio has; `language` is BCP 47. */
export function say(text: string, language?: string): TwimlElement {
  const attributes = { language: language === undefined ? undefined : sayLanguage(language) };
  return { name: "Say", attributes, children: text };
}

/** `<Gather>`: waits 4 s for one key while `prompts` play. Posts it to `action`; without a key, the next verb follows. */
export function gatherKey(action: string, prompts: readonly TwimlElement[]): TwimlElement {
  const attributes = { input: "dtmf", numDigits: "1", timeout: "4", action, method: "POST" };
  return { name: "Gather", attributes, children: prompts };
}

/** `<Pause>`: waits in silence. */
export function pause(seconds: number): TwimlElement {
  return { name: "Pause", attributes: { length: String(seconds) } };
}

/** `<Hangup>`. */
export const hangup: TwimlElement = { name: "Hangup" };

/** `<Reject>`: leaves the call unanswered and unbilled. Only valid as the first verb. */
export function reject(reason: "rejected" | "busy"): TwimlElement {
  return { name: "Reject", attributes: { reason } };
}

/** `<Dial>`: connects the caller to another number. Ends the call afterwards, unless there is an `action`. */
export function dial(options: {
  /** E.164, or `sip:…`. */
  readonly number: string;
  /** Caller ID shown to the other party. Default: the caller's number. */
  readonly callerId?: string | undefined;
  /** Ring time (s). Default: Twilio's 30 s. */
  readonly ringSeconds?: number;
  /** Maximum duration of the conversation (s); Twilio then hangs up. Twilio's default is 4 hours. */
  readonly maxSeconds: number;
  /** Returns the next TwiML when the dialled call has ended or was not answered. */
  readonly action?: string;
  /** Receives a callback when the dialled call is answered and, without an `action`, when it ends. */
  readonly statusCallback: string;
}): TwimlElement {
  const { number, callerId, ringSeconds, maxSeconds, action, statusCallback } = options;
  const statusCallbackEvent = action ? "answered" : "answered completed";
  return {
    name: "Dial",
    attributes: {
      action,
      method: action && "POST",
      timeout: ringSeconds?.toString(),
      timeLimit: String(maxSeconds),
      callerId,
    },
    children: [{
      name: number.startsWith("sip:") ? "Sip" : "Number",
      attributes: { statusCallback, statusCallbackEvent, statusCallbackMethod: "POST" },
      children: number,
    }],
  };
}

/** `<Redirect>`: continues with the TwiML at another URL. */
export function redirect(url: string): TwimlElement {
  return { name: "Redirect", attributes: { method: "POST" }, children: url };
}

/** Serializes a TwiML document. */
export function twiml(...verbs: readonly TwimlElement[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>${serialize({ name: "Response", children: verbs })}`;
}

function serialize({ name, attributes = {}, children = [] }: TwimlElement): string {
  const attributeText = Object.entries(attributes).filter((entry): entry is [string, string] =>
    entry[1] !== undefined
  )
    .map(([key, value]) => ` ${key}="${escapeAttribute(value)}"`).join("");
  const content = typeof children === "string" ? escapeText(children) : children.map(serialize).join("");
  return content ? `<${name}${attributeText}>${content}</${name}>` : `<${name}${attributeText}/>`;
}

/**
 * Characters that are invalid in XML 1.0; with the `u` flag, `\ud800-\udfff` matches lone surrogates only. Twilio rejects a
 * document that contains one (error 12100).
 */
// deno-lint-ignore no-control-regex -- matches control characters on purpose
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/gu;

function escapeText(text: string): string {
  return text.replace(ILLEGAL, "").replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll("\r", "&#xD;");
}

function escapeAttribute(text: string): string {
  return escapeText(text).replaceAll('"', "&quot;").replaceAll("\n", "&#xA;").replaceAll("\t", "&#x9;");
}
