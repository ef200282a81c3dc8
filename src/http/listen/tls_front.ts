import type { Cancel, Clock } from "../../clock.ts";
import type { Log } from "../../telemetry/log.ts";
import { type KeyPair, unusablePair } from "./certificate.ts";
import { networkOf } from "../address.ts";
import { closeQuietly, type Link, TlsLinks } from "./tls_links.ts";
import { type RequestHandler, ResilientServer } from "./resilient_server.ts";

/** Pause after a connection could not be accepted (ms): an immediate retry would fail too. */
const RETRY_MS = 1_000;
/** How long the last bytes may take to reach a client after the servers have finished (ms). */
const LINGER_MS = 2_000;
const LOOPBACK = "127.0.0.1";

export interface TlsFrontOptions {
  readonly hostname: string;
  readonly port: number;
  readonly pair: KeyPair;
  readonly handler: RequestHandler;
  /**
   * Loopback ports for the TLS servers behind the front: one for the present certificate, and one for each
   * former certificate whose connections are still open. Default: the system chooses.
   */
  readonly backendPorts?: readonly number[] | undefined;
  /** Maximum number of connections at a time. */
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
  readonly #links: TlsLinks;
  #backend: Backend;
  readonly #backends = new Set<Backend>();
  #closed = false;
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
    this.#links = new TlsLinks(options.clock, options.maxLinks);
    this.#accept();
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
    this.#cancelRetry();
    this.#listener.close();
    await Promise.all([...this.#backends].map(({ server }) => server.shutdown()));
    await this.#links.close(LINGER_MS);
  }

  #open(pair: KeyPair): Backend {
    const { handler, clock, log } = this.#options;
    const linksByPort = new Map<number, Link>();
    const serve: Deno.ServeHandler<Deno.NetAddr> = async (request, { remoteAddr, completed }) => {
      const link = linksByPort.get(remoteAddr.port);
      // A program on this machine connected directly, without going through the front.
      if (!link) return new Response(null, { status: 403 });
      link.lastRequestAt = clock.now();
      const response = await handler(request, link.peer, completed);
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
        if (this.#links.makeRoom(networkOf(client.remoteAddr.hostname))) {
          await this.#link(client, this.#backend);
        } else closeQuietly(client);
      } catch (error) {
        if (this.#closed) return;
        log.error("connection not accepted", { error: String(error) });
        await new Promise<void>((resolve) => this.#cancelRetry = clock.after(RETRY_MS, resolve));
      }
    }
  }

  /** Connects a client to a backend. @throws when that fails; the client's connection is then closed. */
  async #link(client: Deno.TcpConn, backend: Backend): Promise<void> {
    backend.links++;
    let inner: Deno.TcpConn;
    try {
      inner = await Deno.connect({ hostname: LOOPBACK, port: backend.server.addr.port });
    } catch (error) {
      closeQuietly(client);
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
        link.ends.forEach(closeQuietly);
        this.#links.delete(link);
        backend.linksByPort.delete(port);
        this.#unlink(backend);
      },
    );
    this.#links.add(link, copied);
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
      link.ends.forEach(closeQuietly);
    }
  }
}
