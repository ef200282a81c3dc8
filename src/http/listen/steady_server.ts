import type { Cancel, Clock } from "../../clock.ts";
import type { Log } from "../../telemetry/log.ts";

/** How long to wait before the port is opened again (ms). */
const REOPEN_MS = 1_000;

/** Where to listen, with a certificate or without one. */
export type ServeOptions = Deno.ServeTcpOptions & Partial<Deno.TlsCertifiedKeyPem>;

/**
 * `Deno.serve`, but a flood does not end it. When file descriptors run out Deno stops to listen for good, and the
 * unhandled rejection ends the process with every call in it. Here the port is opened again, and calls go on.
 */
export class SteadyServer {
  readonly addr: Deno.NetAddr;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #open: (port: number) => Deno.HttpServer<Deno.NetAddr>;
  /** Undefined until the port could be opened again. */
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #stopWaiting: Cancel = () => {};

  /** Throws what `Deno.serve` throws. */
  constructor(options: ServeOptions, handler: Deno.ServeHandler<Deno.NetAddr>, clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    const onError = (error: unknown) => {
      log.error("request failed", { error: String(error) });
      return new Response(null, { status: 500 });
    };
    this.#open = (port) => Deno.serve({ ...options, port, onListen: () => {}, onError }, handler);
    this.#server = this.#watch(this.#open(options.port ?? 0));
    this.addr = this.#server.addr;
  }

  /** As `Deno.serve`'s own: requests in progress are answered. Deno 2.9 closes WebSockets with 1001, 2.6 leaves them. */
  async shutdown(): Promise<void> {
    this.#stopWaiting();
    await this.#server?.shutdown();
  }

  #watch(server: Deno.HttpServer<Deno.NetAddr>): Deno.HttpServer<Deno.NetAddr> {
    server.finished.catch((error) => {
      this.#log.error("listening failed", { error: String(error) });
      this.#server = undefined;
      this.#reopenLater();
    });
    return server;
  }

  #reopenLater(): void {
    this.#stopWaiting = this.#clock.after(REOPEN_MS, () => {
      try {
        this.#server = this.#watch(this.#open(this.addr.port));
        this.#log.info("listening again");
      } catch {
        this.#reopenLater();
      }
    });
  }
}
