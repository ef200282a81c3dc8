/**
 * What Parley asks of Twilio by itself: the REST API of 2010-04-01, over plain fetch.
 * Source: https://www.twilio.com/docs/usage/requests-to-twilio
 */

import { encodeBase64 } from "@std/encoding/base64";
import type { Clock } from "../clock.ts";
import { isObject, type JsonObject, parseObject } from "../json.ts";
import { type NewCall, newCallForm } from "./new_call.ts";
import { remedy } from "./remedies.ts";

/** Longest time for one request with all its repetitions (ms). */
const DEADLINE_MS = 10_000;
/** Wait before the first repetition (ms); it doubles each time. */
const FIRST_PAUSE_MS = 250;

export interface TwilioRestOptions {
  /** Such as `https://api.twilio.com`, without a trailing slash. */
  readonly apiUrl: string;
  readonly accountSid: string;
  readonly authToken?: string | undefined;
  /** Used instead of the auth token, if given. */
  readonly apiKey?: { readonly sid: string; readonly secret: string } | undefined;
  readonly clock: Clock;
  /** From 0 to below 1: spreads the repetitions of requests that were refused together. */
  readonly random?: () => number;
}

/** A request Twilio did not grant; the message says which, why and what to do. */
export class TwilioError extends Error {
  override readonly name = "TwilioError";

