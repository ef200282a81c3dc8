import type { Cancel, Clock } from "../../clock.ts";

/** Tells when nobody has spoken for a while: neither the caller, nor the assistant as far as the caller hears it. */
export class Quiet {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #then: () => void;
  #speaker: "caller" | "assistant" | undefined;
  #watching = false;
  #timer: Cancel | undefined;

  /** @param then Runs after `ms` milliseconds of quiet; again only after more was said, or when watched anew. */
  constructor(clock: Clock, ms: number, then: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#then = then;
  }

  /** Waits from now on. */
  watch(): void {
    this.#watching = true;
    this.#wait();
  }

  /** Waits no longer, but still follows who speaks. */
  stop(): void {
    this.#watching = false;
    this.#wait();
  }

  callerSpeaks(): void {
    this.#speaker = "caller";
    this.#wait();
  }

  callerStopped(): void {
    if (this.#speaker === "caller") this.#speaker = undefined;
    this.#wait();
  }

  assistantSpeaks(): void {
    this.#speaker = "assistant";
    this.#wait();
  }

  /** What is heard to the end is no news while the caller speaks: their words came after it. */
  assistantHeard(): void {
    if (this.#speaker === "assistant") this.#speaker = undefined;
    this.#wait();
  }

  #wait(): void {
    this.#timer?.();
    this.#timer = this.#watching && !this.#speaker ? this.#clock.after(this.#ms, this.#then) : undefined;
  }
}
