import type { Cancel } from "../../clock.ts";
import type { CollectedDigits } from "../../tools/call_control.ts";
import type { Keypad } from "./keypad.ts";
import type { CallParts } from "../call_parts.ts";

/** Interval of checking whether the caller has stopped entering an abandoned secret (ms). */
const CHECK_MS = 200;
const DEFAULT_DIGITS = 30;

export interface SecretEntryOptions
  extends Pick<CallParts, "conversation" | "events" | "timeline" | "clock"> {
  readonly keypad: Keypad;
  /** Number of digits of each secret, by name. */
  readonly digits: ReadonlyMap<string, number>;
}

/**
 * Creates the function that collects a secret. It mutes the caller for the model, the recording and listeners, because the
 * tones of the keys are on the line.
 */
export function createSecretEntry(options: SecretEntryOptions): (name: string) => Promise<CollectedDigits> {
  const { keypad, digits, conversation, events, timeline, clock } = options;
  let cancelCheck: Cancel | undefined;
  let closed = false;
  events.on(["goodbye started", "call ending"], () => {
    closed = true;
    cancelCheck?.();
  });
  const end = () => {
    // Another secret may have been requested meanwhile.
    if (keypad.collecting) return;
    conversation.muteCaller(false);
    events.emit({ type: "secret entry ended" });
  };
  /** Waits for the end of the keys first: the caller may continue to enter an abandoned secret. */
  const endAfterLastKey = () => {
    if (closed) return;
    if (keypad.idle || keypad.collecting) return end();
    cancelCheck?.();
    cancelCheck = clock.after(CHECK_MS, endAfterLastKey);
  };
  return async (name) => {
    events.emit({ type: "secret entry started" });
    conversation.muteCaller(true);
    const collected = await keypad.collect(name, { digits: digits.get(name) ?? DEFAULT_DIGITS });
    // The record has the secret's name, not its digits.
    timeline.add("keypad", name, { ok: "digits" in collected, detail: "secret" });
    if ("digits" in collected) end();
    else endAfterLastKey();
    return collected;
  };
}
