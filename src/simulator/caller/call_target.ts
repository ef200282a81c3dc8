import { type Clock, systemClock } from "../../clock.ts";
import { isLoopbackHost } from "../../loopback_host.ts";
import { connectWebSocket } from "../../model/web_socket/web_socket.ts";
import { newSid } from "../twilio/sid.js";
import type { OpenSocket } from "../twilio/stream_runner.js";
import type { TwilioCallOptions } from "../twilio/twilio_call.js";
import { twilioSignature } from "../../twilio/request_signature.ts";

/** The server to call, the parties and the credentials. */
export interface CallTargetOptions {
  /** Base URL of the server, e.g. "http://localhost:5050". */
  baseUrl: string;
  /** The server's PUBLIC_URL, which signatures are made for. Default: `baseUrl`. */
  publicUrl?: string;
  /** Request every URL of the TwiML at `baseUrl`'s host, without the tunnel in between. */
  local?: boolean | undefined;
  /** Signs requests as Twilio would, with the account's auth token. */
  authToken?: string | undefined;
  /**
   * The server's `ADMIN_TOKEN`, for one that checks no signatures. Sent to this machine or the host of `publicUrl` only, and
   * only without `authToken`.
   */
  adminToken?: string | undefined;
  accountSid?: string;
  from?: string | undefined;
  to?: string;
  /** The assistant that answers, whatever the service's rules say. The service must accept it as a rehearsal. */
  assistant?: string | undefined;
  clock?: Clock;
  /** Opens the media stream's socket. Default: {@linkcode openStreamSocket}. */
  open?: OpenSocket | undefined;
  fetch?: typeof fetch;
}

/** A {@linkcode TwilioCall} without its parties. */
export type CallTarget =
  & Omit<TwilioCallOptions, "createEndpoint" | "dial" | "onStep" | "callSid">
  & Required<Pick<TwilioCallOptions, "callSid" | "statusCallback">>;

/**
 * Opens a socket that sends each frame immediately. Deno's own sends frames in pairs; see
 * docs/design/model-socket.md.
 */
export const openStreamSocket: OpenSocket = (url, headers, handlers, signal) =>
  connectWebSocket(url.href, { headers, handlers, signal });

/** @throws {TypeError} if a URL is malformed or not HTTP. */
export function callTarget(options: CallTargetOptions): CallTarget {
  const { clock = systemClock, local, authToken, open = openStreamSocket, accountSid = newSid("AC") } =
    options;
  const base = httpUrl(options.baseUrl);
  const publicBase = asFolder(options.publicUrl ? httpUrl(options.publicUrl) : base);
  const token = authToken === undefined && isOwn(base, options.publicUrl) ? options.adminToken : undefined;
  const incoming = new URL("incoming-call", publicBase), status = new URL("call-status", publicBase);
  return {
    clock,
    fetch: asAdministrator(options.fetch ?? fetch, base, token),
    // The number's own webhooks are requested at `baseUrl`, whatever PUBLIC_URL is.
    reach: (url) =>
      local || url.href.startsWith(incoming.href) || url.href === status.href ? atHost(base, url) : url,
    ...(authToken !== undefined && { sign: (url, form) => twilioSignature(authToken, url, form) }),
    openSocket: open,
    voiceUrl: { url: incoming.href, method: "POST" },
    statusCallback: { url: status.href, method: "POST" },
    from: options.from ?? "+15550100001",
    to: options.to ?? "+15550100002",
    accountSid,
    callSid: newSid("CA"),
    // The service then counts no carrier's charges, if it believes it: signed, or from the administrator.
    fields: { Rehearsal: "true", ...(options.assistant !== undefined && { Assistant: options.assistant }) },
  };
}

/** Whether the server may know our secrets. */
function isOwn(base: URL, publicUrl: string | undefined): boolean {
  return isLoopbackHost(base.host) || publicUrl !== undefined && URL.parse(publicUrl)?.origin === base.origin;
}

/** Sends the token with each request to the server. */
function asAdministrator(send: typeof fetch, { origin }: URL, token: string | undefined): typeof fetch {
  if (token === undefined) return send;
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (url.origin !== origin) return send(input, init);
    const headers = new Headers(init?.headers);
    headers.set("authorization", `Bearer ${token}`);
    return send(input, { ...init, headers });
  };
}

function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new TypeError(`Cannot call "${text}": expected a URL such as "http://localhost:5050"`);
}

function asFolder(url: URL): URL {
  return url.pathname.endsWith("/") ? url : new URL(url.pathname + "/", url);
}

/** The same path and query at the host of `base`, over TLS only if `base` uses TLS. */
function atHost(base: URL, url: URL): URL {
  const secure = base.protocol === "https:";
  const scheme = url.protocol.startsWith("ws") ? (secure ? "wss:" : "ws:") : base.protocol;
  return new URL(`${scheme}//${base.host}${url.pathname}${url.search}`);
}
