import type { Cancel, Clock } from "../../clock.ts";
import type { CallEventStream } from "../call_event_stream.ts";

/** Tracks audio that must be played without interruption. Emits "interruption allowed" when the last of it was played. */
export class InterruptionGuard {
  readonly #clock: Clock;
  readonly #firstMs: number | undefined;
  readonly #events: CallEventStream;
  readonly #protected = new Set<symbol>();
  #first: Cancel | undefined;

  /** @param firstMs The caller cannot interrupt the first milliseconds they hear of the call. */
  constructor(clock: Clock, firstMs: number | undefined, events: CallEventStream) {
    this.#clock = clock;
    this.#firstMs = firstMs;
    this.#events = events;
  }

  /** Whether a caller who speaks stops the playback. */
  get interruptible(): boolean {
    return this.#protected.size === 0;
  }

  /** The caller hears audio: protects the first of the call. */
  playbackStarted(): void {
    if (this.#firstMs) this.#first ??= this.#clock.after(this.#firstMs, this.protect());
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

  /** The protected audio is gone. */
  clear(): void {
    this.#protected.clear();
  }

  close(): void {
    this.#first?.();
  }
}
