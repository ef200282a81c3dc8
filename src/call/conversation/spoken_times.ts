/** Largest step of the timestamps, beyond the time that has passed, that is believed (ms): packets lost in a burst. */
const STEP_LIMIT_MS = 1_000;
/** Differences below one frame are jitter (ms). */
const FRAME_MS = 20;
/** Number of changes kept; only recent positions are asked for. */
const MAX_CHANGES = 100;

/** When position 0 was, by the frame with the least delay since the timestamps last made sense (ms of the clock). */
interface Origin {
  startedAt: number;
}

/**
 * Tells when a position in the caller's audio was spoken, by the stream's timestamps. Audio that a stalled network delivers
 * late was spoken earlier than its arrival says.
 */
export class SpokenTimes {
  /** From each position on: how far it is ahead of the timestamps, and their origin. */
  readonly #changes: { readonly fromMs: number; readonly aheadMs: number; readonly origin: Origin }[] = [];
  #origin: Origin = { startedAt: Infinity };
  /** End of the last frame: its timestamp, and when it came (ms of the clock). */
  #last: { readonly timestamp: number; readonly at: number } | undefined;

  /** The next frame starts a new stream, with timestamps of its own. */
  streamStarted(): void {
    this.#last = undefined;
  }

  /**
   * A frame has come.
   *
   * @param positionMs Its position in the caller's audio.
   * @param timestamp Its place in the stream (ms).
   * @param now ms of the clock.
   */
  add(positionMs: number, timestamp: number, ms: number, now: number): void {
    const last = this.#last;
    const step = last ? timestamp - last.timestamp : Infinity;
    if (!last || step < -FRAME_MS || step > now - last.at + STEP_LIMIT_MS) {
      this.#origin = { startedAt: Infinity };
    }
    this.#last = { timestamp: timestamp + ms, at: now };
    const aheadMs = positionMs - timestamp;
    const change = this.#changes.at(-1);
    if (change?.origin !== this.#origin || Math.abs(aheadMs - change.aheadMs) >= FRAME_MS) {
      this.#changes.push({ fromMs: positionMs, aheadMs, origin: this.#origin });
      if (this.#changes.length > MAX_CHANGES) this.#changes.shift();
    }
    this.#origin.startedAt = Math.min(this.#origin.startedAt, now - timestamp - ms);
  }

  /** When the audio at a position was spoken (ms of the clock), not later than `now`. */
  at(positionMs: number, now: number): number {
    const change = this.#changes.findLast(({ fromMs }) => fromMs <= positionMs) ?? this.#changes[0];
    return change ? Math.min(now, change.origin.startedAt + positionMs - change.aheadMs) : now;
  }
}
