/** Twilio's HTTP side of a call: asks for documents, and tells how it goes. */

/** Twilio gives a webhook so long in all (ms). */
const WEBHOOK_MS = 15_000;

/** What goes wrong on the way; `name` is one of the page's words, `message` what the service said. */
export class CallError extends Error {
  constructor(name, message = "") {
    super(message);
    this.name = name;
  }
}

/** Requests on behalf of one call. */
export class Webhooks {
  /** The address of the document that is done; those it names are relative to it. */
  document;
  #options;
  /** What the service is being told. */
  #telling = [];

  /**
   * @param options `base`, where the service is for this page; `publicUrl`, where it believes to be; `fields`, what every
   *   form has; `lost(url)`, told what could not be told.
   */
  constructor(options) {
    this.#options = options;
    this.document = `${options.publicUrl}/`;
  }

  /** Asks for the next document, and gives its text. @throws {CallError} */
  async ask({ url, method }, fields, signal) {
    this.document = new URL(url, this.document).href;
    const either = AbortSignal.any([AbortSignal.timeout(WEBHOOK_MS), signal]);
    const response = await this.#request({ url: this.document, method }, fields, { signal: either });
    const text = await response.text();
    if (response.ok) return text;
    throw new CallError("refused", problemOf(text) ?? `${response.status} ${response.statusText}`);
  }

  /** Tells a callback something, where there is one. */
  async tell(callback, fields) {
    const told = callback && this.#report(callback, fields);
    this.#telling.push(told);
    await told;
  }

  /** Resolves when all was told. */
  async told() {
    await Promise.all(this.#telling);
  }

  /**
   * Where this page finds an address of the TwiML: the service's own are wherever the page came from, whatever it believes
   * its address to be. Other hosts a page may not ask.
   *
   * @param scheme `http` or `ws`; encrypted when the page is. @throws {CallError}
   */
  reach(url, scheme) {
    const { base, publicUrl } = this.#options;
    const absolute = new URL(url, this.document).href.replace(/^ws/, "http");
    const known = [publicUrl, base].find((known) => absolute.startsWith(`${known}/`));
    if (known === undefined) throw new CallError("elsewhere", url);
    return new URL((base + absolute.slice(known.length)).replace(/^http/, scheme));
  }

  /** Even from a page on its way out. That it cannot be told is only worth a warning. */
  async #report(callback, fields) {
    try {
      const url = new URL(callback.url, this.document).href;
      const options = { keepalive: true, signal: AbortSignal.timeout(WEBHOOK_MS) };
      const response = await this.#request({ url, method: callback.method }, fields, options);
      await response.text();
    } catch {
      this.#options.lost(callback.url);
    }
  }

  async #request({ url, method }, fields, options) {
    const form = new URLSearchParams({ ...this.#options.fields, ...fields });
    const target = this.reach(url, "http");
    if (method === "GET") { for (const [name, value] of form) target.searchParams.append(name, value); }
    const body = method === "POST" ? form : null;
    try {
      return await fetch(target, { method, body, ...options });
    } catch (error) {
      throw new CallError("unreachable", error.message);
    }
  }
}

/** What an answer of the service's says is wrong (RFC 9457). */
function problemOf(text) {
  try {
    return JSON.parse(text).detail;
  } catch {
    return undefined;
  }
}
