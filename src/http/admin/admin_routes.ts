import type { LiveCalls } from "../../call/live.ts";
import type { Clock } from "../../clock.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { TrustedProxies } from "../address.ts";
import { AdminGuard, type Refused } from "./admin.ts";
import { SIGNED_OUT } from "./admin_cookie.ts";
import { Api } from "./api.ts";
import type { Handler, Routes } from "../app.ts";
import { consolePage, FILES, loginPage, seeOther, wantsPage, welcome } from "./console.ts";
import { problem } from "../problem.ts";
import type { Outbound } from "../outbound.ts";
import type { Refusals } from "../refusals.ts";
import { secured } from "../security_headers.ts";
import { bodyProblem, readWebhook } from "../webhook_input.ts";

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
  readonly metrics: Pick<Metrics, "read" | "contentType">;
  readonly refusals: Pick<Refusals, "count">;
  readonly clock: Clock;
}

/**
 * The routes for who administers: API, metrics and console. Who asks is judged, and what is answered is secured.
 *
 * @returns them, a last segment `*` standing for any; and what ends the event streams, so that a server can stop.
 */
export function adminRoutes(
  { token, metricsPublic, publicUrl, proxies, calls, outbound, metrics, refusals, clock }: AdminRoutesOptions,
): { readonly routes: Routes; close(): void } {
  const refused = (why: string) => refusals.count("request", why);
  const guard = new AdminGuard({ token, publicUrl, proxies, clock, refused });
  const api = new Api(calls, outbound, clock);

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
  const readMetrics: Handler = async () =>
    new Response(await metrics.read(), { headers: { "content-type": metrics.contentType } });

  const get = (handle: Handler) => ({ methods: ["GET"], handle });
  const post = (handle: Handler) => ({ methods: ["POST"], handle });
  return {
    routes: {
      "/": get(open(welcome)),
      "/metrics": get(metricsPublic ? open(readMetrics) : guarded(readMetrics)),
      "/calls": post(guarded(placeCall)),
      "/api/calls": get(guarded(() => api.list())),
      "/api/calls/*": get(
        guarded((request) => api.one(new URL(request.url).pathname.slice("/api/calls/".length))),
      ),
      "/api/events": get(guarded(() => api.events())),
      "/console": get(open(() => seeOther("console/"))),
      "/console/": get(page(() => consolePage(token !== undefined))),
      "/console/console.js": get(guarded(FILES.js)),
      "/console/console.css": get(open(FILES.css)),
      "/console/icon.svg": get(open(FILES.icon)),
      "/console/login": post(open(signIn)),
      "/console/logout": post(page(() => seeOther("./", { "set-cookie": SIGNED_OUT }))),
    },
    close: () => api.close(),
  };
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
