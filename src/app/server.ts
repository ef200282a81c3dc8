import { encodeHex } from "@std/encoding/hex";
import { Calls } from "../calls/calls.ts";
import { Budget } from "../calls/budget.ts";
import type { Finding } from "../check/finding.ts";
import type { Clock } from "../clock.ts";
import type { Assistants } from "../assistants/assistant.ts";
import type { Config } from "../config/config.ts";
import type { OpenSession } from "../model/session.ts";
import type { RemoteCallStore } from "../records/store_port.ts";
import type { Log } from "../telemetry/log.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { TrustedProxies } from "../http/address.ts";
import { adminRoutes } from "../http/admin/admin_routes.ts";
import type { PastCalls } from "../http/admin/api.ts";
import type { KeptRecordings } from "../http/admin/recording_routes.ts";
import type { Recorder } from "../recording/call_recording.ts";
import { AfterCall, type Records } from "./after_call.ts";
import { AssistantsAtWork } from "../assistants/assistant_factory.ts";
import { createApp } from "../http/app.ts";
import type { Handler } from "../http/routes.ts";
import { Drain } from "./drain.ts";
import { listen } from "../http/listen/listener.ts";
import { Outbound } from "../http/twilio/outbound.ts";
import { PendingStreams } from "../http/twilio/pending_streams.ts";
import { keepFor } from "./retention.ts";
import { Refusals } from "../http/twilio/refusals.ts";
import { budgetFile } from "./budget_file.ts";
import { onlyHttps } from "../http/security_headers.ts";

/** How long requests in progress may take to end (ms). */
const SHUTDOWN_MS = 2_000;

