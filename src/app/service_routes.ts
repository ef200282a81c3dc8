import { LAUNCHER } from "../invocation.ts";
import { encodeHex } from "@std/encoding/hex";
import { TrustedProxies } from "../http/address.ts";
import { type AdminRoutes, adminRoutes } from "../http/admin/admin_routes.ts";
import { healthRoutes } from "../http/health_routes.ts";
import { Refusals } from "../http/refusals.ts";
import { UnverifiedBodies } from "../http/request_input.ts";
import { createRouter, type Routes } from "../http/router.ts";
import type { RequestHandler } from "../http/listen/resilient_server.ts";
import { withHsts } from "../http/security_headers.ts";
import { twilioRoutes } from "../http/twilio/twilio_routes.ts";
import { isAllowedNumber } from "../phone_number.ts";
import type { ServiceOptions, ServiceParts } from "./compose.ts";

export interface ServiceRoutes {
  readonly routes: Routes;
  readonly handler: RequestHandler;
  /** Ends the event and audio streams, so that the server can stop. */
  close: AdminRoutes["close"];
}

/**
 * All routes of a service, and the request handler that dispatches to them.
 *
 * @param publicUrl The service's public URL, without a trailing slash.
 */
export function serviceRoutes(
  { config, modelUrl, records, check, clock, log }: ServiceOptions,
  { metrics, calls, outbound, assistants, pendingStreams }: ServiceParts,
  publicUrl: string,
): ServiceRoutes {
  const proxies = new TrustedProxies(config.TRUSTED_PROXIES);
  const refusals = new Refusals(clock, log, metrics);
  const unverified = new UnverifiedBodies();
  const admin = adminRoutes({
    token: config.ADMIN_TOKEN,
    viewerToken: config.VIEWER_TOKEN,
    metricsToken: config.METRICS_TOKEN,
    isAllowedNumber: (number, ownNumber) =>
      isAllowedNumber(number, config.OUTBOUND_ALLOWED, config.TWILIO_PHONE_NUMBER ?? ownNumber),
    metricsPublic: config.METRICS_PUBLIC,
    publicUrl,
    proxies,
    calls,
    outbound,
    dialer: outbound.dialer,
    records,
    setup: () => ({
      standInModel: modelUrl !== undefined,
      signatureRequired: config.TWILIO_AUTH_TOKEN !== undefined,
      signInRequired: config.ADMIN_TOKEN !== undefined,
      publicUrl,
      command: LAUNCHER,
      ...(config.TWILIO_PHONE_NUMBER ? { phoneNumber: config.TWILIO_PHONE_NUMBER } : {}),
      recording: config.RECORDING === "on",
      ...assistants.overview,
    }),
    check,
    metrics,
    refusals,
    unverified,
    clock,
  });
  const routes: Routes = {
    ...healthRoutes(calls, encodeHex(crypto.getRandomValues(new Uint8Array(8)))),
    ...twilioRoutes({
      calls,
      assistants,
      outbound,
      dialer: outbound.dialer,
      refusals,
      pending: pendingStreams,
      limits: {
        startMs: config.START_SECONDS * 1000,
        maxFrameBytes: config.MAX_FRAME_BYTES,
        framesPerSecond: config.MAX_FRAMES_PER_SECOND,
      },
      clock,
      log,
      publicUrl,
      authTokens: [config.TWILIO_AUTH_TOKEN, config.TWILIO_AUTH_TOKEN_OLD].filter((token) =>
        token !== undefined
      ),
      unverified,
      welcome: config.WELCOME_MESSAGE,
      overflow: config.OVERFLOW,
      proxies,
      guard: admin.guard,
    }),
    ...admin.routes,
  };
  const router = createRouter(routes, { refusals, log });
  return {
    routes,
    async handler(request, peer, completed) {
      const response = await router(request, peer);
      void completed.catch(() => {}).then(() => admin.delivered(response));
      return config.TLS_CERT_FILE === undefined ? response : withHsts(response);
    },
    close: admin.close,
  };
}
