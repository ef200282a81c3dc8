import { STATUS_CODE } from "@std/http/status";
import type { LiveCalls } from "../../calls/live_calls.ts";
import type { Finding } from "../../check/finding.ts";
import type { Dialer } from "../../dialer/dialer.ts";
import type { PlacementJournal } from "./api/idempotency_keys.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { clientAddress } from "../address.ts";
import { problem } from "../problem.ts";
import type { Refusals } from "../refusals.ts";
import { type UnverifiedBodies, withRequestInput } from "../request_input.ts";
import type { Handler, Routes } from "../router.ts";
import { withSecurityHeaders } from "../security_headers.ts";
import { SIGN_OUT_COOKIE } from "./access/admin_cookie.ts";
import {
  AdminGuard,
  type AdminGuardOptions,
  type AdminRefusal,
  type AdminRole,
} from "./access/admin_guard.ts";
import { cachedFor } from "./api/cached_for.ts";
import { type CallReader, CallsApi } from "./api/calls_api.ts";
import {
  consoleFile,
  consolePage,
  isPublicFile,
  loginPage,
  seeOther,
  wantsPage,
  welcome,
} from "./console_pages.ts";
import { LiveCallApi } from "./api/live_call_api.ts";
import { openApiDocument } from "./openapi/openapi_document.ts";
import { type CallPlacer, placeCall, placementKeys } from "./api/post_calls.ts";
import { ReaderPool } from "./streams/reader_pool.ts";
import { recordingAudio, recordingLevels, type RecordingReader } from "./api/recording_routes.ts";
import type { Setup } from "./api/setup.ts";

/** How long the findings of `/api/check` are reused (ms). */
const CHECK_CACHE_MS = 60_000;

export interface AdminRoutesOptions extends Omit<AdminGuardOptions, "onRefused"> {
  /** Whether `/metrics` is served without authentication. */
  readonly metricsPublic: boolean;
  /** Whether callers to `ownNumber` may be transferred to a number. */
  readonly isAllowedNumber: (number: string, ownNumber: string) => boolean;
  readonly calls: LiveCalls;
  readonly outbound: CallPlacer;
  readonly dialer: Pick<Dialer, "find">;
  /** Stored calls and recordings; undefined when nothing is stored. */
  readonly records?: (CallReader & RecordingReader & PlacementJournal) | undefined;
  readonly setup: () => Setup;
  /** Runs the checks of `parley check`; undefined when they cannot run here. */
  readonly check?: (() => Promise<readonly Finding[]>) | undefined;
  readonly metrics: Pick<Metrics, "scrape" | "contentType">;
  readonly refusals: Pick<Refusals, "count">;
  readonly unverified: UnverifiedBodies;
}

export interface AdminRoutes {
  readonly routes: Routes;
  readonly guard: AdminGuard;
  /** A response was delivered, or its client has gone. */
  delivered(response: Response): void;
  /** Ends the event and audio streams, so that the server can stop. */
  close(): void;
}

/**
 * The administrator's routes: API, metrics and console. They are authenticated and carry security headers.
 */