export interface ServerOptions {
  readonly config: Config;
  /** Opens sessions in the configured dialect. */
  readonly openSession: OpenSession;
  /** Realtime server to dial instead of the configured one: the stand-in model. */
  readonly modelUrl?: string | undefined;
  /** Where calls are kept; nowhere without it. */
  readonly records?:
    | Records & PastCalls & KeptRecordings & Recorder & Pick<RemoteCallStore, "close" | "deleteBefore">
    | undefined;
  /** Looks at everything that can be wrong, for the console. */
  readonly check?: (() => Promise<readonly Finding[]>) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** A server that answers calls. */
export interface Server {
  /** Address it listens on, such as `http://127.0.0.1:5050`. */
  readonly url: string;
  /** Looks at once whether there is a renewed certificate; calls from now on are answered by these assistants, if any. */
  reload(assistants?: Assistants): Promise<void>;
  /**
   * Takes no more calls, waits up to `DRAIN_SECONDS` for those there are, then stops to listen.
   *
   * @returns how many calls ended without the caller having been told.
   */
  drain(): Promise<number>;
  /** The same at once: calls in progress are cut. Hurries a drain. */
  stop(): Promise<number>;
}

/**
 * Starts the service.
 *
 * @throws {Deno.errors.AddrInUse} when the port is taken.
 * @throws {Error} when there is a certificate to use and it cannot be used.
 */
export function startServer(
  { config, openSession, modelUrl, records, check, clock, log }: ServerOptions,
): Server {
  const proxies = new TrustedProxies(config.TRUSTED_PROXIES);
  const metrics = new Metrics(clock);
  const afterCall = new AfterCall(config, records, clock, log);
  const spending = new Budget({ clock, log, file: budgetFile(config.DATA_DIR, "spending.json") });
  const minutes = new Budget({ clock, log, file: budgetFile(config.DATA_DIR, "minutes.json") });
  const assistants = new AssistantsAtWork({
    assistants: config.assistants,
    config,
    modelUrl,
    records: records !== undefined,
    keep: (call, assistant, message) => afterCall.message(call, assistant, message),
    clock,
    log,
  });
  const outbound = new Outbound({
    config,
    assistant: (name) => assistants.named(name),
    overLimit: (party, limits) => calls.overLimit(party, limits),
    clock,
    log,
  });
  const calls = new Calls({
    assistant: (call) => assistants.assignNow(call),
    openSession,
    rules: {
      maxCalls: config.MAX_CALLS,
      allowed: config.ALLOWED_CALLERS,
      denied: config.DENIED_CALLERS,
      minAttestation: config.MIN_ATTESTATION,
      perCallerAndHour: config.CALLS_PER_CALLER_AND_HOUR,
    },
    mediaTimeoutMs: config.MEDIA_TIMEOUT_SECONDS * 1000,
    spending,
    minutes,
    recorder: records,
    ended: (record, summary) => afterCall.ended(record, summary),
    tokenSecret: config.TWILIO_AUTH_TOKEN,
    clock,
    log,
    metrics,
  });
  const signed = config.TWILIO_AUTH_TOKEN !== undefined;
  const pending = new PendingStreams(
    signed ? { total: config.MAX_PENDING_STREAMS } : {
      total: config.MAX_UNSIGNED_STREAMS,
      perAddress: config.MAX_UNSIGNED_STREAMS_PER_ADDRESS,
    },
    clock,
  );
  metrics.watch({
    calls: () => calls.gauges().calls,
    bufferedBytes: () => calls.gauges().bytes,
    pendingStreams: () => pending.count,
  });
  const drain = new Drain(calls, clock);
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = config;
  const tls = certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : undefined;
  const listener = listen({
    hostname: config.HOST,
    port: config.PORT,
    ...(tls ? { tls } : {}),
    // The port may have been chosen by the system, so the address of the streams is known only now.
    handler: tls
      ? async (request, peer) => onlyHttps(await app(request, peer))
      : (request, peer) => app(request, peer),
    clock,
    log,
  });
  const publicUrl = config.PUBLIC_URL ?? listener.url.replace("//0.0.0.0:", "//localhost:");
  const refusals = new Refusals(clock, log, metrics);
  const admin = adminRoutes({
    token: config.ADMIN_TOKEN,
    metricsPublic: config.METRICS_PUBLIC,
    publicUrl,
    proxies,
    calls,
    outbound,
    records,
    setup: () => ({
      standIn: modelUrl !== undefined,
      signed,
      signedIn: config.ADMIN_TOKEN !== undefined,
      publicUrl,
      ...(config.TWILIO_PHONE_NUMBER ? { phoneNumber: config.TWILIO_PHONE_NUMBER } : {}),
      recording: config.RECORDING === "on",
      ...assistants.setup,
    }),
    check,
    metrics,
    refusals,
    clock,
  });
  const app: Handler = createApp({
    calls,
    assistants,
    outbound,
    refusals,
    pending,
    limits: {
      startMs: config.START_SECONDS * 1000,
      maxFrameBytes: config.MAX_FRAME_BYTES,
      framesPerSecond: config.MAX_FRAMES_PER_SECOND,
    },
    clock,
    log,
    publicUrl,
    authToken: config.TWILIO_AUTH_TOKEN,
    welcome: config.WELCOME_MESSAGE,
    overflow: config.OVERFLOW,
    proxies,
    instance: encodeHex(crypto.getRandomValues(new Uint8Array(8))),
    admin: admin.routes,
    guard: admin.guard,
  });
  const stopDeleting = records && config.RECORD_DAYS
    ? keepFor(config.RECORD_DAYS, (time) => records.deleteBefore(time), clock, log)
    : undefined;
  const close = async () => {
    stopDeleting?.();
    admin.close();
    metrics.close();
    outbound.close();
    // A client that does not read what it asked for is not waited for.
    await within(SHUTDOWN_MS, listener.shutdown(), clock);
    await Promise.all([afterCall.stop(), spending.close(), minutes.close()]);
    await records?.close();
    return calls.cut;
  };
  let closing: Promise<number> | undefined;
  return {
    url: listener.url,
    async reload(renewed) {
      if (renewed) {
        assistants.use(renewed);
        afterCall.use(renewed.afterCall);
        log.info("assistants reloaded", {
          assistants: renewed.assistants.map(({ name }) => name).join(", "),
        });
      }
      await listener.reload();
    },
    async drain() {
      log.info("draining", { calls: calls.count, seconds: config.DRAIN_SECONDS });
      outbound.drain();
      await drain.run(config.DRAIN_SECONDS * 1000);
      return await (closing ??= close());
    },
    async stop() {
      drain.hurry();
      return await (closing ??= close());
    },
  };
}

/** Waits for something, but no longer than `ms` milliseconds. */
async function within(ms: number, work: Promise<void>, clock: Clock): Promise<void> {
  const late = Promise.withResolvers<void>();
  const cancel = clock.after(ms, late.resolve);
  await Promise.race([work, late.promise]);
  cancel();
}
