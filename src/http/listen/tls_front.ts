import type { Cancel, Clock } from "../../clock.ts";
import type { Log } from "../../telemetry/log.ts";
import { type KeyPair, unusablePair } from "./certificate.ts";
import { networkOf } from "../address.ts";
import { ResilientServer } from "./resilient_server.ts";

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
/** Pause after a connection could not be accepted (ms): an immediate retry would fail too. */
const RETRY_MS = 1_000;
/** How long the last bytes may take to reach a client after the servers have finished (ms). */
const LINGER_MS = 2_000;
const LOOPBACK = "127.0.0.1";

export interface TlsFrontOptions {
  readonly hostname: string;
  readonly port: number;
  readonly pair: KeyPair;
  /** `peer` is the IP address of the client's end of the connection. */
  readonly handler: (request: Request, peer: string) => Response | Promise<Response>;
  /**
   * Loopback ports for the TLS servers behind the front: one for the present certificate, and one for each
   * former certificate whose connections are still open. Default: the system chooses.
   */
  readonly backendPorts?: readonly number[] | undefined;
  /** Most connections at a time. */
  readonly maxLinks?: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** A TLS server on loopback, and its clients' connections by the loopback port that forwards them. */
interface Backend {
  readonly server: ResilientServer;
  readonly linksByPort: Map<number, Link>;
  links: number;
}

/** A client's connection and its continuation to a backend. */
interface Link {
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
 * A TLS port that stays open while its certificate changes.
 *
 * `Deno.serve` cannot change its certificate, and shutting it down closes its WebSockets (Deno 2.9) and every
 * connection that has not sent its request yet. TlsFront therefore owns the port and forwards each
 * connection, still encrypted, to a `Deno.serve` on loopback. New connections go to the server with the new
 * certificate; the old server shuts down after its last connection. The cost is two copies of each byte. See
 * docs/design/tls.md.
 */
export class TlsFront {
  readonly #listener: Deno.TcpListener;
  readonly #options: TlsFrontOptions;
  /** In order of arrival. */
  readonly #links = new Map<Link, Promise<void>>();
  #backend: Backend;
  readonly #backends = new Set<Backend>();
  #closed = false;
  #cancelIdleCheck: Cancel = () => {};
  #cancelRetry: Cancel = () => {};

  /**
   * @throws {Deno.errors.AddrInUse} when the port is taken.
   * @throws {CertificateError} when TLS rejects the certificate or key.
   */
  constructor(options: TlsFrontOptions) {
    this.#options = options;
    this.#listener = Deno.listen({ hostname: options.hostname, port: options.port });
    try {
      this.#backend = this.#open(options.pair);
    } catch (error) {
      this.#listener.close();
      throw error;
    }
    this.#accept();
    this.#closeIdle();
  }

  /** Number of connections. */
  get links(): number {
    return this.#links.size;
  }

  get addr(): Deno.NetAddr {
    return this.#listener.addr;
  }

  /**
   * Uses another certificate for new connections.
   *
   * @throws {CertificateError} when TLS rejects it; the previous one stays in use.
   */
  replaceCertificate(pair: KeyPair): void {
    const old = this.#backend;
    this.#backend = this.#open(pair);
    this.#retire(old);
  }

