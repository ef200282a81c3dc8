import type { Clock } from "../../clock.ts";
import { AnsweringMachine, type Decision, type MachineBehaviour } from "../../dialer/answering_machine.ts";
import type { Log } from "../../telemetry/log.ts";
import type { AnsweredBy } from "../../twilio/call_status.ts";
import type { CallEvents } from "../call_events.ts";
import type { Conversation } from "../conversation/conversation.ts";

export interface MachineWatchOptions {
  readonly behaviour: MachineBehaviour;
  readonly conversation: Conversation;
  readonly events: CallEvents;
  readonly clock: Clock;
  readonly log: Log;
  /** Has this said, and hangs up when it was heard. */
  readonly leave: (instructions: string) => void;
  readonly hangUp: () => void;
}

/** Tells whether a machine answered a call that we placed what happens in it, and does what is decided. */
export class MachineWatch {
  readonly #options: MachineWatchOptions;
  readonly #machine: AnsweringMachine;
  /** Whether anything of the assistant has been heard to its end. */
  #heardOnce = false;

  constructor(options: MachineWatchOptions) {
    this.#options = options;
    const { behaviour, clock } = options;
    this.#machine = new AnsweringMachine({ behaviour, clock, decided: (decision) => this.#do(decision) });
  }

  connected(): void {
    this.#machine.connected();
  }

  /** Twilio says who answered. */
  verdict(who: AnsweredBy): void {
    this.#machine.verdict(who);
  }

  assistantHeard(): void {
    this.#heardOnce = true;
  }

  /** The other side has spoken. */
  callerStopped(): void {
    if (this.#heardOnce) this.#machine.answered();
  }

  callerSaid(transcript: string): void {
    this.#machine.heard(transcript);
  }

  close(): void {
    this.#machine.close();
  }

  #do(decision: Decision): void {
    const { conversation, events, log, leave, hangUp } = this.#options;
    log.info("answering machine", { action: decision.action });
    events.add("machine", decision.action);
    switch (decision.action) {
      case "keep silent":
        return conversation.silence(true);
      case "go on":
        conversation.silence(false);
        return conversation.say({ lapses: true });
      case "leave message":
        return leave(decision.instructions);
      case "hang up":
        return hangUp();
    }
  }
}