  /**
   * @param status HTTP status; undefined when no answer came.
   * @param code Twilio's own, https://www.twilio.com/docs/api/errors.
   */
  constructor(
    message: string,
    readonly status: number | undefined,
    readonly code: number | undefined,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

export interface Account {
  /** `active`, `suspended` or `closed`. */
  readonly status: string;
  /** `Trial` or `Full`. */
  readonly type: string;
}

/** A number of the account. Texts are empty where nothing is set. */
export interface PhoneNumber {
  readonly sid: string;
  /** E.164. */
  readonly phoneNumber: string;
  readonly voiceUrl: string;
  readonly voiceMethod: string;
  readonly statusCallback: string;
  readonly statusCallbackMethod: string;
  /** With one of these two Twilio looks at no `voiceUrl`. */
  readonly voiceApplicationSid: string;
  readonly trunkSid: string;
  readonly hasVoice: boolean;
}

/** Where Twilio should turn when the number is called. */
export interface VoiceWebhook {
  readonly voiceUrl: string;
  readonly method: "GET" | "POST";
  /** Told the progress of calls, by POST. */
  readonly statusCallback: string;
}

/** Parameters of a request; a list repeats its name. */
export type Form = Readonly<Record<string, string | readonly string[]>>;

/** Twilio's REST API for one account. Every method throws {@linkcode TwilioError}. */
export class TwilioRest {
  readonly #options: TwilioRestOptions;
  readonly #authorization: string;

  constructor(options: TwilioRestOptions) {
    this.#options = options;
    const { accountSid, authToken = "", apiKey } = options;
    const credentials = apiKey ? `${apiKey.sid}:${apiKey.secret}` : `${accountSid}:${authToken}`;
    this.#authorization = `Basic ${encodeBase64(credentials)}`;
  }

  /** The account itself. A standard or restricted API key may not see it and gets 20003; the auth token may. */
  async account(): Promise<Account> {
    const { status, type } = await this.request("GET", ".json");
    return { status: text(status), type: text(type) };
  }

  /** The account's number, or undefined if it has no such one. */
  async phoneNumber(number: string): Promise<PhoneNumber | undefined> {
    const answer = await this.request("GET", "/IncomingPhoneNumbers.json", { PhoneNumber: number });
    const list: unknown[] = Array.isArray(answer.incoming_phone_numbers) ? answer.incoming_phone_numbers : [];
    // Twilio looks for the digits anywhere in a number.
    return list.filter(isObject).map(readPhoneNumber).find(({ phoneNumber }) => phoneNumber === number);
  }

  /** Makes calls to a number come to a webhook; gives the number as it is then. */
  async setVoiceWebhook(numberSid: string, webhook: VoiceWebhook): Promise<PhoneNumber> {
    const path = `/IncomingPhoneNumbers/${encodeURIComponent(numberSid)}.json`;
    return readPhoneNumber(
      await this.request("POST", path, {
        StatusCallback: webhook.statusCallback,
        StatusCallbackMethod: "POST",
        VoiceMethod: webhook.method,
        VoiceUrl: webhook.voiceUrl,
      }),
    );
  }

  /** Places a call; gives its CallSid. After an answer that did not come, the call may have been placed all the same. */
  async createCall(call: NewCall): Promise<string> {
    const { sid } = await this.request("POST", "/Calls.json", newCallForm(call));
    return text(sid);
  }

  /** Ends a call, whether it rings or is answered. One that is over already is no error. */
  async hangUp(callSid: string): Promise<void> {
    try {
      await this.request("POST", callPath(callSid), { Status: "completed" }, true);
    } catch (error) {
      const over = error instanceof TwilioError && (error.code === 20404 || error.code === 21220);
      if (!over) throw error;
    }
  }

  /**
   * Makes a call in progress go on with another document.
   *
   * @param twiml At most 4,000 characters.
   */
  async redirect(callSid: string, twiml: string): Promise<void> {
    await this.request("POST", callPath(callSid), { Twiml: twiml });
  }

  /**
   * One request, repeated within 10 s where that is safe: after 429, which was not processed, and after 5xx if asking
   * twice does no more than asking once.
   *
   * @param path What follows `/2010-04-01/Accounts/{sid}`, such as `/Calls.json`.
   * @param form The query of a GET, the body of a POST.
   */
  async request(
    method: "GET" | "POST",
    path: string,
    form: Form = {},
    idempotent: boolean = method === "GET",
  ): Promise<JsonObject> {
    const { clock, random = Math.random } = this.#options;
    const deadline = clock.now() + DEADLINE_MS;
    const timeout = new AbortController();
    const cancelTimeout = clock.after(DEADLINE_MS, () => timeout.abort());
    try {
      for (let pause = FIRST_PAUSE_MS;; pause *= 2) {
        const { status, body } = await this.#send(method, path, form, timeout.signal);
        if (status >= 200 && status < 300 && body) return body;
        const wait = pause * (1 + random()) / 2;
        const repeat = status === 429 || (idempotent && status >= 500);
        if (!repeat || clock.now() + wait >= deadline) throw refusal(`${method} ${path}`, status, body);
        await new Promise<void>((resolve) => clock.after(wait, resolve));
      }
    } finally {
      cancelTimeout();
    }
  }

  async #send(
    method: "GET" | "POST",
    path: string,
    form: Form,
    signal: AbortSignal,
  ): Promise<{ status: number; body: JsonObject | undefined }> {
    const { apiUrl, accountSid } = this.#options;
    const url = new URL(`${apiUrl}/2010-04-01/Accounts/${accountSid}${path}`);
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(form)) {
      for (const each of typeof value === "string" ? [value] : value) parameters.append(name, each);
    }
    if (method === "GET") url.search = parameters.toString();
    try {
      const response = await fetch(url, {
        method,
        headers: { authorization: this.#authorization, accept: "application/json" },
        body: method === "GET" ? null : parameters,
        redirect: "manual",
        signal,
      });
      return { status: response.status, body: parseObject(await response.text()) };
    } catch (cause) {
      const why = signal.aborted ? `it took longer than ${DEADLINE_MS / 1000} s` : reasonOf(cause);
      const message = `Cannot reach Twilio at "${apiUrl}" for ${method} ${path}: ${why}; ` +
        "check TWILIO_API_URL, DNS and the firewall";
      throw new TwilioError(message, undefined, undefined, cause);
    }
  }
}

/** Why a fetch failed, without the address. Newer versions of Deno put it into the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message.replace(/^.*\(Connect\): /, "") : reasonOf(error.cause);
}

function refusal(request: string, status: number, body: JsonObject | undefined): TwilioError {
  const code = typeof body?.code === "number" ? body.code : undefined;
  const said = typeof body?.message === "string" ? ` ${JSON.stringify(body.message)}` : "";
  const answer = `${status}${code === undefined ? "" : `, error ${code}`}${said}`;
  const message = `Twilio did not grant ${request}: it answered ${answer}; ${remedy(status, code)}`;
  return new TwilioError(message, status, code);
}

function callPath(callSid: string): string {
  return `/Calls/${encodeURIComponent(callSid)}.json`;
}

function readPhoneNumber(fields: JsonObject): PhoneNumber {
  const { capabilities } = fields;
  return {
    sid: text(fields.sid),
    phoneNumber: text(fields.phone_number),
    voiceUrl: text(fields.voice_url),
    voiceMethod: text(fields.voice_method),
    statusCallback: text(fields.status_callback),
    statusCallbackMethod: text(fields.status_callback_method),
    voiceApplicationSid: text(fields.voice_application_sid),
    trunkSid: text(fields.trunk_sid),
    hasVoice: isObject(capabilities) && capabilities.voice === true,
  };
}

/** Twilio says null where nothing is set. */
function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
