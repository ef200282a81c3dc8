import { BYTES_PER_MS } from "../audio/line_format.js";
import type { Clock } from "../clock.ts";

/** A mark that has not returned this long after the end of its audio (ms) is lost. */
const MARK_OVERDUE_MS = 2_000;
/** Tolerance for marks that return before their audio can have been played (ms), because the far end has its own clock. */
const EARLY_MARK_MS = 20;

interface Mark {
  readonly name: string;
  readonly position: number;
}

/**
 * Follows how much of the audio sent to a line has been played, by a clock and by returned marks; see "Two clocks" in
 * `docs/design/playout-and-barge-in.md`. Positions are bytes since the playout began.
 */
export class Playhead {
  readonly #clock: Clock;
  readonly #markLost: (name: string) => void;
  #sent = 0;
  /** Start of the send clock: `position` was sent at `at` to a line with nothing left to play. */
  #run = { position: 0, at: 0 };
  /** The last returned mark. */
  #echo = { position: 0, at: 0 };
  #marks: Mark[] = [];
  #markCount = 0;

  constructor(clock: Clock, markLost: (name: string) => void) {
    this.#clock = clock;
    this.#markLost = markLost;
  }

  /** Position up to which audio was sent. */
  get sent(): number {
    return this.#sent;
  }

  /** The audio the far end has left if it played without a pause (ms); negative if it ran out. */
  get leadMs(): number {
    return (this.#sent - this.#sendClock()) / BYTES_PER_MS;
  }

  /** The position up to which the caller has heard everything. Reports marks that are overdue as lost. */
  position(): number {
    const sendClock = this.#sendClock();
    for (let mark = this.#marks[0]; mark; mark = this.#marks[0]) {
      if (sendClock - mark.position < MARK_OVERDUE_MS * BYTES_PER_MS) break;
      this.#marks.shift();
      this.#markLost(mark.name);
    }
    let position = Math.min(this.#sent, sendClock);
    if (this.#echo.position > this.#run.position) {
      const sinceEcho = this.#clock.now() - this.#echo.at;
      position = Math.min(position, this.#echo.position + sinceEcho * BYTES_PER_MS);
    }
    const next = this.#marks[0];
    if (next) position = Math.min(position, next.position);
    const early = this.#echo.position - position;
    return early > 0 && early <= EARLY_MARK_MS * BYTES_PER_MS && this.#echo.position <= this.#sent
      ? this.#echo.position
      : position;
  }

  /** Time until audio up to `position` counts as played even if no mark returns (ms). */
  overdueInMs(position: number): number {
    const unsent = Math.max(0, position - this.#sent) / BYTES_PER_MS;
    const left = unsent > 0 ? Math.max(0, this.leadMs) : (position - this.#sendClock()) / BYTES_PER_MS;
    return unsent + left + MARK_OVERDUE_MS;
  }

  /** Audio is about to be sent: restarts the send clock if the far end has run out. */
  beginSending(): void {
    if (this.leadMs <= 0) this.#run = { position: this.#sent, at: this.#clock.now() };
  }

  /** Audio was sent. Returns the name of the mark to send after it. */
  audioSent(bytes: number): string {
    this.#sent += bytes;
    const name = `parley-${++this.#markCount}`;
    this.#marks.push({ name, position: this.#sent });
    return name;
  }

  /** Returns the position of a returned mark; undefined if it was cleared or never sent. Earlier marks are lost. */
  markEchoed(name: string): number | undefined {
    const index = this.#marks.findIndex((mark) => mark.name === name);
    const mark = this.#marks[index];
    if (!mark) return undefined;
    for (const skipped of this.#marks.slice(0, index)) this.#markLost(skipped.name);
    this.#marks.splice(0, index + 1);
    this.#echo = { position: mark.position, at: this.#clock.now() };
    return mark.position;
  }

  /** The far end has nothing left to play, and plays from `position` next: further on if audio was discarded, or back. */
  moveTo(position: number): void {
    this.#marks = [];
    this.#sent = position;
    this.#run = this.#echo = { position, at: this.#clock.now() };
  }

  /** The position the far end has reached if it played without a pause since the run began. */
  #sendClock(): number {
    return this.#run.position + (this.#clock.now() - this.#run.at) * BYTES_PER_MS;
  }
}
