/** Why a call ended. */
export type EndReason =
  | "caller hung up"
  | "stream lost"
  | "flood"
  | "no media"
  | "model failed"
  | "never connected"
  | "assistant hung up"
  | "operator hung up"
  | "transferred"
  | "answering machine"
  | "silence"
  | "spending limit"
  | "time limit"
  | "drained"
  | "shutdown";

/** The assistant's instructions for each end of a call that begins with a goodbye. */
export const GOODBYE_INSTRUCTIONS = {
  "time limit":
    "The time for this call is over. Say goodbye to the caller now, in one short sentence. Ask nothing.",
  "silence": "The caller has not said anything for a while. Say goodbye in one short sentence. Ask nothing.",
  "spending limit":
    "This call has to end now. Tell the caller so politely in one short sentence and say goodbye. Ask nothing.",
  "drained":
    "This line has to be closed now. Tell the caller so in one short sentence, ask them to call again in a few " +
    "minutes, and say goodbye.",
} satisfies Partial<Record<EndReason, string>>;

export type GoodbyeReason = keyof typeof GOODBYE_INSTRUCTIONS;

/** How a call ended. */
export interface CallEnd {
  readonly reason: EndReason;
  /** Whether the caller heard the reason, or needs none. Otherwise Twilio plays an apology. */
  readonly callerInformed: boolean;
}
