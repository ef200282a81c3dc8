import { messageOf } from "../../error_message.ts";
import type { Cancel, Clock } from "../../clock.ts";
import type { Log } from "../../telemetry/log.ts";
import { certificateExpiry, type CertificateFiles, type KeyPair, readKeyPair } from "./certificate.ts";
import { type RequestHandler, ResilientServer } from "./resilient_server.ts";
import { TlsFront } from "./tls_front.ts";

/** How often the certificate's files are read again (ms). */
const RELOAD_MS = 60_000;

export interface ListenOptions {
  readonly hostname: string;
  /** 0: the system chooses a free port. */
  readonly port: number;
  /** For TLS. A renewed certificate is loaded without a restart and without closing connections. */
  readonly tls?: CertificateFiles;
  /** See {@linkcode TlsFrontOptions.backendPorts}. */
  readonly backendPorts?: readonly number[] | undefined;
  readonly handler: RequestHandler;
  readonly clock: Clock;
  readonly log: Log;
}

/** An open port. */
export interface Listener {
  /** Its URL, such as `http://127.0.0.1:5050`. */
  readonly url: string;
  /** Reads the certificate's files now; otherwise once a minute. */
  reload(): void;
  /**
   * Stops listening and waits for requests in progress. Closes open WebSockets (1001), except on Deno before
   * 2.9 without TLS: end the calls first.
   */
  shutdown(): Promise<void>;
}

/**
 * Listens for HTTP or HTTPS requests.
 *
 * @throws {Deno.errors.AddrInUse} when the port is taken.
 * @throws {CertificateError} when the certificate cannot be used.
 */
export function listen(options: ListenOptions): Listener {
  const { hostname, port, tls, handler, clock, log } = options;
  if (tls) return listenTls(options, tls);
  const server = new ResilientServer(
    { hostname, port },
    (request, { remoteAddr, completed }) => handler(request, remoteAddr.hostname, completed),
    clock,
    log,
  );
  return {
    url: urlOf("http", server.addr),
    reload() {},
    shutdown: () => server.shutdown(),
  };
}

function listenTls(options: ListenOptions, files: CertificateFiles): Listener {
  const { clock, log } = options;
  let pair = readKeyPair(files);
  certificateExpiry(pair, clock.wallTime());
  const front = new TlsFront({ ...options, pair });

  const use = (next: KeyPair) => {
    if (next.cert === pair.cert && next.key === pair.key) return;
    const expires = certificateExpiry(next, clock.wallTime());
    front.replaceCertificate(next);
    pair = next;
    log.info("certificate loaded", { expires: expires.toISOString() });
  };
  let lastProblem: string | undefined;
  const reload = () => {
    try {
      use(readKeyPair(files));
      lastProblem = undefined;
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== lastProblem) log.warn("certificate not loaded", { problem });
      lastProblem = problem;
    }
  };
  let cancelReload: Cancel = () => {};
  const scheduleReload = () => {
    cancelReload = clock.after(RELOAD_MS, () => {
      reload();
      scheduleReload();
    });
  };
  scheduleReload();
  return {
    url: urlOf("https", front.addr),
    reload,
    shutdown() {
      cancelReload();
      return front.shutdown();
    },
  };
}

function urlOf(protocol: string, { hostname, port }: Deno.NetAddr): string {
  return `${protocol}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
