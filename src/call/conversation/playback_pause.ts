import type { Playout } from "../../playout/playout.ts";
import type { CallEventStream } from "../call_event_stream.ts";

/** Why the playback is paused: the caller speaks, or the line was lost. */
export type PauseReason = "speech" | "stream";

/** Pauses the playback while there is a reason. Emits "playback paused" and "playback resumed". */
export class PlaybackPause {
  readonly #playout: Playout;
  readonly #events: CallEventStream;
  readonly #overlapMs: number;
  readonly #reasons = new Set<PauseReason>();

  /** @param overlapMs What a resume repeats at least (ms). */
  constructor(playout: Playout, events: CallEventStream, overlapMs: number) {
    this.#playout = playout;
    this.#events = events;
    this.#overlapMs = overlapMs;
  }

  has(reason: PauseReason): boolean {
    return this.#reasons.has(reason);
  }

  add(reason: PauseReason): void {
    this.#reasons.add(reason);
    if (this.#reasons.size > 1 || this.#playout.paused) return;
    this.#playout.pause();
    this.#events.emit({ type: "playback paused" });
  }

  remove(reason: PauseReason): void {
    if (!this.#reasons.delete(reason) || this.#reasons.size > 0) return;
    const repeatedMs = this.#playout.resume(this.#overlapMs);
    this.#events.emit({ type: "playback resumed", repeatedMs });
  }
}
