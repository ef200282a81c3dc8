/**
 * Messages of a media stream, from and to Twilio.
 *
 * Source: https://www.twilio.com/docs/voice/media-streams/websocket-messages
 */

import { isObject, parseObject } from "../json.ts";

/** The `start` message: the call and the parameters of the TwiML. */
export interface StreamStart {
  readonly accountSid: string;
  readonly streamSid: string;
  readonly callSid: string;
  /** The `<Parameter>`s of the `<Stream>`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A valid message from Twilio. */
export type InboundMessage =
  | { readonly event: "connected" }
  | { readonly event: "start"; readonly start: StreamStart }
  | {
    readonly event: "media";
    readonly streamSid: string;
    /** Milliseconds from the start of the stream. */
    readonly timestamp: number;
    /** Base64 of raw µ-law, 8 kHz, mono. */
    readonly payload: string;
  }
  | { readonly event: "mark"; readonly streamSid: string; readonly name: string }
  | { readonly event: "dtmf"; readonly streamSid: string; readonly digit: string }
  | { readonly event: "stop"; readonly streamSid: string };

/** Why a message is malformed. A closed list, so that it can be a metric label. */
export type MalformedReason =
  | "not JSON"
  | "no event"
  | "unknown event"
  | "bad start"
  | "bad media format"
  | "bad media"
  | "bad mark"
  | "bad dtmf"
  | "no streamSid";

/** Parses one text frame from Twilio. Never throws. */
export function readMessage(text: string): InboundMessage | MalformedReason {
  const message = parseObject(text);
  if (!message) return "not JSON";
  if (typeof message.event !== "string") return "no event";
  if (message.event === "connected") return { event: "connected" };
  if (message.event === "start") return readStart(message.start);
  const { streamSid } = message;
  switch (message.event) {
    case "media":
      return typeof streamSid === "string" ? readMedia(streamSid, message.media) : "no streamSid";
    case "mark": {
      const name = isObject(message.mark) ? message.mark.name : undefined;
      if (typeof streamSid !== "string") return "no streamSid";
      return typeof name === "string" ? { event: "mark", streamSid, name } : "bad mark";
    }
    case "dtmf": {
      const digit = isObject(message.dtmf) ? message.dtmf.digit : undefined;
      if (typeof streamSid !== "string") return "no streamSid";
      return typeof digit === "string" && /^[0-9*#A-D]$/.test(digit)
        ? { event: "dtmf", streamSid, digit }
        : "bad dtmf";
    }
    case "stop":
      return typeof streamSid === "string" ? { event: "stop", streamSid } : "no streamSid";
    default:
      return "unknown event";
  }
}

function readStart(start: unknown): InboundMessage | MalformedReason {
  if (!isObject(start)) return "bad start";
  const { accountSid, streamSid, callSid, mediaFormat, customParameters } = start;
  if (typeof streamSid !== "string" || typeof callSid !== "string" || !streamSid || !callSid) {
    return "bad start";
  }
  if (
    !isObject(mediaFormat) || mediaFormat.encoding !== "audio/x-mulaw" ||
    Number(mediaFormat.sampleRate) !== 8000 ||
    Number(mediaFormat.channels) !== 1
  ) return "bad media format";
  const parameters: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(isObject(customParameters) ? customParameters : {})) {
    if (typeof value === "string") parameters[name] = value;
  }
  return {
    event: "start",
    start: { accountSid: typeof accountSid === "string" ? accountSid : "", streamSid, callSid, parameters },
  };
}

/** Base64 only, so that a payload can be inserted into another JSON text without escaping. */
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

function readMedia(streamSid: string, media: unknown): InboundMessage | MalformedReason {
  if (!isObject(media)) return "bad media";
  const { track, payload } = media;
  // Twilio sends a string; some stand-ins send a number.
  const timestamp = Number(media.timestamp);
  if (track !== undefined && track !== "inbound") return "bad media";
  if (typeof payload !== "string" || payload.length % 4 !== 0 || !BASE64.test(payload)) return "bad media";
  if (media.timestamp === undefined || !Number.isFinite(timestamp) || timestamp < 0) return "bad media";
  return { event: "media", streamSid, timestamp, payload };
}

/** A `media` message: µ-law bytes, played after all audio sent before. */
export function mediaMessage(streamSid: string, audio: Uint8Array): string {
  return `{"event":"media","streamSid":${
    JSON.stringify(streamSid)
  },"media":{"payload":"${audio.toBase64()}"}}`;
}

/** A `mark` message: Twilio echoes it when all audio sent before it has been played or cleared. */
export function markMessage(streamSid: string, name: string): string {
  return JSON.stringify({ event: "mark", streamSid, mark: { name } });
}

/** A `clear` message: discards audio that is sent but not played; Twilio echoes all pending marks at once. */
export function clearMessage(streamSid: string): string {
  return JSON.stringify({ event: "clear", streamSid });
}
