import type { Clock } from "../../clock.ts";
import type { Log } from "../../telemetry/log.ts";
import type { TurnHops } from "../../telemetry/turn_hops.ts";

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

  /** The caller says it again, to another session. */
  takenBack(): void {
    this.#count--;
    this.#turn = undefined;
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
    const hops = { modelMs: firstAudio, sentMs: tenths(sent - firstAudio), heardMs: tenths(heard - sent) };
    this.#timed(stoppedAt, hops, itemId);
    this.#turn = undefined;
  }

  #elapsed(since: number): number {
    return tenths(this.#clock.now() - since);
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
