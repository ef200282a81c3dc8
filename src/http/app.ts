import { STATUS_CODE } from "@std/http/status";
import type { Calls } from "../call/calls.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../telemetry/log.ts";
import { MediaStream } from "../twilio/media_stream.ts";
import { connectStream, hangup, say, twiml } from "../twilio/twiml.ts";
import { readIncomingCall } from "../twilio/webhook.ts";
import { readParameters } from "./parameters.ts";
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
  /** Spoken before the stream, if any. */
  readonly welcome: string | undefined;
}

type Handler = (request: Request) => Response | Promise<Response>;

/** The routes, as one request handler. It never throws. */
export function createApp(options: AppOptions): Handler {
  const { calls, log } = options;
  const routes: Record<string, { readonly methods: readonly string[]; readonly handle: Handler }> = {
    "/": { methods: ["GET"], handle: () => Response.json({ message: "Parley is running" }) },
    "/healthz": { methods: ["GET"], handle: () => Response.json({ status: "ok" }) },
    "/readyz": { methods: ["GET"], handle: () => Response.json({ status: "ready", calls: calls.count }) },
    "/incoming-call": { methods: ["GET", "POST"], handle: (request) => answerCall(request, options) },
    "/after-stream": { methods: ["GET", "POST"], handle: (request) => afterStream(request, calls) },
    "/media-stream": { methods: ["GET"], handle: (request) => openStream(request, options) },
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

/** The voice webhook: announces the call and connects it to our media stream. */
async function answerCall(request: Request, { calls, publicUrl, welcome }: AppOptions): Promise<Response> {
  const parameters = await readParameters(request);
  if (parameters instanceof Response) return parameters;
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
async function afterStream(request: Request, calls: Calls): Promise<Response> {
  const parameters = await readParameters(request);
  if (parameters instanceof Response) return parameters;
  const { callSid } = readIncomingCall(parameters);
  return xml(calls.endedBadly(callSid) ? twiml(say(APOLOGY), hangup) : twiml(hangup));
}

function openStream(request: Request, { calls, clock }: AppOptions): Response {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return problem(STATUS_CODE.UpgradeRequired, "This address speaks WebSocket only", {
      upgrade: "websocket",
    });
  }
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
