import {
  AnsweringMachinePolicy,
  type MachineBehaviour,
  type MachineDecision,
} from "../../dialer/answering_machine_policy.ts";
import type { AnsweredBy } from "../../twilio/call_status.ts";
import type { CallParts } from "../call_parts.ts";

export interface AnsweringMachineWatchOptions
  extends Pick<CallParts, "conversation" | "ending" | "events" | "timeline" | "clock" | "log"> {
  readonly behaviour: MachineBehaviour;
}

/**
 * Detects an answering machine on an outbound call, and leaves a message or hangs up.
 *
 * @returns a function to call with Twilio's verdict on who answered.
 */
export function watchForMachine(options: AnsweringMachineWatchOptions): (answeredBy: AnsweredBy) => void {
  const { behaviour, conversation: { model, speech }, ending, events, timeline, clock, log } = options;
  /** Whether the other side has heard a response of the assistant to its end. */
  let heardAssistant = false;
  const onDecision = (decision: MachineDecision) => {
    log.info("answering machine", { action: decision.action });
    timeline.add("answering-machine", decision.action);
    if (decision.action !== "continue") ending.setMachineAnswered(true);
    switch (decision.action) {
      case "mute":
        return speech.mute(true);
      case "continue":
        speech.mute(false);
        ending.setMachineAnswered(false);
        if (!ending.started) model.requestResponse({ yieldsToCaller: true });
        return;
      case "leave message":
        return ending.leaveMessage(decision.instructions);
      case "hang up":
        return ending.end("answering machine", true);
    }
  };
  const policy = new AnsweringMachinePolicy({ behaviour, clock, onDecision });
  events.on("stream attached", () => policy.assistantConnected());
  events.on("assistant audio played", () => heardAssistant = true);
  events.on("caller stopped speaking", () => {
    if (heardAssistant) policy.calledPartyReplied();
  });
  events.on("caller transcribed", ({ text }) => policy.calledPartySaid(text));
  events.on(["goodbye started", "call ending"], () => policy.close());
  return (answeredBy) => policy.reportAnsweredBy(answeredBy);
}
