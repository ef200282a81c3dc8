import type { Cancel, Clock } from "../../clock.ts";
import type { CallEventStream } from "../call_event_stream.ts";

/** Calls `onSilence` when neither side has spoken for `ms`. The assistant speaks as long as the caller hears it. */
export class SilenceTimer {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onSilence: () => void;
  #speaker: "caller" | "assistant" | undefined;
  #running = false;
  #cancelTimer: Cancel | undefined;

  /** @param onSilence Called after `ms` of silence; again only after more speech, or another {@linkcode start}. */
  constructor(clock: Clock, ms: number, events: CallEventStream, onSilence: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#onSilence = onSilence;
    events.on("caller started speaking", () => this.#setSpeaker("caller"));
    events.on("assistant started speaking", () => this.#setSpeaker("assistant"));
    // Without a session, nothing reports that the caller stopped.
    events.on(["caller stopped speaking", "session failed"], () => this.#stopped("caller"));
    events.on("assistant audio played", () => this.#stopped("assistant"));
  }

  /** Measures silence from now on. */
  start(): void {
    this.#running = true;
    this.#restart();
  }

  /** Stops measuring, but keeps track of who speaks. */
  stop(): void {
    this.#running = false;
    this.#restart();
  }

  #setSpeaker(speaker: "caller" | "assistant"): void {
    this.#speaker = speaker;
    this.#restart();
  }

  /** The end of the assistant's audio changes nothing while the caller speaks: the caller spoke last. */
  #stopped(speaker: "caller" | "assistant"): void {
    if (this.#speaker === speaker) this.#speaker = undefined;
    this.#restart();
  }

  #restart(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#running && !this.#speaker
      ? this.#clock.after(this.#ms, this.#onSilence)
      : undefined;
  }
}
