/** What tools may do with the call they are called in. */
export interface Phone {
  /** Hangs up when what is being said now has been heard; the caller speaking up calls it off. */
  hangUp(): void;
  /** Passes the caller on to a configured destination, once what is being said now has been heard. */
  transfer(destination: string): void;
  /** Plays keypad tones after what is being said now; resolves when they have been heard. */
  sendDigits(digits: string): Promise<void>;
  /** Waits for the caller to enter a secret. The digits stay with the call. */
  collectDigits(secret: string): Promise<CollectedDigits>;
  /** Goes on with the recording of the call, or pauses it. */
  record(on: boolean): void;
  /** Goes on in another language, with a new session of the model that is told `summary`. */
  switchLanguage(language: string, summary: string): void;
}

/** How many digits the caller entered, or why there are none. */
export type CollectedDigits = { readonly digits: number } | { readonly failed: "timeout" | "cancelled" };
