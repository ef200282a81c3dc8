/** HTTP requests of the checks, and readable reasons why one failed. */

import type { Clock } from "../clock.ts";
import { fetchErrorReason, isDnsFailure } from "../error_message.ts";

/** Timeout of one request (ms). */
export const TIMEOUT_MS = 10_000;
/** Maximum length read of a response body (characters). */
const MAX_BODY_LENGTH = 65_536;

export interface Network {
  readonly clock: Clock;
  /** Trusts `caCerts` in addition to the system's certificates. */
  readonly client?: Deno.HttpClient;
  /** Additional trusted certificates (PEM), for sockets. */
  readonly caCerts: readonly string[];
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A request without a response: the message says why, `remedy` what to do. */
export class RequestFailure extends Error {
  override readonly name = "RequestFailure";

  constructor(readonly kind: keyof typeof KINDS, reason: string) {
    super(KINDS[kind].message ?? reason);
  }

  get remedy(): string {
    return KINDS[this.kind].remedy;
  }
}

const KINDS: Record<"dns" | "tls" | "refused" | "timeout" | "broken", { message?: string; remedy: string }> =
  {
    dns: {
      message: "the name does not resolve (DNS)",
      remedy: "check the spelling of the name and its DNS entry",
    },
    tls: { remedy: "check that the server speaks TLS, its certificate and the certificate chain" },
    refused: {
      message: "connection refused: nothing listens there",
      remedy: "start the proxy, tunnel or service, and check address, port and firewall",
    },
    timeout: {
      message: `no response within ${TIMEOUT_MS / 1000} s`,
      remedy: "check the address and the firewall, which may drop packets silently",
    },
    broken: { remedy: "check the server and the network" },
  };

/**
 * Sends one request without following redirects, and reads the beginning of the body.
 *
 * @throws {RequestFailure} if there is no response within {@linkcode TIMEOUT_MS}.
 */
export async function request(url: string, network: Network, init: RequestInit = {}): Promise<HttpResponse> {
  const { clock, client } = network;
  const timeout = new AbortController();
  const cancel = clock.after(TIMEOUT_MS, () => timeout.abort());
  try {
    const options = {
      ...init,
      redirect: "manual" as const,
      signal: timeout.signal,
      ...(client && { client }),
    };
    const response = await fetch(url, options);
    return { status: response.status, headers: response.headers, text: await readText(response) };
  } catch (error) {
    throw toRequestFailure(error, timeout.signal.aborted);
  } finally {
    cancel();
  }
}

/** Classifies the error of a failed connection. */
export function toRequestFailure(error: unknown, timedOut: boolean): RequestFailure {
  const reason = fetchErrorReason(error);
  // Deno gives no error codes here, only messages of the operating system and of its TLS library.
  const kind = timedOut
    ? "timeout"
    : isDnsFailure(reason)
    ? "dns"
    : /certificate|\btls\b|handshake|corrupt message|InvalidContentType/i.test(reason)
    ? "tls"
    : /refused/i.test(reason)
    ? "refused"
    : "broken";
  return new RequestFailure(kind, reason);
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  // Leaving the loop cancels the body.
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_BODY_LENGTH) break;
  }
  return text;
}