export function adminRoutes(options: AdminRoutesOptions): AdminRoutes {
  const { token, calls, outbound, records, setup, metrics, proxies, isAllowedNumber: isAllowed, clock } =
    options;
  const onRefused = (reason: string) => options.refusals.count("request", reason);
  const guard = new AdminGuard({ ...options, onRefused });
  const readers = new ReaderPool(clock);
  const callsApi = new CallsApi({ ...options, readers });
  const destinations = () => setup().destinations.map(({ name }) => name);
  const liveCall = new LiveCallApi({ calls, destinations, isAllowed, readers, clock, onRefused });

  const open = (handle: Handler): Handler => async (...args) => withSecurityHeaders(await handle(...args));
  const guarded = (handle: Handler, refuse = refuseProgram, role?: AdminRole): Handler =>
    open((request, peer, parameters) => {
      const reads = request.method === "GET" || request.method === "HEAD";
      const refusal = guard.findRefusal(request, peer, role ?? (reads ? "viewer" : "admin"));
      return refusal ? refuse(refusal, request) : handle(request, peer, parameters);
    });
  const page = (handle: Handler) => guarded(handle, refuseBrowser, "viewer");
  /** Passes the `{sid}` of the path. */
  const ofCall = (handle: (callSid: string, request: Request) => Response | Promise<Response>) =>
    guarded((request, _peer, { sid = "" }) => handle(sid, request));

  const signIn: Handler = (request, peer) => {
    const unverified = { bodies: options.unverified, address: clientAddress(request, peer, proxies) };
    return withRequestInput(request, { clock, onRefused, unverified }, ({ parameters, body }) => {
      // Only from the form: a token in the query would end up in the logs of proxies.
      if (body) return problem(STATUS_CODE.UnsupportedMediaType, "Send the token as a form");
      const signedIn = guard.signIn(parameters.get("token") ?? "", request, peer);
      return typeof signedIn === "string"
        ? seeOther("./", { "set-cookie": signedIn })
        : loginPage(signedIn.detail, signedIn.status, signedIn.headers);
    });
  };
  const signOut: Handler = (request) => {
    guard.signOut(request);
    return seeOther("./", { "set-cookie": SIGN_OUT_COOKIE });
  };
  const runChecks = options.check && cachedFor(options.check, CHECK_CACHE_MS, clock);
  const check: Handler = async () =>
    runChecks
      ? Response.json({ findings: await runChecks() })
      : problem(STATUS_CODE.NotFound, "This service cannot run the checks");
  const serveFile: Handler = (request) =>
    consoleFile(request) ?? problem(STATUS_CODE.NotFound, "This address does not exist");
  const readMetrics: Handler = async () =>
    new Response(await metrics.scrape(), { headers: { "content-type": metrics.contentType } });

  const keys = placementKeys(clock, records);
  const get = (handle: Handler) => ({ methods: ["GET"], handle });
  const post = (handle: Handler) => ({ methods: ["POST"], handle });
  const files = get((request, ...rest) =>
    (isPublicFile(request) ? open : guarded)(serveFile)(request, ...rest)
  );
  return {
    routes: {
      "/": get(open(welcome)),
      "/metrics": get(
        options.metricsPublic ? open(readMetrics) : guarded(readMetrics, refuseProgram, "metrics"),
      ),
      "/calls": post(guarded((request) => placeCall(request, { outbound, keys, clock, onRefused }))),
      "/api/calls": get(guarded((request) => callsApi.list(request))),
      "/api/calls/{sid}": get(ofCall((callSid) => callsApi.get(callSid))),
      "/api/calls/{sid}/recording.wav": get(
        ofCall((callSid, request) => recordingAudio(callSid, request, records)),
      ),
      "/api/calls/{sid}/levels": get(ofCall((callSid) => recordingLevels(callSid, records))),
      "/api/calls/{sid}/events": get(ofCall((callSid) => liveCall.events(callSid))),
      "/api/calls/{sid}/audio": get(ofCall((callSid) => liveCall.audio(callSid))),
      "/api/calls/{sid}/whisper": post(ofCall((callSid, request) => liveCall.whisper(callSid, request))),
      "/api/calls/{sid}/hangup": post(ofCall((callSid) => liveCall.hangUp(callSid))),
      "/api/calls/{sid}/transfer": post(ofCall((callSid, request) => liveCall.transfer(callSid, request))),
      "/api/calls/{sid}/recording": post(ofCall((callSid, request) => liveCall.record(callSid, request))),
      "/api/events": get(guarded((request) => callsApi.events(request))),
      "/api/stats": get(guarded((request) => callsApi.stats(request))),
      "/api/assistants": get(guarded(() => callsApi.assistants())),
      "/api/setup": get(guarded(() => Response.json(setup()))),
      "/api/check": get(guarded(check)),
      "/api/openapi.json": get(guarded(() => Response.json(openApiDocument()))),
      "/console": get(open(() => seeOther("console/"))),
      "/console/": get(
        page((request, peer) =>
          consolePage({ signOut: token !== undefined, readOnly: !guard.admits(request, peer) })
        ),
      ),
      "/console/{file}": files,
      "/console/{view}/{file}": files,
      "/console/shared/{folder}/{file}": files,
      "/console/shared/{folder}/{subfolder}/{file}": files,
      "/console/login": post(open(signIn)),
      "/console/logout": post(page(signOut)),
    },
    guard,
    delivered: (response) => readers.delivered(response),
    close() {
      callsApi.close();
      readers.close();
    },
  };
}

function refuseProgram({ status, detail, headers }: AdminRefusal, _request: Request): Response {
  return problem(status, detail, headers);
}

/** Shows the sign-in page to a browser that is not signed in. */
function refuseBrowser(refusal: AdminRefusal, request: Request): Response {
  return refusal.reason === "no credentials" && wantsPage(request)
    ? loginPage("", refusal.status, refusal.headers)
    : refuseProgram(refusal, request);
}
