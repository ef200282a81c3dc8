import type { Cancel, Clock } from "../clock.ts";

/** Callbacks that wait for positions of a playout to be heard, in order of position. */
export class PlayedCallbacks {
  readonly #clock: Clock;
  /** Time until a position counts as heard even if no mark returns (ms); undefined: it is not played now. */
  readonly #overdueInMs: (position: number) => number | undefined;
  readonly #onOverdue: () => void;
  #awaited: { readonly position: number; readonly then: () => void }[] = [];
  #cancelOverdue: Cancel | undefined;

  constructor(
    clock: Clock,
    overdueInMs: (position: number) => number | undefined,
    onOverdue: () => void,
  ) {
    this.#clock = clock;
    this.#overdueInMs = overdueInMs;
    this.#onOverdue = onOverdue;
  }

  /** Calls `then` when `position`, the highest so far, was heard. */
  add(position: number, then: () => void): void {
    this.#awaited.push({ position, then });
    if (!this.#cancelOverdue) this.watch();
  }

  /** Everything before `position` was heard. */
  run(position: number): void {
    while (this.#awaited[0] && this.#awaited[0].position <= position) this.#awaited.shift()?.then();
    this.watch();
  }

  /** Forgets all callbacks; returns those whose audio ends at or before `position`. */
  discard(position: number): (() => void)[] {
    const heard = this.#awaited.filter((awaited) => awaited.position <= position);
    this.#awaited = [];
    this.watch();
    return heard.map(({ then }) => then);
  }

  /** Playback has started, stopped or moved: sets the timer for the first position again. */
  watch(): void {
    this.#cancelOverdue?.();
    this.#cancelOverdue = undefined;
    const next = this.#awaited[0];
    const ms = next && this.#overdueInMs(next.position);
    if (ms !== undefined) this.#cancelOverdue = this.#clock.after(Math.max(1, ms), this.#onOverdue);
  }
}
