import type { Cancel, Clock } from "../../clock.ts";
import type { CallEventStream } from "../call_event_stream.ts";

/** Tracks audio that must be played without interruption. Emits "interruption allowed" when the last of it was played. */
export class InterruptionGuard {
  readonly #clock: Clock;
  readonly #firstMs: number | undefined;
  readonly #events: CallEventStream;
  readonly #protected = new Set<symbol>();
  #cancelTimer: Cancel | undefined;

  /** @param firstMs Length of the first audio of the call that the caller cannot interrupt (ms). */
  constructor(clock: Clock, firstMs: number | undefined, events: CallEventStream) {
    this.#clock = clock;
    this.#firstMs = firstMs;
    this.#events = events;
  }

  /** Whether a caller who speaks stops the playback. */
  get interruptible(): boolean {
    return this.#protected.size === 0;
  }

  /** The caller hears audio. Protects it if it is the first of the call. */
  playbackStarted(): void {
    if (this.#firstMs) this.#cancelTimer ??= this.#clock.after(this.#firstMs, this.protect());
  }

  /** Protects the playback until the returned function is called, or the playback is interrupted anyway. */
  protect(): () => void {
    const token = Symbol();
    this.#protected.add(token);
    return () => {
      if (this.#protected.delete(token) && this.interruptible) {
        this.#events.emit({ type: "interruption allowed" });
      }
    };
  }

  /** The protected audio was discarded. */
  clear(): void {
    this.#protected.clear();
  }

  close(): void {
    this.#cancelTimer?.();
  }
}
