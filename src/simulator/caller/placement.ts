/** What every call to a server begins with. */

import { type Clock, systemClock } from "../../clock.ts";
import { openNativeSocket, type OpenSocket } from "./media_socket.ts";
import type { CallOptions } from "./place_call.ts";
import { sid } from "./sid.ts";
import { Timeline } from "./timeline.ts";
import { Webhooks } from "./webhook.ts";

/** Who is called, and by whom. */
export interface PlacementOptions {
  /** Where the server is reached, e.g. "http://localhost:5050". */
  baseUrl: string;
  /** How the server believes to be reached, where that differs: its PUBLIC_URL. Only signatures depend on it. */
  publicUrl?: string;
  /** Reach every address the TwiML names at `baseUrl`'s host: past a tunnel, straight to the server. */
  local?: boolean;
  /** Signs as Twilio would, with the account's auth token. */
  authToken?: string;
  accountSid?: string;
  from?: string;
  to?: string;
  clock?: Clock;
  /** Opens the media stream's socket; Deno's own without it. */
  open?: OpenSocket;
}

/** A call as it can be placed, but for what is said in it, and the address that is told of its end. */
export type Placement =
  & Omit<CallOptions, "part" | "onStream" | "signal">
  & Required<Pick<CallOptions, "callStatus">>;

/** @throws {TypeError} if an address is none. */
export function placementOf(options: PlacementOptions): Placement {
  const { clock = systemClock } = options;
  const callSid = sid("CA"), accountSid = options.accountSid ?? sid("AC");
  const from = options.from ?? "+15550100001", to = options.to ?? "+15550100002";
  const base = httpUrl(options.baseUrl);
  const known = asFolder(options.publicUrl ? httpUrl(options.publicUrl) : base);
  const incoming = new URL("incoming-call", known), status = new URL("call-status", known);
  const reach = (url: URL) => options.local ? atHost(base, url) : url;
  const fields = {
    CallSid: callSid,
    AccountSid: accountSid,
    From: from,
    To: to,
    Caller: from,
    Called: to,
    ApiVersion: "2010-04-01",
    Direction: "inbound",
  };
  return {
    clock,
    timeline: new Timeline(() => clock.now()),
    // What a number is configured with is at the base itself, whatever the server believes its own address to be.
    webhooks: new Webhooks(clock, fields, options.authToken, (url) => {
      return url.href.startsWith(incoming.href) || url.href === status.href ? atHost(base, url) : reach(url);
    }),
    incomingCall: { url: incoming.href, method: "POST" },
    callStatus: { url: status.href, method: "POST" },
    reach,
    accountSid,
    callSid,
    streamSid: sid("MZ"),
    open: options.open ?? openNativeSocket(clock),
  };
}

function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  throw new TypeError(`Cannot call "${text}": an address like "http://localhost:5050" was expected`);
}

function asFolder(url: URL): URL {
  return url.pathname.endsWith("/") ? url : new URL(url.pathname + "/", url);
}

/** The same address at the host of `base`, over TLS only if `base` is. */
function atHost(base: URL, url: URL): URL {
  const secure = base.protocol === "https:";
  const scheme = url.protocol.startsWith("ws") ? (secure ? "wss:" : "ws:") : base.protocol;
  return new URL(`${scheme}//${base.host}${url.pathname}${url.search}`);
}
