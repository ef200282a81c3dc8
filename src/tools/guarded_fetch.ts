/** Requests to the services a configuration names, and to nothing else, whatever DNS or an answer says. */

import { isIP } from "node:net";
import { AnswerError, exchange, type HttpAnswer, type HttpRequest } from "./http_exchange.ts";
import { isPublic } from "./public_address.ts";

/** Most an answer may have unless another limit is given (bytes). */
export const MAX_BYTES = 64 * 1024;
const MAX_REDIRECTS = 3;

export interface GuardedRequest {
  readonly method: string;
  readonly url: URL;
  /** Beside `host` and the like; see `isHeader`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** What the answer is to be: JSON unless text is asked for. */
  readonly answer?: "json" | "text" | undefined;
}

/** Where requests may go, and what may come back. */
export interface Guard {
  /** Hosts that may be asked, as `URL.host` has them: with the port, unless it is the usual one. */
  readonly hosts: readonly string[];
  /** Whether they may have addresses that are not of the open Internet. */
  readonly allowPrivate?: boolean | undefined;
  /** 64 KiB unless given. */
  readonly maxBytes?: number | undefined;
  /** PEM certificates to trust beside the usual ones. */
  readonly caCerts?: readonly string[] | undefined;
}

/** What a service answered. */
export interface GuardedAnswer {
  readonly status: number;
  /** The JSON, or the text; undefined where the body is empty. */
  readonly content: unknown;
}

/**
 * There is no answer that can be used.
 *
 * The message is a sentence a model may hear: of networks, headers and bodies it says nothing. `detail` is for the log, and
 * has no header, query or body either.
 */
export class FetchError extends Error {
  override readonly name = "FetchError";

  constructor(message: string, readonly detail: string, readonly status?: number) {
    super(message);
  }
}

/**
 * Asks a service.
 *
 * The address of the connection is looked at when it stands and nothing has been sent, so that a name cannot mean one address
 * when it is checked and another when it is used. Looking names up by itself is more than the service's permissions allow.
 * A redirect is followed at the same origin only, three times.
 *
 * @param signal Gives it up.
 * @throws {FetchError} when there is no answer of the type that was asked for. Any status is an answer.
 */
export async function guardedFetch(
  request: GuardedRequest,
  guard: Guard,
  signal: AbortSignal,
): Promise<GuardedAnswer> {
  const accept = request.answer === "text" ? "text/plain" : "application/json";
  let next: HttpRequest = {
    method: request.method,
    url: request.url,
    headers: { accept, ...request.headers },
    body: request.body,
  };
  for (let redirects = 0;; redirects++) {
    const answer = await askOnce(next, guard, signal);
    const { status, headers } = answer;
    const location = headers.get("location");
    if (![301, 302, 303, 307, 308].includes(status) || location === null) {
      return { status, content: content(answer, request.answer ?? "json", next.url) };
    }
    if (redirects === MAX_REDIRECTS) {
      throw unusable(next.url, "The service redirects without end", "redirected more than 3 times", status);
    }
    next = redirected(next, location, status);
  }
}

function redirected(request: HttpRequest, location: string, status: number): HttpRequest {
  const { url, method } = request;
  const to = URL.canParse(location, url) ? new URL(location, url) : undefined;
  if (to?.origin !== url.origin || to.username !== "" || to.password !== "") {
    const where = to ? JSON.stringify(to.origin) : "no address";
    throw unusable(
      url,
      "The service redirects elsewhere, which is not followed",
      `redirects to ${where}`,
      status,
    );
  }
  // As browsers do: https://fetch.spec.whatwg.org/#http-redirect-fetch
  const asGet = status === 303 || (status < 303 && method === "POST");
  if (!asGet || method === "GET") return { ...request, url: to };
  const headers = Object.entries(request.headers).filter(([name]) => !/^content-/i.test(name));
  return { method: "GET", url: to, headers: Object.fromEntries(headers) };
}

async function askOnce(request: HttpRequest, guard: Guard, signal: AbortSignal): Promise<HttpAnswer> {
  const { url } = request;
  const { hosts, allowPrivate = false, maxBytes = MAX_BYTES, caCerts = [] } = guard;
  const secure = url.protocol === "https:";
  if ((!secure && url.protocol !== "http:") || !hosts.includes(url.host)) {
    throw unusable(url, "That service may not be asked", "it is none of the configured hosts");
  }
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const check = (address: string) => {
    if (allowPrivate || isPublic(address)) return;
    const detail =
      `${address} is no public address; if it is meant to be used, allow private addresses for it`;
    throw unusable(url, CANNOT_REACH, detail);
  };
  // With a number there is nothing to look up.
  if (isIP(hostname) !== 0) check(hostname);

  let conn: Deno.Conn | undefined;
  const hangUp = () => {
    try {
      conn?.close();
    } catch {
      // It is closed already, or TLS has taken it over.
    }
  };
  signal.addEventListener("abort", hangUp);
  try {
    const port = Number(url.port) || (secure ? 443 : 80);
    const tcp = conn = await Deno.connect({ hostname, port, signal });
    check(tcp.remoteAddr.hostname);
    if (secure) {
      const tls = conn = await Deno.startTls(tcp, {
        hostname,
        alpnProtocols: ["http/1.1"],
        caCerts: [...caCerts],
      });
      signal.throwIfAborted();
      await tls.handshake();
    }
    return await exchange(conn, request, maxBytes);
  } catch (error) {
    if (error instanceof FetchError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (signal.aborted) throw unusable(url, "The service did not answer in time", "given up");
    if (error instanceof AnswerError) {
      throw unusable(url, `The service's answer is of no use: ${reason}`, reason);
    }
    throw unusable(url, CANNOT_REACH, reason);
  } finally {
    signal.removeEventListener("abort", hangUp);
    hangUp();
  }
}

/** One sentence for all reasons: which ports are open in whose network is nobody's business. */
const CANNOT_REACH = "The service cannot be reached";

function content({ status, headers, body }: HttpAnswer, wanted: "json" | "text", url: URL): unknown {
  if (body.length === 0) return undefined;
  const [type = ""] = (headers.get("content-type") ?? "").toLowerCase().split(";");
  const isJson = /^application\/(?:[\w.+-]+\+)?json$/.test(type.trim());
  if (!isJson && !(wanted === "text" && type.trim() === "text/plain")) {
    const named = /^[\w.+-]+\/[\w.+-]+$/.test(type.trim()) ? type.trim() : "something without a type";
    const says = wanted === "json" ? "JSON" : "plain text";
    const answered = `the service answered ${status} with ${named} instead of ${says}`;
    throw unusable(url, `T${answered.slice(1)}`, answered, status);
  }
  const text = new TextDecoder().decode(body);
  if (!isJson) return text;
  try {
    return JSON.parse(text);
  } catch {
    throw unusable(url, "The service answered with broken JSON", "the answer is broken JSON", status);
  }
}

/** Path and query may hold what is secret. */
function unusable(url: URL, message: string, detail: string, status?: number): FetchError {
  return new FetchError(message, `${url.origin}: ${detail}`, status);
}
