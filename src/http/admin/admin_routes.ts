import { STATUS_CODE } from "@std/http/status";
import type { Finding } from "../../check/finding.ts";
import type { LiveCalls } from "../../calls/live_calls.ts";
import type { Clock } from "../../clock.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { TrustedProxies } from "../address.ts";
import { AdminGuard, type Refused } from "./admin.ts";
import { SIGNED_OUT } from "./admin_cookie.ts";
import { Api, type PastCalls } from "./api.ts";
import { recently } from "./cached_for.ts";
import { EventStreams } from "./event_streams.ts";
import { LiveApi } from "./live_api.ts";
import type { Setup } from "./setup.ts";
import type { Handler, Routes } from "../routes.ts";
import { consoleFile, consolePage, isOpenFile, loginPage, seeOther, wantsPage, welcome } from "./console.ts";
import { problem } from "../problem.ts";
import type { Outbound } from "../twilio/outbound.ts";
import type { Refusals } from "../twilio/refusals.ts";
import { type KeptRecordings, recordingAudio, recordingLevels } from "./recording_routes.ts";
import { secured } from "../security_headers.ts";
import { bodyProblem, readWebhook } from "../twilio/webhook_input.ts";

/** The console's views; each has a folder of its own. */
const VIEWS = ["live", "calls", "overview", "phone"];
/** Everything that can be wrong is looked at once in so long (ms). */
const CHECK_MS = 60_000;

export interface AdminRoutesOptions {
  /** `ADMIN_TOKEN`. Without it only this machine may administer. */
  readonly token: string | undefined;
  /** Whether `/metrics` answers anybody. */
  readonly metricsPublic: boolean;
  /** Address under which the service is reached from outside. */
  readonly publicUrl: string;
  readonly proxies: TrustedProxies;
  readonly calls: LiveCalls;
  readonly outbound: Pick<Outbound, "place" | "placed">;
  /** What is kept of calls that are over, if anything is. */
  readonly records?: (PastCalls & KeptRecordings) | undefined;
  /** What this place is, as of now. */
  readonly setup: () => Setup;
  /** Looks at everything that can be wrong, if anybody can. */
  readonly check?: (() => Promise<readonly Finding[]>) | undefined;
  readonly metrics: Pick<Metrics, "read" | "contentType">;
  readonly refusals: Pick<Refusals, "count">;
  readonly clock: Clock;
}

/**
 * The routes for who administers: API, metrics and console. Who asks is judged, and what is answered is secured.
 *
 * @returns them, a last segment `*` standing for any; who judges; and what ends the event streams, so that a server can stop.
 */
export function adminRoutes(
  options: AdminRoutesOptions,
): { readonly routes: Routes; readonly guard: AdminGuard; close(): void } {
  const {
    token,
    metricsPublic,
    publicUrl,
    proxies,
    calls,
    outbound,
    records,
    setup,
    metrics,
    refusals,
    clock,
  } = options;
  const refused = (why: string) => refusals.count("request", why);
  const guard = new AdminGuard({ token, publicUrl, proxies, clock, refused });
  const streams = new EventStreams(clock);
  const api = new Api({ calls, outbound, records, streams, clock });
  const destinations = () => setup().destinations.map(({ name }) => name);
  const live = new LiveApi({ calls, destinations, streams, clock, refused });

  const open = (handle: Handler): Handler => async (request, peer) => secured(await handle(request, peer));
  const guarded = (handle: Handler, turnAway = tellProgram): Handler =>
    open((request, peer) => {
      const refusal = guard.judge(request, peer);
      return refusal ? turnAway(refusal, request) : handle(request, peer);
    });
  const page = (handle: Handler) => guarded(handle, tellBrowser);

  const signIn: Handler = async (request, peer) => {
    const input = await readWebhook(request, clock);
    if (typeof input === "string") {
      refused(input);
      return bodyProblem(input);
    }
    const signedIn = guard.signIn(input.parameters.get("token") ?? "", request, peer);
    return typeof signedIn === "string"
      ? seeOther("./", { "set-cookie": signedIn })
      : loginPage(signedIn.detail, signedIn.status, signedIn.headers);
  };
  const placeCall: Handler = async (request) => {
    const input = await readWebhook(request, clock);
    if (typeof input !== "string") return await outbound.place(new TextDecoder().decode(input.body));
    refused(input);
    return bodyProblem(input);
  };
  const check = options.check && recently(options.check, CHECK_MS, clock);
  const showFindings: Handler = async () =>
    check
      ? Response.json({ lines: await check() })
      : problem(STATUS_CODE.NotFound, "Nothing is checked here");
  const showFile: Handler = (request) =>
    consoleFile(request) ?? problem(STATUS_CODE.NotFound, "There is nothing at this address");
  const readMetrics: Handler = async () =>
    new Response(await metrics.read(), { headers: { "content-type": metrics.contentType } });

  const get = (handle: Handler) => ({ methods: ["GET"], handle });
  const post = (handle: Handler) => ({ methods: ["POST"], handle });
  const files = get((request, peer) => (isOpenFile(request) ? open : guarded)(showFile)(request, peer));
  return {
    routes: {
      "/": get(open(welcome)),
      "/metrics": get(metricsPublic ? open(readMetrics) : guarded(readMetrics)),
      "/calls": post(guarded(placeCall)),
      "/api/calls": get(guarded((request) => api.list(request))),
      "/api/calls/*": get(guarded((request) => api.one(callOf(request)))),
      "/api/calls/*/recording.wav": get(
        guarded((request) => recordingAudio(callOf(request), request, records)),
      ),
      "/api/calls/*/levels": get(guarded((request) => recordingLevels(callOf(request), records))),
      "/api/calls/*/events": get(guarded((request) => live.events(callOf(request)))),
      "/api/calls/*/audio": get(guarded((request) => live.audio(callOf(request)))),
      "/api/calls/*/whisper": post(guarded((request) => live.whisper(callOf(request), request))),
      "/api/calls/*/hangup": post(guarded((request) => live.hangUp(callOf(request)))),
      "/api/calls/*/transfer": post(guarded((request) => live.transfer(callOf(request), request))),
      "/api/calls/*/recording": post(guarded((request) => live.record(callOf(request), request))),
      "/api/events": get(guarded(() => api.events())),
      "/api/stats": get(guarded((request) => api.stats(request))),
      "/api/check": get(guarded(showFindings)),
      "/api/setup": get(guarded(() => Response.json(setup()))),
      "/console": get(open(() => seeOther("console/"))),
      "/console/": get(page(() => consolePage(token !== undefined))),
      "/console/*": files,
      ...Object.fromEntries(VIEWS.map((view) => [`/console/${view}/*`, files])),
      "/console/login": post(open(signIn)),
      "/console/logout": post(page(() => seeOther("./", { "set-cookie": SIGNED_OUT }))),
    },
    guard,
    close() {
      api.close();
      streams.close();
    },
  };
}

/** The CallSid in `/api/calls/{sid}/…`. */
function callOf({ url }: Request): string {
  return new URL(url).pathname.split("/")[3] ?? "";
}

function tellProgram({ status, detail, headers }: Refused, _request: Request): Response {
  return problem(status, detail, headers);
}

/** Who has not signed in is shown where. */
function tellBrowser(refusal: Refused, request: Request): Response {
  return refusal.why === "no credentials" && wantsPage(request)
    ? loginPage("", refusal.status, refusal.headers)
    : tellProgram(refusal, request);
}
