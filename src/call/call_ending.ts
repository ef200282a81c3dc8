import type { Log } from "../telemetry/log.ts";
import type { CallEventStream } from "./call_event_stream.ts";
import type { Conversation } from "./conversation/conversation.ts";
import { type EndReason, GOODBYE_INSTRUCTIONS, type GoodbyeReason } from "./end_reason.ts";

export interface CallEndingOptions {
  readonly conversation: Conversation;
  readonly events: CallEventStream;
  /** Whether the model writes a summary of the call. */
  readonly summary: boolean;
  readonly log: Log;
}

/** Ends the call exactly once: immediately, or after a goodbye that the caller hears. */
export class CallEnding {
  readonly #options: CallEndingOptions;
  #goodbyeReason: EndReason | undefined;
  /** The caller is being transferred, or their stream was lost: they hear nothing from here. */
  #callerAway = false;
  /** A goodbye that became due while the caller was away, or seemed to be a machine. */
  #overdue: GoodbyeReason | undefined;
  #machineAnswered = false;
  #ended = false;

  constructor(options: CallEndingOptions) {
    this.#options = options;
    const { events } = options;
    events.on(["transfer started", "stream detached"], () => this.#callerAway = true);
    events.on("stream attached", () => this.#callerAway = false);
  }

  /** Why the call ends, while the goodbye is being said. */
  get goodbyeReason(): EndReason | undefined {
    return this.#goodbyeReason;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Whether an answering machine is on the line. */
  get machineAnswered(): boolean {
    return this.#machineAnswered;
  }

  /** Whether the call has ended or its goodbye has started. */
  get started(): boolean {
    return this.#ended || this.#goodbyeReason !== undefined;
  }

  /**
   * Ends the call after a goodbye, or at once when nobody can say or hear one. A caller who is being transferred, or whose
   * stream was lost, hears it when they come back, unless the service is about to stop. An answering machine hears none: at
   * a limit the call ends, and a service that stops waits for the message.
   */
  sayGoodbye(reason: GoodbyeReason): void {
    if (this.#machineAnswered && reason !== "drained") this.end(reason);
    else if (this.#machineAnswered || this.#callerAway && reason !== "drained") this.#overdue ??= reason;
    else this.#sayAndEnd(reason, GOODBYE_INSTRUCTIONS[reason]);
  }

  /** Says a goodbye that became due while the caller was away, or seemed to be a machine. */
  sayOverdueGoodbye(): void {
    if (this.#overdue) this.sayGoodbye(this.#overdue);
  }

  /** Leaves a message on an answering machine, then ends the call. */
  leaveMessage(instructions: string): void {
    this.#sayAndEnd("answering machine", instructions);
  }

  /** Sets whether an answering machine is on the line. A person hears the goodbye that became due meanwhile. */
  setMachineAnswered(isMachine: boolean): void {
    this.#machineAnswered = isMachine;
    if (!isMachine) this.sayOverdueGoodbye();
  }

  /**
   * Ends the call now.
   *
   * @param callerInformed Whether the caller heard why, or needs no explanation.
   */
  end(reason: EndReason, callerInformed = reason === "caller hung up"): void {
    if (this.#ended) return;
    this.#ended = true;
    const { conversation, events } = this.#options;
    events.emit({ type: "call ending", reason });
    // A shutdown does not wait for a summary.
    const summarise = this.#options.summary && conversation.turns.count > 0 && reason !== "shutdown";
    const summary = conversation.close(summarise);
    const informed = callerInformed || this.#machineAnswered || reason === "answering machine";
    events.emit({ type: "call ended", end: { reason, callerInformed: informed }, summary });
  }

  /** Closes a call that nobody has answered: it does not end, because it has not begun. */
  discard(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { conversation, events } = this.#options;
    events.emit({ type: "call ending", reason: "never connected" });
    conversation.close();
  }

  #sayAndEnd(reason: EndReason, instructions: string): void {
    if (this.started) return;
    const { conversation, events, log } = this.#options;
    events.emit({ type: "goodbye started", reason });
    const speaking = conversation.sayGoodbye(instructions, (heard) => this.end(reason, heard));
    if (!speaking) return this.end(reason);
    log.info("goodbye", { reason });
    this.#goodbyeReason = reason;
    events.emit({ type: "state changed" });
  }
}
