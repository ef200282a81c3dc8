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

/** Detects an answering machine on an outbound call, and leaves a message or hangs up. */
export class AnsweringMachineWatch {
  readonly #options: AnsweringMachineWatchOptions;
  readonly #policy: AnsweringMachinePolicy;
  /** Whether the other side has heard a response of the assistant to its end. */
  #heardAssistant = false;

  constructor(options: AnsweringMachineWatchOptions) {
    this.#options = options;
    const { behaviour, clock, events } = options;
    const onDecision = (decision: MachineDecision) => this.#act(decision);
    const policy = this.#policy = new AnsweringMachinePolicy({ behaviour, clock, onDecision });
    events.on("stream attached", () => policy.assistantConnected());
    events.on("assistant audio played", () => this.#heardAssistant = true);
    events.on("caller stopped speaking", () => {
      if (this.#heardAssistant) policy.calledPartyReplied();
    });
    events.on("caller transcribed", ({ text }) => policy.calledPartySaid(text));
    events.on(["goodbye started", "call ending"], () => policy.close());
  }

  /** Twilio reports who answered. */
  setVerdict(answeredBy: AnsweredBy): void {
    this.#policy.reportAnsweredBy(answeredBy);
  }

  #act(decision: MachineDecision): void {
    const { conversation: { model, speech }, ending, timeline, log } = this.#options;
    log.info("answering machine", { action: decision.action });
    timeline.add("answering-machine", decision.action);
    ending.setMachineAnswered(decision.action !== "continue");
    switch (decision.action) {
      case "mute":
        return speech.mute(true);
      case "continue":
        speech.mute(false);
        return model.say({ yieldsToCaller: true });
      case "leave message":
        return ending.leaveMessage(decision.instructions);
      case "hang up":
        return ending.end("answering machine", true);
    }
  }
}
