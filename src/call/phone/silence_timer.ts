import type { Cancel, Clock } from "../../clock.ts";
import type { CallEventStream } from "../call_event_stream.ts";

/** Calls `onSilence` when neither side has spoken for `ms`. The assistant speaks as long as the caller hears it. */
export class SilenceTimer {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onSilence: () => void;
  #callerSpeaks = false;
  #assistantSpeaks = false;
  #running = false;
  #cancelTimer: Cancel | undefined;

  /** @param onSilence Called after `ms` of silence; again only after more speech, or another {@linkcode start}. */
  constructor(clock: Clock, ms: number, events: CallEventStream, onSilence: () => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#onSilence = onSilence;
    events.on("caller started speaking", () => this.#set(true, this.#assistantSpeaks));
    // Only a turn ends the assistant's speech; after a cough it goes on.
    events.on("turn confirmed", () => this.#set(this.#callerSpeaks, false));
    events.on("assistant started speaking", () => this.#set(false, true));
    // Without a session, nothing reports that the caller stopped.
    events.on(
      ["caller stopped speaking", "session failed", "session swapped"],
      () => this.#set(false, this.#assistantSpeaks),
    );
    events.on("assistant audio played", () => this.#set(this.#callerSpeaks, false));
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

  #set(callerSpeaks: boolean, assistantSpeaks: boolean): void {
    this.#callerSpeaks = callerSpeaks;
    this.#assistantSpeaks = assistantSpeaks;
    this.#restart();
  }

  #restart(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#running && !this.#callerSpeaks && !this.#assistantSpeaks
      ? this.#clock.after(this.#ms, this.#onSilence)
      : undefined;
  }
}
