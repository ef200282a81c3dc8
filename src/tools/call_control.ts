import type { CallMessage } from "../records/call_record.ts";

/** Actions on the call for its tools. */
export interface CallControl {
  /** Hangs up when the caller has heard the current speech. Cancelled if the caller speaks first. */
  hangUp(): void;
  /** Transfers the caller to a configured destination when they have heard the current speech. */
  transfer(destination: string): void;
  /** Plays keypad tones after the current speech; resolves when they have been played. */
  sendDigits(digits: string): Promise<void>;
  /** Waits for the caller to enter a secret. The digits stay with the call. */
  collectDigits(secret: string): Promise<CollectedDigits>;
  /** Adds a message the caller left to the call's record. */
  addMessage(message: CallMessage): void;
  /** Resumes or pauses the recording and the transcript. */
  setRecording(on: boolean): void;
  /** Continues in another language, with a new model session that starts from `summary`. */
  switchLanguage(language: string, summary: string): void;
}

/** How many digits the caller entered, or why there are none. */
export type CollectedDigits = { readonly digits: number } | { readonly failed: "timeout" | "cancelled" };
