import type { Assistants } from "../assistants/assistant.ts";
import type { Clock } from "../clock.ts";
import { listenFailure } from "../error_message.ts";
import { CertificateError } from "../http/listen/certificate.ts";
import { listen, type Listener, type ListenOptions } from "../http/listen/listener.ts";
import { composeService, type ServiceOptions, type ServiceParts } from "./compose.ts";
import { Drain } from "./drain.ts";
import { startRetention } from "./retention.ts";
import { serviceRoutes } from "./service_routes.ts";

/** Timeout for requests in progress when the server stops (ms). */
const SHUTDOWN_MS = 2_000;

/** A running service in this thread. */
export interface Server {
  /** The URL it listens on, such as `http://127.0.0.1:5050`. */
  readonly url: string;
  /** Loads a renewed certificate, and uses the given assistants for calls from now on. */
  reload(assistants?: Assistants): Promise<void>;
  /**
   * Refuses new calls, waits up to `DRAIN_SECONDS` for those in progress, then stops.
   *
   * @returns the number of calls cut off without a goodbye.
   */
  drain(): Promise<number>;
  /**
   * Stops immediately and cuts calls off. Also shortens a drain in progress.
   * @returns as {@linkcode Server.drain}.
   */
  stop(): Promise<number>;
}

/**
 * Starts the service in this thread.
 *
 * @throws {Deno.errors.AddrInUse} when the port is taken.
 * @throws {CertificateError} when TLS is configured and the certificate cannot be used.
 */
export function startServer(options: ServiceOptions): Server {
  const { config, records, clock, log } = options;
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: caFile } = config;
  const parts = composeService(options);
  const { calls, assistants, reporter, outbound: { dialer } } = parts;
  const listener = openPort(parts, {
    hostname: config.HOST,
    port: options.ports?.port ?? config.PORT,
    backendPorts: options.ports?.backendPorts,
    ...(certFile !== undefined && keyFile !== undefined ? { tls: { certFile, keyFile, caFile } } : {}),
    // The routes need the port, which the system may have chosen. No request is handled before this function
    // returns.
    handler: (...request) => routes.handler(...request),
    clock,
    log,
  });
  const publicUrl = config.PUBLIC_URL ?? listener.url.replace("//0.0.0.0:", "//localhost:");
  const routes = serviceRoutes(options, parts, publicUrl);
  const drain = new Drain(calls, dialer, clock);
  const stopRetention = records && config.RECORD_DAYS
    ? startRetention(
      config.RECORD_DAYS,
      async (time) => {
        await reporter.deleteBefore(time);
        return await records.deleteBefore(time);
      },
      clock,
      log,
    )
    : undefined;

  let closing: Promise<number> | undefined;
  /** @param cancelled Resolves when Twilio has ended the calls that ring. */
  const close = (cancelled?: Promise<void>) =>
    closing ??= (async () => {
      stopRetention?.();
      routes.close();
      // A client that does not read its response must not hold up the shutdown.
      await waitAtMost(SHUTDOWN_MS, Promise.all([listener.shutdown(), cancelled]), clock);
      await parts.close();
      return calls.endedWithoutGoodbye;
    })();
  return {
    url: listener.url,
    async reload(renewed) {
      if (renewed) {
        assistants.replaceAssistants(renewed);
        reporter.setWebhook(renewed.afterCall);
        const names = renewed.assistants.map(({ name }) => name).join(", ");
        log.info("assistants reloaded", { assistants: names });
      }
      await listener.reload();
    },
    async drain() {
      log.info("draining", {
        calls: calls.count,
        ringing: dialer.ringing || undefined,
        seconds: config.DRAIN_SECONDS,
        second_signal: "ends all calls immediately",
      });
      dialer.drain();
      await drain.run(config.DRAIN_SECONDS * 1000);
      return await close();
    },
    async stop() {
      return await close(drain.cutShort());
    },
  };
}

/**
 * Listens. When that fails, closes the parts and names the setting, except for a port that is taken.
 *
 * @throws {Error}
 */
function openPort(parts: Pick<ServiceParts, "close">, options: ListenOptions): Listener {
  try {
    return listen(options);
  } catch (error) {
    void parts.close();
    if (error instanceof Deno.errors.AddrInUse || error instanceof CertificateError) throw error;
    const { hostname, port } = options;
    const { setting, reason, remedy } = listenFailure(error);
    throw new Error(`${setting}: cannot listen on ${hostname}:${port}: ${reason}; ${remedy}`);
  }
}

/** Waits for `work`, at most `ms` milliseconds. */
async function waitAtMost(ms: number, work: Promise<unknown>, clock: Clock): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = clock.after(ms, late.resolve);
  await Promise.race([work, late.promise]);
  cancel();
}
