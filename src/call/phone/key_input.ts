import type { Approvals } from "./approvals.ts";
import type { Keypad } from "./keypad.ts";
import type { CallParts } from "../call_parts.ts";

export interface KeyInputOptions extends Pick<CallParts, "model" | "events" | "timeline" | "conversation"> {
  readonly keypad: Keypad;
  readonly approvals: Approvals;
}

/** Creates the function that routes each key to an approval or the keypad. Sends the entered digits to the model. */
export function createKeyInput(options: KeyInputOptions): (key: string) => void {
  const { approvals, keypad, model, events, timeline, conversation: { caller } } = options;
  /** When the first digit of the number was pressed (ms of the call). */
  let digitsFromMs = 0;
  events.on("digits entered", ({ digits }) => {
    const recordable = timeline.recordable(digits, digitsFromMs);
    timeline.add("keypad", recordable);
    const note = "The caller pressed these keys: ";
    model.addNote(note + digits, note + recordable);
    model.requestResponse({ yieldsToCaller: true });
  });
  return (key) => {
    // A key has no timestamp. It comes after the audio that the caller sent before it.
    if (keypad.idle) digitsFromMs = timeline.atMs - caller.ageMs(caller.positionMs);
    if (approvals.waiting && keypad.idle) approvals.decide(key);
    else keypad.press(key);
  };
}
