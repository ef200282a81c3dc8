import type { Cancel, Clock } from "../../clock.ts";
import type { Log } from "../../telemetry/log.ts";
import { type CertificateFiles, endOf, type KeyPair, readKeyPair } from "./certificate.ts";
import { SteadyServer } from "./steady_server.ts";
import { TlsFront } from "./tls_front.ts";

/** How often the certificate's files are looked at (ms). */
const LOOK_MS = 60_000;

export interface ListenOptions {
  readonly hostname: string;
  /** 0: the system chooses one. */
  readonly port: number;
  /** To speak TLS. A renewed certificate is taken without a restart, and cuts no connection. */
  readonly tls?: CertificateFiles;
  /** Answers a request; `peer` is the address at the other end. */
  readonly handler: (request: Request, peer: string) => Response | Promise<Response>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A port that is listened on. */
export interface Listener {
  /** Its address, such as `http://127.0.0.1:5050`. */
  readonly url: string;
  /** Looks at once whether there is a renewed certificate; otherwise that happens once a minute. */
  reload(): Promise<void>;
  /**
   * Stops to listen; requests in progress are answered. WebSockets still open are closed (1001), but for Deno before
   * 2.9 without TLS, which leaves them to themselves: end the calls first.
   */
  shutdown(): Promise<void>;
}

/**
 * Listens for requests.
 *
 * @throws {Deno.errors.AddrInUse} when the port is taken.
 * @throws {CertificateError} when there is a certificate to use and it cannot be used.
 */
export function listen(options: ListenOptions): Listener {
  const { hostname, port, tls, handler, clock, log } = options;
  if (tls) return listenTls(options, tls);
  const server = new SteadyServer(
    { hostname, port },
    (request, { remoteAddr }) => handler(request, remoteAddr.hostname),
    clock,
    log,
  );
  return {
    url: urlOf("http", server.addr),
    reload: () => Promise.resolve(),
    shutdown: () => server.shutdown(),
  };
}

function listenTls(options: ListenOptions, files: CertificateFiles): Listener {
  const { clock, log } = options;
  let pair = readKeyPair(files);
  endOf(pair, clock.wallTime());
  const front = new TlsFront({ ...options, pair });

  const take = (next: KeyPair) => {
    if (next.cert === pair.cert && next.key === pair.key) return;
    const until = endOf(next, clock.wallTime());
    front.use(next);
    pair = next;
    log.info("certificate taken", { until: until.toISOString() });
  };
  let lastProblem: string | undefined;
  const look = () => {
    try {
      take(readKeyPair(files));
      lastProblem = undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why !== lastProblem) log.warn("certificate not taken", { why });
      lastProblem = why;
    }
  };
  let stopLooking: Cancel = () => {};
  const lookLater = () => {
    stopLooking = clock.after(LOOK_MS, () => {
      look();
      lookLater();
    });
  };
  lookLater();
  return {
    url: urlOf("https", front.addr),
    reload: () => Promise.resolve(look()),
    shutdown() {
      stopLooking();
      return front.shutdown();
    },
  };
}

function urlOf(protocol: string, { hostname, port }: Deno.NetAddr): string {
  return `${protocol}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
