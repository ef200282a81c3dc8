import type { Cancel, Clock } from "../../clock.ts";

/**
 * How long a handshake waits for a free place (ms). Bursts of real calls send `start` within milliseconds.
 */
const MAX_WAIT_MS = 2_000;
/** Maximum number of handshakes that wait at a time. */
const MAX_WAITING = 1_024;

/** Limits on open sockets that have not sent `start`. */
export interface PendingLimits {
  readonly total: number;
  /** Set only when handshakes are unsigned: Twilio's signed calls share a few addresses, or one proxy's. */
  readonly perAddress?: number | undefined;
}

/** The limit that was reached. */
export type PendingRefusal = "pending streams" | "pending streams of one address";

interface WaitingHandshake {
  readonly address: string;
  readonly enter: () => void;
  readonly cancelTimeout: Cancel;
}

/**
 * Limits the sockets that were upgraded and have not sent `start`, so that idle sockets cannot exhaust the
 * service.
 */
export class PendingStreams {
  readonly #limits: PendingLimits;
  readonly #clock: Clock;
  readonly #perAddress = new Map<string, number>();
  /** In order of arrival. */
  readonly #waiting = new Set<WaitingHandshake>();
  #total = 0;

  constructor(limits: PendingLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get count(): number {
    return this.#total;
  }

  /**
   * Reserves a place for a socket, waiting up to 2 s for one.
   *
   * @returns undefined when a place is reserved (free it with {@linkcode leave}), else the limit that was
   * reached.
   */
  async enter(address: string): Promise<PendingRefusal | undefined> {
    const refusal = this.#reachedLimit(address);
    if (!refusal) return this.#reserve(address);
    if (this.#waiting.size >= MAX_WAITING) return refusal;
    return await new Promise((resolve) => {
      const waiting: WaitingHandshake = {
        address,
        enter: () => resolve(this.#reserve(address)),
        cancelTimeout: this.#clock.after(MAX_WAIT_MS, () => {
          this.#waiting.delete(waiting);
          resolve(refusal);
        }),
      };
      this.#waiting.add(waiting);
    });
  }

  /** Frees the place of a socket that sent `start` or closed. */
  leave(address: string): void {
    const count = (this.#perAddress.get(address) ?? 0) - 1;
    if (count > 0) this.#perAddress.set(address, count);
    else this.#perAddress.delete(address);
    this.#total--;
    for (const next of this.#waiting) {
      if (this.#reachedLimit(next.address)) continue;
      this.#waiting.delete(next);
      next.cancelTimeout();
      return next.enter();
    }
  }

  #reachedLimit(address: string): PendingRefusal | undefined {
    const { total, perAddress = Infinity } = this.#limits;
    if ((this.#perAddress.get(address) ?? 0) >= perAddress) return "pending streams of one address";
    return this.#total >= total ? "pending streams" : undefined;
  }

  #reserve(address: string): undefined {
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    this.#total++;
    return undefined;
  }
}
