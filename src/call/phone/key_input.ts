import type { Approvals } from "./approvals.ts";
import type { Keypad } from "./keypad.ts";
import type { CallParts } from "../call_parts.ts";

export interface KeyInputOptions extends Pick<CallParts, "model" | "events" | "timeline"> {
  readonly keypad: Keypad;
  readonly approvals: Approvals;
}

/** Routes each key the caller presses to an approval or the keypad, and sends the entered digits to the model. */
export class KeyInput {
  readonly #keypad: Keypad;
  readonly #approvals: Approvals;

  constructor({ keypad, approvals, model, events, timeline }: KeyInputOptions) {
    this.#keypad = keypad;
    this.#approvals = approvals;
    events.on("digits entered", ({ digits }) => {
      timeline.add("keypad", digits);
      model.note(`The caller pressed these keys: ${digits}`);
      model.say({ yieldsToCaller: true });
    });
  }

  /** @param key One of `0123456789*#ABCD`. */
  press(key: string): void {
    if (this.#approvals.waiting && this.#keypad.idle) this.#approvals.decide(key);
    else this.#keypad.press(key);
  }
}
