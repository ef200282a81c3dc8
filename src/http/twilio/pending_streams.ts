import type { Cancel, Clock } from "../../clock.ts";

/** How long a handshake waits for its turn (ms): many calls may come at once, and start within milliseconds. */
const TURN_MS = 2_000;
/** Most handshakes that wait for their turn. */
const MAX_WAITING = 1_024;

/** How many sockets may be open that have not said `start`. */
export interface PendingLimits {
  readonly total: number;
  /** Only where handshakes are not signed: Twilio's calls all come from a few addresses, or from a proxy's one. */
  readonly perAddress?: number | undefined;
}

/** Why another socket may not be opened. */
export type PendingRefusal = "pending streams" | "pending streams of one address";

interface Waiting {
  readonly address: string;
  readonly enter: () => void;
  readonly giveUp: Cancel;
}

/** Counts the sockets that were upgraded and have not started: whoever opens many and says nothing keeps few of them. */
export class PendingStreams {
  readonly #limits: PendingLimits;
  readonly #clock: Clock;
  readonly #perAddress = new Map<string, number>();
  /** In order of arrival. */
  readonly #waiting = new Set<Waiting>();
  #total = 0;

  constructor(limits: PendingLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  get count(): number {
    return this.#total;
  }

  /**
   * Lets a socket be opened, as soon as there is room for it.
   *
   * @returns why not, when there was none in time. Whoever is let in has to {@linkcode leave} once.
   */
  async enter(address: string): Promise<PendingRefusal | undefined> {
    const refusal = this.#full(address);
    if (!refusal) return this.#take(address);
    if (this.#waiting.size >= MAX_WAITING) return refusal;
    return await new Promise((resolve) => {
      const waiting: Waiting = {
        address,
        enter: () => resolve(this.#take(address)),
        giveUp: this.#clock.after(TURN_MS, () => {
          this.#waiting.delete(waiting);
          resolve(refusal);
        }),
      };
      this.#waiting.add(waiting);
    });
  }

  /** The socket has started, or is gone. */
  leave(address: string): void {
    const here = (this.#perAddress.get(address) ?? 0) - 1;
    if (here > 0) this.#perAddress.set(address, here);
    else this.#perAddress.delete(address);
    this.#total--;
    for (const next of this.#waiting) {
      if (this.#full(next.address)) continue;
      this.#waiting.delete(next);
      next.giveUp();
      return next.enter();
    }
  }

  #full(address: string): PendingRefusal | undefined {
    const { total, perAddress = Infinity } = this.#limits;
    if ((this.#perAddress.get(address) ?? 0) >= perAddress) return "pending streams of one address";
    return this.#total >= total ? "pending streams" : undefined;
  }

  #take(address: string): undefined {
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    this.#total++;
    return undefined;
  }
}
