import type { Clock } from "../clock.ts";
import type { Log } from "../telemetry/log.ts";
import type { TurnHops } from "../telemetry/turn_hops.ts";

/**
 * Counts a call's turns and times each one hop by hop, from the moment the model heard the caller stop:
 * its first audio, the first frame sent to the caller, the first mark back (the caller hears it).
 */
export class Turns {
  readonly #clock: Clock;
  readonly #log: Log;
  #count = 0;
  #turn: { readonly stoppedAt: number; firstAudio?: number; itemId?: string; sent?: number } | undefined;

  readonly #timed: (startedAt: number, hops: TurnHops, itemId: string) => void;

  /** @param timed Told of each turn that was answered, when (ms of the clock) the caller had stopped, and by which item. */
  constructor(clock: Clock, log: Log, timed: (startedAt: number, hops: TurnHops, itemId: string) => void) {
    this.#clock = clock;
    this.#log = log;
    this.#timed = timed;
  }

  get count(): number {
    return this.#count;
  }

  /** The caller stopped speaking: the turn is the model's. */
  handedOver(): void {
    this.#count++;
    this.#turn = { stoppedAt: this.#clock.now() };
  }

  /** The caller speaks again: what had not been answered is not timed. */
  taken(): void {
    this.#turn = undefined;
  }

  firstAudio(itemId: string): void {
    if (!this.#turn || this.#turn.firstAudio !== undefined) return;
    this.#turn.firstAudio = this.#elapsed(this.#turn.stoppedAt);
    this.#turn.itemId = itemId;
  }

  sending(itemId: string): void {
    if (this.#turn?.itemId === itemId) this.#turn.sent = this.#elapsed(this.#turn.stoppedAt);
  }

  hearing(itemId: string): void {
    const turn = this.#turn;
    if (!turn || turn.itemId !== itemId) return;
    const { stoppedAt, firstAudio = 0, sent = 0 } = turn;
    const heard = this.#elapsed(stoppedAt);
    this.#log.info("turn", { turn: this.#count, model_ms: firstAudio, sent_ms: sent, heard_ms: heard });
    this.#timed(stoppedAt, { modelMs: firstAudio, sentMs: sent - firstAudio, heardMs: heard - sent }, itemId);
    this.#turn = undefined;
  }

  #elapsed(since: number): number {
    return Math.round((this.#clock.now() - since) * 10) / 10;
  }
}
