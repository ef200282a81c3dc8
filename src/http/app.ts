import { STATUS_CODE } from "@std/http/status";
import type { Calls } from "../calls/calls.ts";
import type { Log } from "../telemetry/log.ts";
import { SignatureCheck } from "../twilio/signature.ts";
import { clientAddress, type TrustedProxies } from "./address.ts";
import type { AdminGuard } from "./admin/admin.ts";
import { InTwiliosPlace, type LetIn } from "./twilio/voice_access.ts";
import { originAllowed } from "./origin.ts";
import { problem } from "./problem.ts";
import type { Refusals } from "./twilio/refusals.ts";
import { type Handler, routeOf, type Routes } from "./routes.ts";
import { openStream, type StreamsOptions } from "./twilio/streams.ts";
import {
  afterStream,
  afterTransfer,
  answerCall,
  languageChosen,
  takeAnsweredBy,
  takeStatus,
  type VoiceOptions,
} from "./twilio/voice.ts";
import { bodyProblem, readWebhook } from "./twilio/webhook_input.ts";

export interface AppOptions extends StreamsOptions, VoiceOptions {
  readonly calls: Calls;
  readonly refusals: Refusals;
  readonly log: Log;
  /** Address under which Twilio reaches this service, without a trailing slash. */
  readonly publicUrl: string;
  /** Twilio's token for this account. Without it nothing tells Twilio from a stranger. */
  readonly authToken: string | undefined;
  readonly proxies: TrustedProxies;
  /** Random name of this process, by which `parley check` knows that it reached this one. */
  readonly instance: string;
  /** Routes for who administers. */
  readonly admin: Routes;
  /** Who that is. */
  readonly guard: Pick<AdminGuard, "admits" | "isSignedIn">;
}

/** Handles what was sent to a webhook, once it is known by whom. */
type WebhookHandler = (parameters: URLSearchParams, by: LetIn) => Response | Promise<Response>;

/** The routes, as one request handler. It never throws. */
export function createApp(options: AppOptions): Handler {
  const { calls, log, refusals, authToken, publicUrl, clock, instance } = options;
  const check = authToken === undefined ? undefined : new SignatureCheck(authToken, publicUrl);
  const door = new InTwiliosPlace(check, options.guard);

  const forbid = (why: string, detail: string) => {
    refusals.count("request", why);
    return problem(STATUS_CODE.Forbidden, detail);
  };
  const unsigned = () =>
    forbid(
      "signature",
      "The request is not signed by Twilio for this account and address; check TWILIO_AUTH_TOKEN and PUBLIC_URL",
    );
  const webhook = (handle: WebhookHandler) => ({
    methods: ["GET", "POST"],
    handle: async (request: Request, peer: string) => {
      const input = await readWebhook(request, clock);
      if (typeof input === "string") {
        refusals.count("request", input);
        return bodyProblem(input);
      }
      const { parameters, body } = input;
      const form = request.method === "POST" && !body ? parameters : [];
      const signed = { ...signatureOf(request), parameters: form, ...(body ? { body } : {}) };
      const by = door.webhook({ ...signed, request, peer });
      return by ? await handle(parameters, by) : unsigned();
    },
  });
  const stream: Handler = (request, peer) => {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      refusals.count("request", "no upgrade");
      return problem(STATUS_CODE.UpgradeRequired, "This address speaks WebSocket only", {
        upgrade: "websocket",
      });
    }
    if (!originAllowed(request, publicUrl)) {
      return forbid("origin", "Pages of other sites may not open media streams");
    }
    if (!door.handshake({ ...signatureOf(request), request, peer })) return unsigned();
    return openStream(request, clientAddress(request, peer, options.proxies), options);
  };
  const named = { "x-parley-instance": instance };
  const ready = () => {
    const state = { status: calls.draining ? "draining" : "ready", calls: calls.count };
    return Response.json(state, { status: calls.draining ? STATUS_CODE.ServiceUnavailable : STATUS_CODE.OK });
  };

  const routes: Routes = {
    "/healthz": { methods: ["GET"], handle: () => Response.json({ status: "ok" }, { headers: named }) },
    "/readyz": { methods: ["GET"], handle: ready },
    "/incoming-call": webhook((parameters, by) => answerCall(parameters, by, options)),
    "/language-chosen": webhook((parameters, by) => languageChosen(parameters, by, options)),
    "/answered-by": webhook((parameters) => takeAnsweredBy(parameters, options)),
    "/after-stream": webhook((parameters) => afterStream(parameters, options)),
    "/after-transfer": webhook((parameters) => afterTransfer(parameters, options)),
    "/call-status": webhook((parameters) => takeStatus(parameters, options)),
    "/stream-status": webhook((parameters) => takeStatus(parameters, options)),
    "/media-stream": { methods: ["GET"], handle: stream },
    ...options.admin,
  };
  return async (request, peer) => {
    // The host is the client's word.
    if (!URL.canParse(request.url)) {
      refusals.count("request", "bad address");
      return problem(STATUS_CODE.BadRequest, "The Host header is malformed");
    }
    const { pathname } = new URL(request.url);
    const route = routeOf(pathname, routes);
    if (!route) {
      refusals.count("request", "no such address");
      return problem(STATUS_CODE.NotFound, "There is nothing at this address");
    }
    const method = request.method === "HEAD" ? "GET" : request.method;
    if (!route.methods.includes(method)) {
      refusals.count("request", "method");
      const allow = route.methods.join(", ");
      return problem(STATUS_CODE.MethodNotAllowed, `Allowed here: ${allow}`, { allow });
    }
    try {
      return await route.handle(request, peer);
    } catch (error) {
      log.error("request failed", { path: pathname, error: String(error) });
      return problem(STATUS_CODE.InternalServerError, "Something went wrong here; the log says what");
    }
  };
}

/** What a request has to say for itself: the path stays as it was asked for, since that is what was signed. */
function signatureOf(request: Request): { signature: string; path: string } {
  const path = request.url.slice(request.url.indexOf("/", "https://".length));
  return { signature: request.headers.get("x-twilio-signature") ?? "", path };
}
