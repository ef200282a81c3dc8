import type { CallMessage } from "../records/call_record.ts";
import type { Assistant } from "./assistant.ts";
import type { OutagePlan } from "./call_assistant.ts";

/** @param saveMessage Stores a request for a callback or a voicemail. */
export function callOutage(
  { outage: { audio, ...rest } }: Assistant,
  saveMessage: (message: CallMessage) => unknown,
): OutagePlan {
  return { ...rest, audio: audio === undefined ? undefined : Uint8Array.fromBase64(audio), saveMessage };
}
