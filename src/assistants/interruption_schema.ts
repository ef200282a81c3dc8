import { flag, list, object, oneOf, text, wholeNumber } from "./field_types.ts";

/** What happens when the caller speaks while the assistant does. */
export const INTERRUPTIONS = object({
  mode: oneOf(["pause", "stop", "off"]).optional().describe(
    "What the assistant does when the caller speaks. pause: it pauses, and goes on after a cough or a backchannel. " +
      "stop: it stops. off: it finishes first. Default: pause; stop without transcripts, or with another " +
      "OPENAI_REALTIME_URL. turnDetection.interruptResponse and createResponse win over this.",
  ),
  minMs: wholeNumber(100, 3_000).default(1_000).describe(
    "pause only: voice after which the caller interrupts, whatever the words (ms).",
  ),
  decideMs: wholeNumber(100, 5_000).default(1_000).describe(
    "pause only: maximum wait for the transcript after shorter speech (ms). Then the assistant goes on, and stops if the " +
      "transcript has words.",
  ),
  overlapMs: wholeNumber(0, 300).default(300).describe(
    "pause only: what the assistant repeats when it goes on (ms), and up to 150 ms more.",
  ),
  backchannels: list(text(40)).optional().describe(
    "pause only: words of a listener that do not interrupt. Default: those of the assistant's languages.",
  ),
  protectGreeting: flag().default(false).describe("Whether the caller hears the whole greeting first."),
});
