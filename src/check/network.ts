/** The requests of the check, and in plain words why one had no answer. */

import type { Clock } from "../clock.ts";
import { reasonOf } from "../twilio/rest.ts";

/** Longest time for one request (ms). */
export const TIMEOUT_MS = 10_000;
/** Most of an answer that is read (bytes). */
const MAX_TEXT_BYTES = 65_536;

/** What the lines that ask other machines need. */
export interface Network {
  readonly clock: Clock;
  /** Trusts more certificates than the usual ones, if given. */
  readonly client?: Deno.HttpClient;
  /** The same certificates (PEM), for sockets. */
  readonly caCerts: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Why no answer came, and what to do. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";

  constructor(readonly kind: keyof typeof KINDS, reason: string) {
    super(KINDS[kind].says ?? reason);
  }

  get remedy(): string {
    return KINDS[this.kind].remedy;
  }
}

const KINDS: Record<"dns" | "tls" | "refused" | "timeout" | "broken", { says?: string; remedy: string }> = {
  dns: { says: "its name is not known (DNS)", remedy: "check how the name is spelt, and its DNS entry" },
  tls: { remedy: "check the certificate and its chain at whatever speaks TLS there, and that it does" },
  refused: {
    says: "nothing listens there: the connection was refused",
    remedy: "start what should listen there (proxy, tunnel), and check address, port and firewall",
  },
  timeout: {
    says: `there was no answer within ${TIMEOUT_MS / 1000} s`,
    remedy: "check the address and the firewall: a packet filter often says nothing at all",
  },
  broken: { remedy: "check what listens there, and the network" },
};

/**
 * One request, not redirected, with the beginning of its answer.
 *
 * @throws {NoAnswer} when none came.
 */
export async function ask(url: string, network: Network, init: RequestInit = {}): Promise<Answer> {
  const { clock, client } = network;
  const timeout = new AbortController();
  const cancel = clock.after(TIMEOUT_MS, () => timeout.abort());
  try {
    const options = { ...init, redirect: "manual" as const, signal: timeout.signal };
    const response = await fetch(url, client ? { ...options, client } : options);
    return { status: response.status, headers: response.headers, text: await readText(response) };
  } catch (error) {
    throw whyNot(error, timeout.signal.aborted);
  } finally {
    cancel();
  }
}

/** Puts a failed connection into words. */
export function whyNot(error: unknown, timedOut: boolean): NoAnswer {
  const reason = reasonOf(error);
  // Deno has no codes for these, only texts, of the operating system and of its TLS library.
  const kind = timedOut
    ? "timeout"
    : /\bdns\b|failed to lookup|ENOTFOUND/i.test(reason)
    ? "dns"
    : /certificate|\btls\b|handshake|corrupt message|InvalidContentType/i.test(reason)
    ? "tls"
    : /refused/i.test(reason)
    ? "refused"
    : "broken";
  return new NoAnswer(kind, reason);
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  // Leaving the loop cancels the rest.
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_TEXT_BYTES) break;
  }
  return text;
}
