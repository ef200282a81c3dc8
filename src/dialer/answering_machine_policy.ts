import type { Cancel, Clock } from "../clock.ts";
import type { AnsweredBy } from "../twilio/call_status.ts";
import { isCallScreening, voicemailInstructions } from "./call_screening.ts";

/** Twilio reports `unknown` after 30 s; after this long (ms) no callback will come. */
const DETECTION_MS = 35_000;
/** Timeout for a machine's greeting (ms). */
const GREETING_MS = 60_000;
/**
 * From the end of a machine's greeting to the decision (ms). Call screening is detected as a machine too, and the
 * transcript that reveals it arrives at about the same time as Twilio's callback.
 */
const SETTLE_MS = 1_000;
/** Replies to the assistant after which the called party is a person. */
const REPLIES_OF_A_PERSON = 2;

/** Behaviour at an answering machine: leave a message after its beep, or hang up. */
export type MachineBehaviour = { readonly leave: string } | "hang up";

/** The call's next step. */
export type MachineDecision =
  /** Talk as with a person. Comes after "mute" only: request the response that was withheld. */
  | { readonly action: "continue" }
  /** Stop the assistant's audio, and request no response until the next decision. */
  | { readonly action: "mute" }
  /** Give the assistant these instructions, and hang up once the caller has heard the response. */
  | { readonly action: "leave message"; readonly instructions: string }
  | { readonly action: "hang up" };

export interface AnsweringMachinePolicyOptions {
  readonly behaviour: MachineBehaviour;
  readonly clock: Clock;
  /** Called with every decision; never for a call that a person answers. */
  readonly onDecision: (decision: MachineDecision) => void;
}

type State = "ringing" | "talking" | "muted" | "decided";

/**
 * Decides what an outbound call does when a machine may have answered. The assistant talks until a machine is detected: a
 * person must not hear silence. The first final result counts; what the called party says outweighs Twilio's detection.
 */
export class AnsweringMachinePolicy {
  readonly #options: AnsweringMachinePolicyOptions;
  #state: State = "ringing";
  /** Twilio's result, if it arrived before the assistant was connected. */
  #earlyResult: AnsweredBy | undefined;
  #replies = 0;
  #greetingDone = false;
  #cancelTimer: Cancel = () => {};

  constructor(options: AnsweringMachinePolicyOptions) {
    this.#options = options;
  }

  /** The assistant is connected. Applies a detection result that came earlier. */
  assistantConnected(): void {
    if (this.#state !== "ringing") return;
    this.#state = "talking";
    this.#after(DETECTION_MS, () => this.#assumePerson());
    if (this.#earlyResult) this.reportAnsweredBy(this.#earlyResult);
  }

  /** Twilio's answering-machine detection has a result. */
  reportAnsweredBy(answeredBy: AnsweredBy): void {
    if (this.#state === "decided") return;
    if (this.#state === "ringing") this.#earlyResult = answeredBy;
    else if (answeredBy === "fax") this.#decide({ action: "hang up" });
    else if (answeredBy === "human") this.#assumePerson();
    else if (answeredBy !== "unknown") this.#machineDetected(answeredBy);
    // Unknown: a machine whose greeting had started has finished it by now; otherwise assume a person.
    else if (this.#state === "muted") this.#greetingEnded();
    else this.#assumePerson();
  }

  /** The called party spoke after a response that was played to its end. */
  calledPartyReplied(): void {
    if (this.#state === "talking" && ++this.#replies >= REPLIES_OF_A_PERSON) this.#assumePerson();
  }

  /** The called party's transcript. Call screening gets a response, like a person. */
  calledPartySaid(transcript: string): void {
    if (isCallScreening(transcript)) this.#assumePerson();
  }

  /** The call ended. */
  close(): void {
    this.#state = "decided";
    this.#cancelTimer();
  }

  #assumePerson(): void {
    const wasMuted = this.#state === "muted";
    this.close();
    if (wasMuted) this.#options.onDecision({ action: "continue" });
  }

  #machineDetected(answeredBy: AnsweredBy): void {
    if (this.#state === "talking") {
      this.#state = "muted";
      this.#options.onDecision({ action: "mute" });
    }
    // The callbacks for start and end of a greeting can arrive in either order.
    this.#greetingDone ||= answeredBy !== "machine_start";
    this.#after(this.#greetingDone ? SETTLE_MS : GREETING_MS, () => this.#greetingEnded());
  }

  #greetingEnded(): void {
    const { behaviour } = this.#options;
    this.#decide(
      behaviour === "hang up"
        ? { action: "hang up" }
        : { action: "leave message", instructions: voicemailInstructions(behaviour.leave) },
    );
  }

  #decide(decision: MachineDecision): void {
    this.close();
    this.#options.onDecision(decision);
  }

  #after(ms: number, then: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(ms, then);
  }
}
