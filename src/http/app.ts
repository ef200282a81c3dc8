import { STATUS_CODE } from "@std/http/status";
import type { Calls } from "../call/calls.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../telemetry/log.ts";
import { MediaStream } from "../twilio/media_stream.ts";
import { SignatureCheck } from "../twilio/signature.ts";
import { connectStream, hangup, say, twiml } from "../twilio/twiml.ts";
import { readIncomingCall } from "../twilio/webhook.ts";
import { readWebhook } from "./webhook_input.ts";
import { problem } from "./problem.ts";

/** Said when a call had to be given up. */
const APOLOGY =
  "We are sorry. The assistant cannot be reached at the moment. Please call again later. Goodbye.";

export interface AppOptions {
  readonly calls: Calls;
  readonly clock: Clock;
  readonly log: Log;
  /** Address under which Twilio reaches this service, without a trailing slash. */
  readonly publicUrl: string;
  /** Twilio's token for this account. Without it nothing tells Twilio from a stranger. */
  readonly authToken: string | undefined;
  /** Spoken before the stream, if any. */
  readonly welcome: string | undefined;
}

type Handler = (request: Request) => Response | Promise<Response>;
/** Handles what Twilio sent to a webhook, once it is known to be Twilio's. */
type WebhookHandler = (parameters: URLSearchParams) => Response;

/** The routes, as one request handler. It never throws. */
export function createApp(options: AppOptions): Handler {
  const { calls, log, authToken, publicUrl } = options;
  const check = authToken === undefined ? undefined : new SignatureCheck(authToken, publicUrl);

  const refuse = (request: Request) => {
    log.warn("request refused", { path: new URL(request.url).pathname, why: "signature" });
    return problem(
      STATUS_CODE.Forbidden,
      "The request is not signed by Twilio for this account and address; check TWILIO_AUTH_TOKEN and PUBLIC_URL",
    );
  };
  const webhook = (handle: WebhookHandler): Handler => async (request) => {
    const input = await readWebhook(request);
    if (input instanceof Response) return input;
    const { parameters, body } = input;
    const form = request.method === "POST" && !body ? parameters : [];
    const signed = { ...signatureOf(request), parameters: form, ...(body ? { body } : {}) };
    return check && !check.webhook(signed) ? refuse(request) : handle(parameters);
  };
  const stream: Handler = (request) => {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return problem(STATUS_CODE.UpgradeRequired, "This address speaks WebSocket only", {
        upgrade: "websocket",
      });
    }
    return check && !check.handshake(signatureOf(request)) ? refuse(request) : openStream(request, options);
  };

  const routes: Record<string, { readonly methods: readonly string[]; readonly handle: Handler }> = {
    "/": { methods: ["GET"], handle: () => Response.json({ message: "Parley is running" }) },
    "/healthz": { methods: ["GET"], handle: () => Response.json({ status: "ok" }) },
    "/readyz": { methods: ["GET"], handle: () => Response.json({ status: "ready", calls: calls.count }) },
    "/incoming-call": {
      methods: ["GET", "POST"],
      handle: webhook((parameters) => answerCall(parameters, options)),
    },
    "/after-stream": {
      methods: ["GET", "POST"],
      handle: webhook((parameters) => afterStream(parameters, calls)),
    },
    "/media-stream": { methods: ["GET"], handle: stream },
  };
  return async (request) => {
    const route = routes[new URL(request.url).pathname];
    if (!route) return problem(STATUS_CODE.NotFound, "There is nothing at this address");
    const method = request.method === "HEAD" ? "GET" : request.method;
    if (!route.methods.includes(method)) {
      const allow = route.methods.join(", ");
      return problem(STATUS_CODE.MethodNotAllowed, `Allowed here: ${allow}`, { allow });
    }
    try {
      return await route.handle(request);
    } catch (error) {
      log.error("request failed", { path: new URL(request.url).pathname, error: String(error) });
      return problem(STATUS_CODE.InternalServerError, "Something went wrong here; the log says what");
    }
  };
}

/** What a request has to say for itself: the path stays as it was asked for, since that is what was signed. */
function signatureOf(request: Request): { signature: string; path: string } {
  const path = request.url.slice(request.url.indexOf("/", "https://".length));
  return { signature: request.headers.get("x-twilio-signature") ?? "", path };
}

/** The voice webhook: announces the call and connects it to our media stream. */
function answerCall(parameters: URLSearchParams, { calls, publicUrl, welcome }: AppOptions): Response {
  const incoming = readIncomingCall(parameters);
  const token = calls.announce(incoming);
  return xml(twiml(
    ...(welcome ? [say(welcome)] : []),
    connectStream({
      url: `${publicUrl.replace(/^http/, "ws")}/media-stream`,
      action: `${publicUrl}/after-stream`,
      parameters: { token, from: incoming.from },
    }),
    hangup,
  ));
}

/** Twilio asks how to go on once we have closed the stream: a call that was given up ends with a sentence. */
function afterStream(parameters: URLSearchParams, calls: Calls): Response {
  const { callSid } = readIncomingCall(parameters);
  return xml(calls.endedBadly(callSid) ? twiml(say(APOLOGY), hangup) : twiml(hangup));
}

function openStream(request: Request, { calls, clock }: AppOptions): Response {
  let upgrade: Deno.WebSocketUpgrade;
  try {
    upgrade = Deno.upgradeWebSocket(request);
  } catch (error) {
    return problem(STATUS_CODE.BadRequest, `The upgrade to WebSocket failed: ${error}`);
  }
  new MediaStream(upgrade.socket, calls, clock);
  return upgrade.response;
}

function xml(document: string): Response {
  return new Response(document, { headers: { "content-type": "text/xml; charset=utf-8" } });
}
