import type { CallMessage } from "../records/call_record.ts";
import type { Assistant } from "./assistant.ts";
import type { OutagePlan } from "./call_assistant.ts";
import { recordedAudio } from "./recorded_audio.ts";

/** @param saveMessage Stores a request for a callback or a voicemail. */
export function callOutage(
  { outage }: Assistant,
  saveMessage: (message: CallMessage) => unknown,
): OutagePlan {
  return { ...outage, audio: recordedAudio(outage), saveMessage };
}
