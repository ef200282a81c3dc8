import type { Cancel, Clock } from "../../clock.ts";
import type { Log } from "../../telemetry/log.ts";

/** Delay before the port is opened again (ms). */
const REOPEN_MS = 1_000;

/**
 * Handles a request of any route.
 *
 * @param peer The IP address of the client's end of the connection.
 * @param completed Resolves when the response was delivered; rejects when its client has gone.
 */
export type RequestHandler = (
  request: Request,
  peer: string,
  completed: Promise<void>,
) => Response | Promise<Response>;

/** Listening address, with or without a certificate. */
export type ServeOptions = Deno.ServeTcpOptions & Partial<Deno.TlsCertifiedKeyPem>;

/**
 * `Deno.serve` that survives a flood. When file descriptors run out, Deno stops listening for good, and the
 * unhandled rejection ends the process and every call in it. This server opens the port again, and calls
 * continue.
 */
export class ResilientServer {
  readonly addr: Deno.NetAddr;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #open: (port: number) => Deno.HttpServer<Deno.NetAddr>;
  /** Undefined while the port is closed after a failure. */
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;
  #cancelReopen: Cancel = () => {};

  /** @throws what `Deno.serve` throws, such as `Deno.errors.AddrInUse`. */
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

  /** Waits for requests in progress. Deno 2.9 closes WebSockets with 1001; 2.6 leaves them open. */
  async shutdown(): Promise<void> {
    this.#cancelReopen();
    await this.#server?.shutdown();
  }

  #watch(server: Deno.HttpServer<Deno.NetAddr>): Deno.HttpServer<Deno.NetAddr> {
    server.finished.catch((error) => {
      this.#log.error("listening failed", { error: String(error) });
      this.#server = undefined;
      this.#scheduleReopen();
    });
    return server;
  }

  #scheduleReopen(): void {
    this.#cancelReopen = this.#clock.after(REOPEN_MS, () => {
      try {
        this.#server = this.#watch(this.#open(this.addr.port));
        this.#log.info("listening again");
      } catch {
        this.#scheduleReopen();
      }
    });
  }
}
