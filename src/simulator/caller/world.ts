/** What lies beyond the stand-in's Twilio: other telephones, and the fingers of who calls. */

/** What became of a number that was dialled: `canceled` is a caller who hung up while it rang. */
export interface Dialled {
  status: "completed" | "busy" | "no-answer" | "failed" | "canceled";
  ringMs: number;
  /** How long is talked once somebody answered. */
  talkMs: number;
}

export interface World {
  dial(number: string): Dialled;
  /** What the caller presses when keys are asked for outside of a stream; undefined: nothing. */
  keys(): string | undefined;
}

/** Everybody answers, and nobody presses a key. */
export const ordinaryWorld: World = {
  dial: () => ({ status: "completed", ringMs: 200, talkMs: 200 }),
  keys: () => undefined,
};
