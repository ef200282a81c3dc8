/** Twilio's HTTP side: it requests TwiML and reports, signed if there is a token to sign with. */

import type { Clock } from "../../clock.ts";
import { CallFailure } from "./call_failure.ts";
import { twilioSignature } from "./sign.ts";
import type { Note } from "./timeline.ts";
import type { Callback } from "./twiml.ts";

/** Twilio gives a webhook so long in all (11205 beyond it). */
const TIMEOUT_MS = 15_000;

/** Requests on behalf of one call. */
export class Webhooks {
  readonly #clock: Clock;
  readonly #fields: Record<string, string>;
  readonly #authToken: string | undefined;
  readonly #reach: (url: URL) => URL;

  /**
   * @param fields The form fields every request carries.
   * @param authToken Signs every request, if given.
   * @param reach Where to really find a public URL; the public one is signed.
   */
  constructor(
    clock: Clock,
    fields: Record<string, string>,
    authToken: string | undefined,
    reach: (url: URL) => URL,
  ) {
    this.#clock = clock;
    this.#fields = fields;
    this.#authToken = authToken;
    this.#reach = reach;
  }

  /** The headers of a request to `url`: its signature, or none. */
  async headers(url: URL, form?: Record<string, string>): Promise<Record<string, string>> {
    if (this.#authToken === undefined) return {};
    return { "X-Twilio-Signature": await twilioSignature(this.#authToken, url.href, form) };
  }

  /**
   * Requests a TwiML document.
   *
   * @throws {CallFailure} naming Twilio's error code, if what came is none.
   */
  async twiml({ url, method }: Callback, fields: Record<string, string>): Promise<string> {
    const response = await this.request({ url, method }, fields);
    const type = response.type.split(";", 1)[0]?.trim().toLowerCase() ?? "";
    if (response.status < 200 || response.status > 299) {
      throw new CallFailure(
        `Cannot get TwiML from ${url}: it answered ${response.status} (11200)${hint(response)}`,
      );
    }
    if (!["text/xml", "application/xml", "text/html"].includes(type)) {
      throw new CallFailure(
        `Cannot run what ${url} answered: it is "${type}", "text/xml" was expected (12300)`,
      );
    }
    return response.text;
  }

  /** Sends one request with the call's fields and these. @throws {CallFailure} if no answer came. */
  async request(
    { url, method }: Callback,
    fields: Record<string, string>,
  ): Promise<{ status: number; type: string; text: string }> {
    const form = { ...this.#fields, ...fields };
    const encoded = new URLSearchParams(form);
    const target = new URL(url);
    if (method === "GET") { for (const [name, value] of encoded) target.searchParams.append(name, value); }
    const headers = await this.headers(target, method === "POST" ? form : undefined);
    const abort = new AbortController();
    const cancel = this.#clock.after(TIMEOUT_MS, () => abort.abort());
    try {
      const body = method === "POST" ? encoded : null;
      const response = await fetch(this.#reach(target), { method, headers, body, signal: abort.signal });
      const text = await response.text();
      return { status: response.status, type: response.headers.get("content-type") ?? "", text };
    } catch (error) {
      const why = abort.signal.aborted
        ? `no answer within ${TIMEOUT_MS / 1000} s (11205)`
        : `${error instanceof Error ? error.message : error} (11200)`;
      throw new CallFailure(`Cannot reach ${url}: ${why}. Is the server running, and is the address right?`);
    } finally {
      cancel();
    }
  }
}

/** Tells a callback something; that it cannot be told is a warning, as it is to Twilio. */
export async function tell(
  webhooks: Webhooks,
  note: Note,
  callback: Callback,
  fields: Record<string, string>,
): Promise<void> {
  try {
    const { status } = await webhooks.request(callback, fields);
    if (status > 299) throw new CallFailure(`${callback.url} answered ${status}`);
  } catch (failure) {
    if (!(failure instanceof CallFailure)) throw failure;
    note("twilio", "warning 11200", { detail: `status callback: ${failure.message}` });
  }
}

function hint({ status }: { status: number }): string {
  if (status === 403) return ": its TWILIO_AUTH_TOKEN or PUBLIC_URL differ from the caller's";
  if (status === 503) return ": it takes no calls at the moment";
  return "";
}
