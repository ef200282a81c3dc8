import type { SessionOptions } from "../model/session_options.ts";
import type { Assistant } from "./assistant.ts";
import type { CallInterruptions } from "./call_assistant.ts";
import { defaultBackchannels } from "./default_backchannels.ts";
import { languagesOf } from "./languages.ts";

/** The interruptions of an assistant's calls. An explicit flag of `turnDetection` wins over the mode. */
export function callInterruptions(assistant: Assistant): CallInterruptions {
  const { interruptions: { mode, backchannels, ...rest }, turnDetection, disclosure } = assistant;
  return {
    ...rest,
    // The end of a disclosure that the model says is not known.
    protectGreeting: rest.protectGreeting || typeof disclosure === "string",
    mode: statesResponses(assistant) ? turnDetection.interruptResponse === false ? "off" : "stop" : mode,
    backchannels: backchannels ?? defaultBackchannels(languagesOf(assistant)),
  };
}

/** What the model's server needs to know of {@linkcode callInterruptions}. */
export function sessionInterruptions(
  assistant: Assistant,
): Pick<SessionOptions, "turnDetection" | "answers"> {
  const { turnDetection } = assistant;
  const { mode } = callInterruptions(assistant);
  if (mode === "pause") return { turnDetection, answers: "parley" };
  return { turnDetection: mode === "off" ? { ...turnDetection, interruptResponse: false } : turnDetection };
}

/** Whether `turnDetection` says who answers or interrupts. */
export function statesResponses({ turnDetection }: Pick<Assistant, "turnDetection">): boolean {
  return (turnDetection.createResponse ?? turnDetection.interruptResponse) !== undefined;
}
