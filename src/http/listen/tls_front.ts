import type { Cancel, Clock } from "../../clock.ts";
import type { Log } from "../../telemetry/log.ts";
import { type KeyPair, misfit } from "./certificate.ts";
import { SteadyServer } from "./steady_server.ts";

/** A connection on which nothing moved for so long (ms) is closed; a media stream has 50 messages a second. */
const IDLE_MS = 60_000;
/** Most connections at a time: with Deno.serve's own they are three descriptors and about 50 kB each. */
const MAX_LINKS = 5_000;
/** How long to wait when a connection could not be accepted (ms): it will not be better at once. */
const PAUSE_MS = 1_000;
/** How long the last bytes may take to reach a client once the servers have finished (ms). */
const LINGER_MS = 2_000;
const LOOPBACK = "127.0.0.1";

export interface TlsFrontOptions {
  readonly hostname: string;
  readonly port: number;
  readonly pair: KeyPair;
  /** Answers a request; `peer` is the address at the other end. */
  readonly handler: (request: Request, peer: string) => Response | Promise<Response>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A TLS server on loopback, and who its connections really come from, by the port they come from there. */
interface Backend {
  readonly server: SteadyServer;
  readonly peers: Map<number, string>;
  links: number;
}

/** A client's connection and the one that continues it to a backend. */
interface Link {
  readonly ends: readonly Deno.TcpConn[];
  /** When bytes last came from one of the ends (ms of the clock). */
  lastMoved: number;
}

/**
 * A port that stays open while its certificate changes.
 *
 * `Deno.serve` cannot change its certificate, and to shut it down closes its WebSockets (Deno 2.9) and cuts every
 * connection that has not sent its request yet. So the port is ours: each connection is passed on, still encrypted,
 * to a `Deno.serve` on loopback; new ones go to the server with the new certificate, and the old server is shut down
 * when its last connection has ended. That costs two copies of each byte. See docs/design/tls.md.
 */
export class TlsFront {
  readonly #listener: Deno.TcpListener;
  readonly #options: TlsFrontOptions;
  readonly #links = new Map<Link, Promise<void>>();
  #backend: Backend;
  readonly #backends = new Set<Backend>();
  #closed = false;
  #stopLooking: Cancel = () => {};
  #stopPausing: Cancel = () => {};

  /**
   * @throws {Deno.errors.AddrInUse} when the port is taken.
   * @throws {CertificateError} when TLS does not take the pair.
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

  get addr(): Deno.NetAddr {
    return this.#listener.addr;
  }

  /**
   * Gives new connections another certificate.
   *
   * @throws {CertificateError} when TLS does not take it; the one before stays.
   */
  use(pair: KeyPair): void {
    const old = this.#backend;
    this.#backend = this.#open(pair);
    this.#retire(old);
  }

  /** Stops to listen, lets requests in progress be answered, closes what is left. */
  async shutdown(): Promise<void> {
    this.#closed = true;
    this.#stopLooking();
    this.#stopPausing();
    this.#listener.close();
    await Promise.all([...this.#backends].map(({ server }) => server.shutdown()));
    const cancel = this.#options.clock.after(LINGER_MS, () => this.#hangUp(() => true));
    await Promise.all(this.#links.values());
    cancel();
  }

  #open(pair: KeyPair): Backend {
    const { handler, clock, log } = this.#options;
    const peers = new Map<number, string>();
    const answer: Deno.ServeHandler<Deno.NetAddr> = (request, { remoteAddr }) => {
      const peer = peers.get(remoteAddr.port);
      // Who finds this port on the machine itself does not get to pass for somebody else.
      return peer === undefined ? new Response(null, { status: 403 }) : handler(request, peer);
    };
    try {
      const options = { hostname: LOOPBACK, port: 0, cert: pair.cert, key: pair.key };
      const backend = { server: new SteadyServer(options, answer, clock, log), peers, links: 0 };
      this.#backends.add(backend);
      return backend;
    } catch (error) {
      throw misfit(pair, error);
    }
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
        if (this.#links.size >= MAX_LINKS) throw new Error(`${MAX_LINKS} connections are open`);
        await this.#link(await this.#listener.accept(), this.#backend);
      } catch (error) {
        if (this.#closed) return;
        log.error("connection not accepted", { error: String(error) });
        await new Promise<void>((resolve) => this.#stopPausing = clock.after(PAUSE_MS, resolve));
      }
    }
  }

  /** Connects a client to a backend; throws, with the client's connection closed, when that does not work. */
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
    backend.peers.set(port, client.remoteAddr.hostname);
    const link: Link = { ends: [client, inner], lastMoved: this.#options.clock.now() };
    const copied = Promise.all([this.#copy(client, inner, link), this.#copy(inner, client, link)]).then(
      () => {
        link.ends.forEach(close);
        this.#links.delete(link);
        backend.peers.delete(port);
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
      to.setNoDelay(true); // A frame of 20 ms waits for nobody's acknowledgement.
      for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
        link.lastMoved = this.#options.clock.now();
        for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
      }
      await to.closeWrite();
    } catch {
      // One end is gone: so is the other.
      link.ends.forEach(close);
    }
  }

  /** Neither half a handshake nor half a request may hold a connection for ever, as `Deno.serve` would let it. */
  #closeIdle(): void {
    const { clock } = this.#options;
    this.#stopLooking = clock.after(IDLE_MS / 4, () => {
      this.#hangUp(({ lastMoved }) => clock.now() - lastMoved >= IDLE_MS);
      this.#closeIdle();
    });
  }

  #hangUp(which: (link: Link) => boolean): void {
    for (const link of this.#links.keys()) if (which(link)) link.ends.forEach(close);
  }
}

function close(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // It is closed already.
  }
}
