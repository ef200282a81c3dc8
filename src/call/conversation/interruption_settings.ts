import type { CallAssistant } from "../../assistants/call_assistant.ts";
import { backchannelSet } from "./backchannel.ts";
import type { InterruptionMode } from "./interruptions_options.ts";

/** How the caller may interrupt the assistant of a call. */
export interface InterruptionSettings {
  readonly mode: InterruptionMode;
  readonly minMs: number;
  readonly decideMs: number;
  /** What is repeated at least after a pause (ms). */
  readonly overlapMs: number;
  /** From `backchannelSet`. */
  readonly backchannels: ReadonlySet<string>;
  /** Whether the first response of the call is heard to its end. */
  readonly protectGreeting: boolean;
}

/** The settings of an assistant without any. */
export const DEFAULT_INTERRUPTIONS: InterruptionSettings = {
  mode: "stop",
  minMs: 1_000,
  decideMs: 1_000,
  overlapMs: 300,
  backchannels: new Set(),
  protectGreeting: false,
};

/** The settings of a call. */
export function interruptionSettings(
  { interruptions, session: { turnDetection } }: Pick<CallAssistant, "interruptions" | "session">,
): InterruptionSettings {
  if (interruptions) return { ...interruptions, backchannels: backchannelSet(interruptions.backchannels) };
  return { ...DEFAULT_INTERRUPTIONS, mode: turnDetection?.interruptResponse === false ? "off" : "stop" };
}