  /** Stops listening, waits for requests in progress, then closes the remaining connections. */
  async shutdown(): Promise<void> {
    this.#closed = true;
    this.#cancelIdleCheck();
    this.#cancelRetry();
    this.#listener.close();
    await Promise.all([...this.#backends].map(({ server }) => server.shutdown()));
    const cancel = this.#options.clock.after(LINGER_MS, () => this.#closeLinks(() => true));
    await Promise.all(this.#links.values());
    cancel();
  }

  #open(pair: KeyPair): Backend {
    const { handler, clock, log } = this.#options;
    const linksByPort = new Map<number, Link>();
    const serve: Deno.ServeHandler<Deno.NetAddr> = async (request, { remoteAddr }) => {
      const link = linksByPort.get(remoteAddr.port);
      // A program on this machine connected directly, without going through the front.
      if (!link) return new Response(null, { status: 403 });
      link.lastRequestAt = clock.now();
      const response = await handler(request, link.peer);
      link.upgraded = response.status === 101;
      return response;
    };
    try {
      const options = { hostname: LOOPBACK, port: this.#freePort(), cert: pair.cert, key: pair.key };
      const backend = { server: new ResilientServer(options, serve, clock, log), linksByPort, links: 0 };
      this.#backends.add(backend);
      return backend;
    } catch (error) {
      throw unusablePair(pair, error);
    }
  }

  /** @throws {Error} when all ports are in use. */
  #freePort(): number {
    const { backendPorts } = this.#options;
    if (!backendPorts) return 0;
    const usedPorts = [...this.#backends].map(({ server }) => server.addr.port);
    const free = backendPorts.find((port) => !usedPorts.includes(port));
    if (free === undefined) throw new Error("connections of several former certificates are still open");
    return free;
  }

  async #retire(backend: Backend): Promise<void> {
    if (backend === this.#backend || backend.links > 0 || this.#closed) return;
    await backend.server.shutdown();
    this.#backends.delete(backend);
  }

  async #accept(): Promise<void> {
    const { clock, log } = this.#options;
    while (!this.#closed) {
      try {
        const client = await this.#listener.accept();
        if (this.#makeRoom(networkOf(client.remoteAddr.hostname))) await this.#link(client, this.#backend);
        else close(client);
      } catch (error) {
        if (this.#closed) return;
        log.error("connection not accepted", { error: String(error) });
        await new Promise<void>((resolve) => this.#cancelRetry = clock.after(RETRY_MS, resolve));
      }
    }
  }

  /** Closes a connection where a new one of this network would be too many. Returns whether there is room. */
  #makeRoom(network: string): boolean {
    const { maxLinks = MAX_LINKS } = this.#options;
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
    return this.#links.size < maxLinks || this.#drop(oldestSilent ?? oldestRequest);
  }

  /** Closes a connection and forgets it at once. Returns whether there was one. */
  #drop(link: Link | undefined): boolean {
    if (!link) return false;
    link.ends.forEach(close);
    this.#links.delete(link);
    return true;
  }

  /** Connects a client to a backend. @throws when that fails; the client's connection is then closed. */
  async #link(client: Deno.TcpConn, backend: Backend): Promise<void> {
    backend.links++;
    let inner: Deno.TcpConn;
    try {
      inner = await Deno.connect({ hostname: LOOPBACK, port: backend.server.addr.port });
    } catch (error) {
      close(client);
      this.#unlink(backend);
      throw error;
    }
    const { port } = inner.localAddr;
    const now = this.#options.clock.now();
    const link: Link = {
      ends: [client, inner],
      peer: client.remoteAddr.hostname,
      network: networkOf(client.remoteAddr.hostname),
      acceptedAt: now,
      lastRequestAt: undefined,
      upgraded: false,
      lastActive: now,
    };
    backend.linksByPort.set(port, link);
    const copied = Promise.all([this.#copy(client, inner, link), this.#copy(inner, client, link)]).then(
      () => {
        link.ends.forEach(close);
        this.#links.delete(link);
        backend.linksByPort.delete(port);
        this.#unlink(backend);
      },
    );
    this.#links.set(link, copied);
  }

  #unlink(backend: Backend): void {
    backend.links--;
    this.#retire(backend);
  }

  async #copy(from: Deno.TcpConn, to: Deno.TcpConn, link: Link): Promise<void> {
    const buffer = new Uint8Array(4_096);
    try {
      to.setNoDelay(true); // Nagle's algorithm would hold back 20 ms frames.
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        link.lastActive = this.#options.clock.now();
        for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
      }
      await to.closeWrite();
    } catch {
      // One end failed: close both.
      link.ends.forEach(close);
    }
  }

  /**
   * `Deno.serve` has no timeout for an incomplete handshake or request, so idle connections are closed here.
   */
  #closeIdle(): void {
    const { clock } = this.#options;
    this.#cancelIdleCheck = clock.after(CHECK_MS, () => {
      const now = clock.now();
      this.#closeLinks(({ lastActive, lastRequestAt, acceptedAt }) =>
        now - lastActive >= IDLE_MS || (lastRequestAt === undefined && now - acceptedAt >= FIRST_REQUEST_MS)
      );
      this.#closeIdle();
    });
  }

  #closeLinks(which: (link: Link) => boolean): void {
    for (const link of this.#links.keys()) if (which(link)) link.ends.forEach(close);
  }
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // Already closed.
  }
}
