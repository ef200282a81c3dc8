/** HTTP requests to configured hosts only, protected against DNS rebinding and redirects to other hosts (SSRF). */

import { isIP } from "node:net";
import { messageOf } from "../error_message.ts";
import { connect } from "../net/connect.ts";
import {
  type HttpRequest,
  type HttpResponse,
  HttpResponseError,
  sendHttpRequest,
} from "../net/http_exchange.ts";
import { isPublicAddress } from "../net/public_address.ts";

/** Default limit of a response body (bytes). */
const MAX_BYTES = 64 * 1024;
const MAX_REDIRECTS = 3;

export interface GuardedRequest {
  readonly method: string;
  readonly url: URL;
  /** Without reserved headers; see {@linkcode isValidHeader}. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Expected content. `text` also accepts JSON. Default: `json`. */
  readonly expect?: "json" | "text" | undefined;
}

/** Allowed hosts and maximum response size. */
export interface FetchPolicy {
  /** Allowed hosts in the form of `URL.host`: with the port unless it is the scheme's default. */
  readonly hosts: readonly string[];
  /** Whether the hosts may have private addresses. Default: false. */
  readonly allowPrivate?: boolean | undefined;
  /** Maximum size of the response body. Default: 64 KiB. */
  readonly maxBytes?: number | undefined;
  /** PEM certificates to trust in addition to the system's. */
  readonly caCerts?: readonly string[] | undefined;
}

/** The response of a service. */
export interface GuardedResponse {
  readonly status: number;
  /** The parsed JSON or the text; undefined if the body is empty. */
  readonly content: unknown;
}

/**
 * The request failed or its response is unusable.
 *
 * `message` is safe for the model: it reveals nothing about networks, headers and bodies. `detail` is for the log and
 * contains no header, query or body either.
 */
export class FetchError extends Error {
  override readonly name = "FetchError";

  constructor(message: string, readonly detail: string, readonly status?: number) {
    super(message);
  }
}

/**
 * Requests a URL of an allowed host. Follows up to three redirects, within the same origin only.
 *
 * Checks the remote address after connecting and before sending anything, so a host name cannot resolve to another
 * address between check and use. A separate DNS lookup would need more permissions than the service has.
 *
 * @param signal Cancels the request.
 * @throws {FetchError} if there is no response with the expected content. Any status counts as a response.
 */
export async function guardedFetch(
  request: GuardedRequest,
  policy: FetchPolicy,
  signal: AbortSignal,
): Promise<GuardedResponse> {
  const accept = request.expect === "text" ? "text/plain" : "application/json";
  let next: HttpRequest = {
    method: request.method,
    url: request.url,
    headers: { accept, ...request.headers },
    body: request.body,
  };
  for (let redirects = 0;; redirects++) {
    const response = await sendOnce(next, policy, signal);
    const { status, headers } = response;
    const location = headers.get("location");
    if (![301, 302, 303, 307, 308].includes(status) || location === null) {
      return { status, content: readContent(response, request.expect ?? "json", next.url) };
    }
    if (redirects === MAX_REDIRECTS) {
      throw failure(next.url, "The service redirects too often", "redirected more than 3 times", status);
    }
    next = redirectedRequest(next, location, status);
  }
}

/**
 * Posts to a URL of an allowed host, with the checks of {@linkcode guardedFetch}, and follows no redirect.
 *
 * @returns the status; the body is ignored.
 * @throws {FetchError} if there is no response.
 */
export async function guardedPost(
  { url, headers, body }: Required<Pick<GuardedRequest, "url" | "headers" | "body">>,
  policy: FetchPolicy,
  signal: AbortSignal,
): Promise<number> {
  return (await sendOnce({ method: "POST", url, headers, body }, policy, signal)).status;
}

function redirectedRequest(request: HttpRequest, location: string, status: number): HttpRequest {
  const { url, method } = request;
  const to = URL.canParse(location, url) ? new URL(location, url) : undefined;
  if (to?.origin !== url.origin || to.username !== "" || to.password !== "") {
    const where = to ? JSON.stringify(to.origin) : "an invalid address";
    throw failure(
      url,
      "The service redirects to another host, which is not allowed",
      `redirects to ${where}`,
      status,
    );
  }
  // Source: https://fetch.spec.whatwg.org/#http-redirect-fetch
  const asGet = status === 303 || (status < 303 && method === "POST");
  if (!asGet || method === "GET") return { ...request, url: to };
  const headers = Object.entries(request.headers).filter(([name]) => !/^content-/i.test(name));
  return { method: "GET", url: to, headers: Object.fromEntries(headers) };
}

async function sendOnce(
  request: HttpRequest,
  policy: FetchPolicy,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { url } = request;
  const { hosts, allowPrivate = false, maxBytes = MAX_BYTES, caCerts } = policy;
  if (!/^https?:$/.test(url.protocol) || !hosts.includes(url.host)) {
    throw failure(url, "That service is not allowed", "not one of the configured hosts");
  }
  const check = (address: string) => {
    if (allowPrivate || isPublicAddress(address)) return;
    throw failure(
      url,
      CANNOT_REACH,
      `${address} is not a public address; to use it, allow private addresses`,
    );
  };
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  // An IP address can be checked without connecting.
  if (isIP(hostname) !== 0) check(hostname);
  const onTcp = (tcp: Deno.TcpConn) => check(tcp.remoteAddr.hostname);
  try {
    return await connect(url, { signal, caCerts, onTcp }, async (conn) => {
      const response = await sendHttpRequest(conn, request, maxBytes);
      conn.close();
      return response;
    });
  } catch (error) {
    if (error instanceof FetchError) throw error;
    const reason = messageOf(error);
    if (signal.aborted) throw failure(url, "The service did not respond in time", "cancelled");
    if (error instanceof HttpResponseError) {
      throw failure(url, `The service's response is unusable: ${reason}`, reason);
    }
    throw failure(url, CANNOT_REACH, reason);
  }
}

/** The same message for all reasons, so that a model cannot probe networks and ports. */
const CANNOT_REACH = "The service cannot be reached";

function readContent(
  { status, headers, body }: HttpResponse,
  expected: "json" | "text",
  url: URL,
): unknown {
  if (body.length === 0) return undefined;
  const type = (headers.get("content-type") ?? "").split(";", 1).join().trim().toLowerCase();
  const isJson = /^application\/(?:[\w.+-]+\+)?json$/.test(type);
  if (!isJson && !(expected === "text" && type === "text/plain")) {
    const actualType = /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : "an unknown type";
    const expectedType = expected === "json" ? "JSON" : "plain text";
    const problem = `service responded ${status} with ${actualType} instead of ${expectedType}`;
    throw failure(url, `The ${problem}`, `the ${problem}`, status);
  }
  const text = new TextDecoder().decode(body);
  if (!isJson) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw failure(url, "The service responded with invalid JSON", "the response is invalid JSON", status);
  }
}

/** `detail` gets the origin only: path and query may contain secrets. */
function failure(url: URL, message: string, detail: string, status?: number): FetchError {
  return new FetchError(message, `${url.origin}: ${detail}`, status);
}
