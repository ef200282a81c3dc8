import type { Clock } from "../clock.ts";
import type { Log } from "../telemetry/log.ts";

/**
 * Counts a call's turns and times each one hop by hop, from the moment the model heard the caller stop:
 * its first audio, the first frame sent to the caller, the first mark back (the caller hears it).
 */
export class Turns {
  readonly #clock: Clock;
  readonly #log: Log;
  #count = 0;
  #turn: { readonly stoppedAt: number; firstAudio?: number; itemId?: string; sent?: number } | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
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
    this.#log.info("turn", {
      turn: this.#count,
      model_ms: turn.firstAudio,
      sent_ms: turn.sent,
      heard_ms: this.#elapsed(turn.stoppedAt),
    });
    this.#turn = undefined;
  }

  #elapsed(since: number): number {
    return Math.round((this.#clock.now() - since) * 10) / 10;
  }
}
