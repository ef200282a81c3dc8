import type { Cancel, Clock } from "../clock.ts";
import type { AnsweredBy } from "../twilio/call_status.ts";
import { asksWhoCalls, messageInstructions } from "./call_screening.ts";

/** Twilio listens for 30 s and then says `unknown`; without a word by now (ms) there will be none. */
const VERDICT_MS = 35_000;
/** Longest greeting of a machine that is waited for (ms). */
const GREETING_MS = 60_000;
/**
 * From the end of a machine's greeting to acting on it (ms). A robot that screens calls is a machine too, and what it said
 * is transcribed about when Twilio's verdict comes; the message loses nothing by a second of silence.
 */
const SETTLE_MS = 1_000;
/** Answers to what the assistant said, after which it is a person who speaks. */
const ANSWERS_OF_A_PERSON = 2;

/** What to do about a machine: say something after its beep, or hang up. */
export type MachineBehaviour = { readonly leave: string } | "hang up";

/** What the call is to do. */
export type Decision =
  /** Talk as with a person. After "keep silent" the assistant owes an answer and has to be asked for it. */
  | { readonly action: "go on" }
  /** Cut the assistant off, and let it answer nothing that is heard until the next decision. */
  | { readonly action: "keep silent" }
  /** Ask the assistant for this, and hang up once it was heard. */
  | { readonly action: "leave message"; readonly instructions: string }
  | { readonly action: "hang up" };

export interface AnsweringMachineOptions {
  readonly behaviour: MachineBehaviour;
  readonly clock: Clock;
  /** Called with every decision; the first is made when something other than a person is suspected. */
  readonly decided: (decision: Decision) => void;
}

type State = "ringing" | "open" | "silent" | "over";

/**
 * Decides how a call goes on that perhaps a machine answered. Until something speaks for a machine the assistant talks: a
 * person must not be greeted by silence. The first final verdict counts, and a person's word more than Twilio's.
 */
export class AnsweringMachine {
  readonly #options: AnsweringMachineOptions;
  #state: State = "ringing";
  #early: AnsweredBy | undefined;
  #answers = 0;
  #greetingOver = false;
  #cancel: Cancel = () => {};

  constructor(options: AnsweringMachineOptions) {
    this.#options = options;
  }

  /** The assistant is on the line. A verdict that came before it counts now. */
  connected(): void {
    if (this.#state !== "ringing") return;
    this.#state = "open";
    this.#after(VERDICT_MS, () => this.#person());
    if (this.#early) this.verdict(this.#early);
  }

  /** Twilio's word on who answered. */
  verdict(answeredBy: AnsweredBy): void {
    if (this.#state === "over") return;
    if (this.#state === "ringing") this.#early = answeredBy;
    else if (answeredBy === "fax") this.#decide({ action: "hang up" });
    else if (answeredBy === "human") this.#person();
    else if (answeredBy !== "unknown") this.#machine(answeredBy);
    // Twilio could not tell: a machine that was heard to begin has ended by now, else it is taken for a person.
    else if (this.#state === "silent") this.#machineListens();
    else this.#person();
  }

  /** The called side has spoken after something the assistant had said to its end. */
  answered(): void {
    if (this.#state === "open" && ++this.#answers >= ANSWERS_OF_A_PERSON) this.#person();
  }

  /** The called side has said this. Whoever asks who calls gets an answer, person or robot. */
  heard(transcript: string): void {
    if (asksWhoCalls(transcript)) this.#person();
  }

  /** The call is over. */
  close(): void {
    this.#state = "over";
    this.#cancel();
  }

  #person(): void {
    const wasSilent = this.#state === "silent";
    this.close();
    if (wasSilent) this.#options.decided({ action: "go on" });
  }

  #machine(answeredBy: AnsweredBy): void {
    if (this.#state === "open") {
      this.#state = "silent";
      this.#options.decided({ action: "keep silent" });
    }
    // The two words of one machine may overtake each other.
    this.#greetingOver ||= answeredBy !== "machine_start";
    this.#after(this.#greetingOver ? SETTLE_MS : GREETING_MS, () => this.#machineListens());
  }

  #machineListens(): void {
    const { behaviour } = this.#options;
    this.#decide(
      behaviour === "hang up"
        ? { action: "hang up" }
        : { action: "leave message", instructions: messageInstructions(behaviour.leave) },
    );
  }

  #decide(decision: Decision): void {
    this.close();
    this.#options.decided(decision);
  }

  #after(ms: number, then: () => void): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(ms, then);
  }
}
