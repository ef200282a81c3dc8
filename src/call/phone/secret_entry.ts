import type { Cancel } from "../../clock.ts";
import type { CollectedDigits } from "../../tools/call_control.ts";
import type { Keypad } from "./keypad.ts";
import type { CallParts } from "../call_parts.ts";

/** Interval of looking whether the keys of an abandoned secret have ceased (ms). */
const CHECK_MS = 200;
const DEFAULT_DIGITS = 30;

export interface SecretEntryOptions
  extends Pick<CallParts, "conversation" | "events" | "timeline" | "clock"> {
  readonly keypad: Keypad;
  /** Number of digits of each secret, by name. */
  readonly digits: ReadonlyMap<string, number>;
}

/** Collects a secret, with the caller muted for the model, the recording and listeners: its tones are on the line. */
export class SecretEntry {
  readonly #options: SecretEntryOptions;
  #unmute: Cancel | undefined;
  #closed = false;

  constructor(options: SecretEntryOptions) {
    this.#options = options;
    options.events.on(["goodbye started", "call ending"], () => {
      this.#closed = true;
      this.#unmute?.();
    });
  }

  async collect(name: string): Promise<CollectedDigits> {
    const { keypad, digits, conversation, events, timeline } = this.#options;
    events.emit({ type: "secret entry started" });
    conversation.muteCaller(true);
    const collected = await keypad.collect(name, { digits: digits.get(name) ?? DEFAULT_DIGITS });
    // The record has the secret's name, not its digits.
    timeline.add("keypad", name, { ok: "digits" in collected, detail: "secret" });
    if ("digits" in collected) this.#end();
    else this.#endAfterLastKey();
    return collected;
  }

  #end(): void {
    const { keypad, conversation, events } = this.#options;
    // Another secret may have been requested meanwhile.
    if (keypad.collecting) return;
    conversation.muteCaller(false);
    events.emit({ type: "secret entry ended" });
  }

  /** The caller may go on entering an abandoned secret. */
  #endAfterLastKey(): void {
    if (this.#closed) return;
    const { keypad, clock } = this.#options;
    if (keypad.idle || keypad.collecting) return this.#end();
    this.#unmute?.();
    this.#unmute = clock.after(CHECK_MS, () => this.#endAfterLastKey());
  }
}
