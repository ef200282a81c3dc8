import { object, oneOf, text } from "./field_types.ts";

/** What the caller gets when all models are down. */
export const OUTAGE = object({
  audio: text(4_096).optional().describe(
    "WAV file to play then, in which you say what follows; relative to this file, at most 30 s. Default: Twilio says in " +
      "English that the assistant cannot be reached, and what follows.",
  ),
  then: oneOf(["hang up", "transfer", "voicemail", "callback"]).default("hang up").describe(
    "What follows. transfer: to `to`; nobody answering is a callback. voicemail: Parley records up to 120 s after a tone. " +
      "callback: the caller's number is kept as a message.",
  ),
  to: text(40).optional().describe("transfer only: name of the destination."),
});
