import type { Cancel, Clock } from "../../clock.ts";
import type { CallEventStream } from "../call_event_stream.ts";

/** Fires when neither side has spoken for a while. The assistant speaks as long as the caller hears it. */
export class SilenceTimer {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #onSilence: () => void;
  #speaker: "caller" | "assistant" | undefined;
  #running = false;
  #timer: Cancel | undefined;

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

  /** Measures no longer, but keeps track of who speaks. */
  stop(): void {
    this.#running = false;
    this.#restart();
  }

  #setSpeaker(speaker: "caller" | "assistant"): void {
    this.#speaker = speaker;
    this.#restart();
  }

  /** An assistant heard to its end changes nothing while the caller speaks: their words came after it. */
  #stopped(speaker: "caller" | "assistant"): void {
    if (this.#speaker === speaker) this.#speaker = undefined;
    this.#restart();
  }

  #restart(): void {
    this.#timer?.();
    this.#timer = this.#running && !this.#speaker ? this.#clock.after(this.#ms, this.#onSilence) : undefined;
  }
}
