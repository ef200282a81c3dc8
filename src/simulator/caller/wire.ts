/** The messages a server sends on Twilio's media stream, read as Twilio reads them: to the letter. */

import { decodeBase64 } from "@std/encoding/base64";

/** What the server asks for; "wrong" is what Twilio would ignore and report under `code`. */
export type ServerMessage =
  | { event: "media"; payload: Uint8Array }
  | { event: "mark"; name: string }
  | { event: "clear" }
  | { event: "wrong"; code: 31950 | 31951; why: string };

/** Reads one WebSocket message. Never throws: what is malformed comes back as such. */
export function readServerMessage(data: unknown, streamSid: string): ServerMessage {
  if (typeof data !== "string") return { event: "wrong", code: 31950, why: "a binary frame" };
  try {
    return read(JSON.parse(data), streamSid);
  } catch (error) {
    const why = error instanceof Malformed ? error.message : "no valid JSON";
    return { event: "wrong", code: 31951, why };
  }
}

class Malformed extends Error {}

function read(message: unknown, streamSid: string): ServerMessage {
  const event = isRecord(message) ? message.event : undefined;
  if (event === "media") {
    const { media } = fields(message, ["event", "streamSid", "media"], streamSid);
    const { payload } = fields(media, ["payload"]);
    return { event, payload: base64(payload) };
  }
  if (event === "mark") {
    const { mark } = fields(message, ["event", "streamSid", "mark"], streamSid);
    const { name } = fields(mark, ["name"]);
    if (typeof name !== "string") throw new Malformed("a mark without a name");
    return { event, name };
  }
  if (event === "clear") {
    fields(message, ["event", "streamSid"], streamSid);
    return { event };
  }
  throw new Malformed(`an unknown event ${String(JSON.stringify(event)).slice(0, 60)}`);
}

function fields(value: unknown, names: string[], streamSid?: string): Record<string, unknown> {
  if (!isRecord(value)) throw new Malformed(`no object with ${names.join(", ")}`);
  const missing = names.find((name) => !(name in value));
  if (missing) throw new Malformed(`a missing field "${missing}"`);
  const unexpected = Object.keys(value).find((name) => !names.includes(name));
  if (unexpected) throw new Malformed(`an unexpected field "${unexpected}"`);
  if (streamSid !== undefined && value.streamSid !== streamSid) throw new Malformed("a wrong streamSid");
  return value;
}

function base64(payload: unknown): Uint8Array {
  try {
    if (typeof payload === "string") return decodeBase64(payload);
  } catch {
    // reported below
  }
  throw new Malformed("a payload that is not base64");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
