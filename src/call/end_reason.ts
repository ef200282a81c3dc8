/** Why a call ended. */
export type EndReason =
  | "caller hung up"
  | "stream lost"
  | "flood"
  | "no media"
  | "model failed"
  /** All models were down, and the caller left a voicemail, or is to be called back. */
  | "voicemail"
  | "callback requested"
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
    "This call has reached its time limit. Say goodbye to the caller now, in one short sentence. Ask no question.",
  "silence": "The caller has been silent for a while. Say goodbye in one short sentence. Ask no question.",
  "spending limit":
    "This call must end now. Politely tell the caller in one short sentence, and say goodbye. Ask no question.",
  "drained":
    "This line is about to close. Tell the caller in one short sentence, ask them to call again in a few " +
    "minutes, and say goodbye.",
} satisfies Partial<Record<EndReason, string>>;

export type GoodbyeReason = keyof typeof GOODBYE_INSTRUCTIONS;

/** How a call ended. */
export interface CallEnd {
  readonly reason: EndReason;
  /** Whether the caller heard the reason, or needs none. Otherwise Twilio plays an apology. */
  readonly callerInformed: boolean;
}
