import { connect, createServer, type Server, type Socket } from "node:net";
import { ChangeSignal } from "../support/wait_until.ts";
import type { Direction, Fault } from "./fault.ts";
import { FaultyLink } from "./faulty_link.ts";

/** How long upgrades are answered with a status (ms). */
const HTTP_MS = 1_000;
const HOST = "127.0.0.1";

/**
 * A TCP proxy that breaks its connections as a test says.
 *
 * @example
 * ```ts
 * await using proxy = await FaultyProxy.start(model.url, "down");
 * proxy.inject({ kind: "close", code: 1011 });
 * ```
 */
export class FaultyProxy implements AsyncDisposable {
  /** Connections accepted so far. */
  connections = 0;
  readonly #target: URL;
  readonly #toward: Direction;
  readonly #links = new Set<FaultyLink>();
  readonly #sockets = new Set<Socket>();
  readonly #changes = new ChangeSignal();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #server: Server = this.#createServer();
  #port = 0;
  /** The fault of the next connection. */
  #armed: Fault | undefined;
  #status: number | undefined;

  /** @param toward Direction of the bytes to Parley: `down` if Parley is the client. */
  private constructor(target: string, toward: Direction) {
    this.#target = new URL(target);
    this.#toward = toward;
  }

  static async start(target: string, toward: Direction): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target, toward);
    await proxy.#listen();
    return proxy;
  }

  /** The target's URL at this proxy. */
  get url(): string {
    const url = new URL(this.#target);
    url.host = `${HOST}:${this.#port}`;
    return url.href;
  }

  /** Open connections. */
  get open(): number {
    return this.#links.size;
  }

  /** Applies a fault to the open connections, or to the next one if there is none. */
  inject(fault: Fault): void {
    if (fault.kind === "refuse") this.#refuse(fault.ms);
    else if (fault.kind === "http") {
      this.#status = fault.status;
      this.#after(HTTP_MS, () => this.#status = undefined);
    } else if (this.#links.size === 0) this.#armed = fault;
    for (const link of this.#links) link.inject(fault);
  }

  /** Applies a fault to one of the open connections. @returns whether there is one. */
  injectInto(fault: Fault, random: () => number): boolean {
    const links = [...this.#links];
    const link = links[Math.floor(random() * links.length)];
    link?.inject(fault);
    return link !== undefined;
  }

  /** Discards whatever still comes, so that connections end when Parley closes its side. */
  drain(): void {
    for (const link of this.#links) link.drain();
  }

  /** Resolves when no connection is open; rejects after `timeoutMs`. */
  async untilIdle(timeoutMs: number): Promise<void> {
    await this.#changes.until("the proxy's connections to close", () => this.#links.size === 0, timeoutMs);
  }

  /** Resolves when connections are accepted, at the latest at the end of a `refuse` fault. */
  async listening(): Promise<void> {
    await this.#changes.until("the proxy to listen", () => this.#server.listening);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const link of this.#links) link.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await this.#stopListening();
  }

  #createServer(): Server {
    return createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  async #listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(this.#port, HOST, resolve);
    await promise;
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new TypeError("The proxy has no port");
    this.#port = address.port;
    this.#changes.notify();
  }

  async #stopListening(): Promise<void> {
    if (!this.#server.listening) return;
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Stops listening for `ms`, so that the kernel refuses connections. */
  #refuse(ms: number): void {
    this.#server.close();
    this.#after(ms, () => {
      this.#server = this.#createServer();
      this.#listen().catch((error) => {
        console.error(`The proxy cannot listen on port ${this.#port} again: ${error}`);
      });
    });
  }

  #accept(client: Socket): void {
    this.connections++;
    client.on("error", () => {});
    this.#sockets.add(client);
    client.once("close", () => this.#sockets.delete(client));
    if (this.#status !== undefined) return answer(client, this.#status);
    const server = connect({
      port: Number(this.#target.port),
      host: HOST,
      allowHalfOpen: true,
      noDelay: true,
    });
    const link = new FaultyLink(client, server, this.#toward);
    this.#links.add(link);
    link.closed.then(() => {
      this.#links.delete(link);
      this.#changes.notify();
    });
    const fault = this.#armed;
    this.#armed = undefined;
    if (fault) link.inject(fault);
  }

  #after(ms: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }
}

/** Reads the upgrade request and refuses it. */
function answer(client: Socket, status: number): void {
  let request = "";
  client.on("data", (chunk: Uint8Array) => {
    request += new TextDecoder().decode(chunk);
    if (request.includes("\r\n\r\n")) client.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 0\r\n\r\n`);
  });
}
