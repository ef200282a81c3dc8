import type { Cancel, Clock } from "../../clock.ts";

/** A connection without traffic for this long (ms) is closed; a media stream has 50 messages a second. */
const IDLE_MS = 60_000;
/** Time from the connection to its first complete request (ms), TLS handshake included. */
const FIRST_REQUEST_MS = 10_000;
/** Most connections of one address, or one IPv6 /64 network, that have not sent a complete request. */
const MAX_SILENT_PER_NETWORK = 64;
/** How often connections are looked through (ms). */
const CHECK_MS = 1_000;
/**
 * Most connections at a time. Each takes three file descriptors, `Deno.serve`'s included, and about 50 kB.
 */
const MAX_LINKS = 5_000;

/** A client's connection and its continuation to a backend. */
export interface Link {
  readonly ends: readonly Deno.TcpConn[];
  /** The client's IP address. */
  readonly peer: string;
  /** The same, or its /64 network. */
  readonly network: string;
  readonly acceptedAt: number;
  /** When its last complete request arrived (ms of the clock); undefined while it is silent. */
  lastRequestAt: number | undefined;
  /** A media stream: kept whatever else arrives. */
  upgraded: boolean;
  /** When either end last sent bytes (ms of the clock). */
  lastActive: number;
}

/**
 * The connections of a TLS port: limits how many there are, and closes idle ones, because `Deno.serve` has no timeout
 * for an incomplete handshake or request.
 */
export class TlsLinks {
  /** In order of arrival, with the end of each. */
  readonly #links = new Map<Link, Promise<void>>();
  readonly #clock: Clock;
  readonly #maxLinks: number;
  #cancelCheck: Cancel = () => {};

  constructor(clock: Clock, maxLinks = MAX_LINKS) {
    this.#clock = clock;
    this.#maxLinks = maxLinks;
    this.#closeIdle();
  }

  get size(): number {
    return this.#links.size;
  }

  /** @param ended Resolves when both ends have closed. */
  add(link: Link, ended: Promise<void>): void {
    this.#links.set(link, ended);
  }

  delete(link: Link): void {
    this.#links.delete(link);
  }

  /** Closes a connection where a new one of this network would be too many. Returns whether there is room. */
  makeRoom(network: string): boolean {
    let neighbours = 0;
    let oldestNeighbour: Link | undefined;
    let oldestSilent: Link | undefined;
    let oldestRequest: Link | undefined;
    for (const link of this.#links.keys()) {
      if (link.upgraded) continue;
      if (link.lastRequestAt !== undefined) {
        if (link.lastRequestAt < (oldestRequest?.lastRequestAt ?? Infinity)) oldestRequest = link;
        continue;
      }
      oldestSilent ??= link;
      if (link.network !== network) continue;
      oldestNeighbour ??= link;
      neighbours++;
    }
    if (neighbours >= MAX_SILENT_PER_NETWORK) return this.#drop(oldestNeighbour);
    return this.#links.size < this.#maxLinks || this.#drop(oldestSilent ?? oldestRequest);
  }

  /** Waits until all connections have ended; closes those that last longer (ms). */
  async close(lingerMs: number): Promise<void> {
    this.#cancelCheck();
    const cancel = this.#clock.after(lingerMs, () => this.#closeWhere(() => true));
    await Promise.all(this.#links.values());
    cancel();
  }

  /** Closes a connection and forgets it at once. Returns whether there was one. */
  #drop(link: Link | undefined): boolean {
    if (!link) return false;
    link.ends.forEach(closeQuietly);
    return this.#links.delete(link);
  }

  #closeIdle(): void {
    this.#cancelCheck = this.#clock.after(CHECK_MS, () => {
      const now = this.#clock.now();
      this.#closeWhere(({ lastActive, lastRequestAt, acceptedAt }) =>
        now - lastActive >= IDLE_MS || (lastRequestAt === undefined && now - acceptedAt >= FIRST_REQUEST_MS)
      );
      this.#closeIdle();
    });
  }

  #closeWhere(matches: (link: Link) => boolean): void {
    for (const link of this.#links.keys()) if (matches(link)) link.ends.forEach(closeQuietly);
  }
}

export function closeQuietly(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // Already closed.
  }
}
