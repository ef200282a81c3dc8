/** Twilio's HTTP requests on behalf of one call: TwiML documents and callbacks. */

import { CallError } from "./call_error.js";

/** @import { Clock } from "../../clock.ts" */
/** @import { Callback } from "./twiml_reader.js" */

/**
 * @typedef {object} WebhookOptions
 * @property {Clock} clock
 * @property {typeof fetch} fetch
 * @property {(url: URL) => URL} reach Maps a public URL to a local one. May throw a {@linkcode CallError}.
 * @property {(url: string, form: Record<string, string>) => Promise<string>} [sign] `X-Twilio-Signature`, of the public
 *   URL; without it requests are not signed.
 */

/** Twilio's total timeout for a webhook (error 11205). */
const TIMEOUT_MS = 15_000;
const TWIML_TYPES = ["text/xml", "application/xml", "text/html"];

export class WebhookClient {
  /** URL of the running document, the base of relative URLs in it. */
  documentUrl;
  #options;
  #fields;
  #onFailure;
  /** @type {Promise<void>[]} */
  #notifications = [];

  /**
   * @param {WebhookOptions} options
   * @param {Record<string, string>} fields Form fields of every request.
   * @param {string} documentUrl
   * @param {(url: string, why: string) => void} onFailure A callback could not be delivered (warning 11200).
   */
  constructor(options, fields, documentUrl, onFailure) {
    this.#options = options;
    this.#fields = fields;
    this.documentUrl = documentUrl;
    this.#onFailure = onFailure;
  }

  /** Resolves when every callback was delivered, or could not be. */
  async delivered() {
    await Promise.all(this.#notifications);
  }

  /**
   * Requests the next document, which becomes {@linkcode documentUrl}.
   *
   * @param {Callback} callback @param {Record<string, string>} fields
   * @param {AbortSignal} signal Aborts the request when the caller hangs up.
   * @returns {Promise<string>} TwiML.
   * @throws {CallError} `unreachable`, `refused`, `invalid-twiml`. Also errors of `reach`.
   */
  async requestTwiml(callback, fields, signal) {
    const url = this.documentUrl = new URL(callback.url, this.documentUrl).href;
    const { status, statusText, type, text } = await this.#request({ ...callback, url }, fields, signal);
    if (status < 200 || status > 299) {
      throw new CallError(
        "refused",
        `Cannot get TwiML from ${url}: it answered ${status} (11200)${hint(status)}`,
        problemOf(text) ?? `${status} ${statusText}`.trim(),
      );
    }
    if (!TWIML_TYPES.includes(type)) {
      throw new CallError(
        "invalid-twiml",
        `Cannot run the response of ${url}: its type is "${type}", expected "text/xml" (12300)`,
      );
    }
    return text;
  }

  /**
   * Sends a callback, if there is one, even from a closing page. A failure is only a warning, as at Twilio.
   *
   * @param {Callback | undefined} callback @param {Record<string, string>} fields
   */
  async notify(callback, fields) {
    if (!callback) return;
    const url = new URL(callback.url, this.documentUrl).href;
    const notification = this.#request({ ...callback, url }, fields).then(
      ({ status }) => {
        if (status > 299) this.#onFailure(url, `${url} answered ${status}`);
      },
      (error) => {
        if (!(error instanceof CallError)) throw error;
        this.#onFailure(url, error.message);
      },
    );
    this.#notifications.push(notification);
    await notification;
  }

  /** The headers of a request: the signature, if there is one. @param {URL} url @param {Record<string, string>} [form] */
  async headers(url, form = {}) {
    const { sign } = this.#options;
    return /** @type {Record<string, string>} */ (
      sign ? { "X-Twilio-Signature": await sign(url.href, form) } : {}
    );
  }

  /** @param {URL} url A public URL. */
  reach(url) {
    return this.#options.reach(url);
  }

  /** @param {Callback} callback @param {Record<string, string>} fields @param {AbortSignal} [signal] */
  async #request({ url, method }, fields, signal) {
    const { fetch, clock } = this.#options;
    const form = { ...this.#fields, ...fields };
    const encoded = new URLSearchParams(form);
    const target = new URL(url);
    if (method === "GET") { for (const [name, value] of encoded) target.searchParams.append(name, value); }
    const headers = await this.headers(target, method === "POST" ? form : {});
    const body = method === "POST" ? encoded : null;
    const timeout = new AbortController();
    const cancel = clock.after(TIMEOUT_MS, () => timeout.abort());
    try {
      const response = await fetch(this.reach(target), {
        method,
        headers,
        body,
        keepalive: !signal,
        signal: signal ? AbortSignal.any([timeout.signal, signal]) : timeout.signal,
      });
      const { status, statusText } = response;
      const type = response.headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
      return { status, statusText, type, text: await response.text() };
    } catch (error) {
      if (error instanceof CallError) throw error;
      const why = timeout.signal.aborted
        ? `no answer within ${TIMEOUT_MS / 1000} s (11205)`
        : `${/** @type {Error} */ (error).message} (11200)`;
      const message = `Cannot reach ${url}: ${why}. Is the server running, and is the address right?`;
      throw new CallError("unreachable", message, why);
    } finally {
      cancel();
    }
  }
}

/** @param {number} status */
function hint(status) {
  if (status === 403) return ": its TWILIO_AUTH_TOKEN or PUBLIC_URL differ from the caller's";
  return status === 503 ? ": it does not accept calls at the moment" : "";
}

/** The `detail` of a problem document (RFC 9457). @param {string} text @returns {string | undefined} */
function problemOf(text) {
  try {
    return JSON.parse(text).detail;
  } catch {
    return undefined;
  }
}
