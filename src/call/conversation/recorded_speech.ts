import type { RecordedSpeech } from "../../assistants/call_assistant.ts";

const DISCLOSURE_ITEM = "parley-disclosure";
const GREETING_ITEM = "parley-greeting";

/** The item of recorded speech in the playout, in the transcript and, by this name, in the model's conversation. */
export function recordedItem({ part }: Pick<RecordedSpeech, "part">): string {
  return part === "disclosure" ? DISCLOSURE_ITEM : GREETING_ITEM;
}

export function isRecordedItem(itemId: string): boolean {
  return itemId === DISCLOSURE_ITEM || itemId === GREETING_ITEM;
}

/** Whether an item is only spoken in front of the greeting. */
export function isDisclosure(itemId: string): boolean {
  return itemId === DISCLOSURE_ITEM;
}
