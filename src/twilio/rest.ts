/**
 * A client of Twilio's REST API 2010-04-01.
 *
 * Source: https://www.twilio.com/docs/usage/requests-to-twilio
 */

import { encodeBase64 } from "@std/encoding/base64";
import type { Clock } from "../clock.ts";
import { fetchErrorReason } from "../error_message.ts";
import { isObject, type JsonObject, parseObject } from "../json.ts";
import { type NewCall, newCallForm } from "./new_call.ts";
import { remedyFor } from "./remedies.ts";

/** Time limit of a request including retries (ms). */
const DEADLINE_MS = 10_000;
/** Delay before the first retry (ms); doubles with each retry. */
const FIRST_RETRY_DELAY_MS = 250;

export interface TwilioRestOptions {
  /** Base URL without a trailing slash, such as `https://api.twilio.com`. */
  readonly apiUrl: string;
  readonly accountSid: string;
  readonly authToken?: string | undefined;
  /** Takes precedence over the auth token. */
  readonly apiKey?: { readonly sid: string; readonly secret: string } | undefined;
  readonly clock: Clock;
  /** Jitter source, from 0 to below 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/** A failed request. The message names the request, the reason and what to do. */
export class TwilioError extends Error {
  override readonly name = "TwilioError";

  /**
   * @param status HTTP status; undefined if there was no reply.
   * @param code Twilio's error code: https://www.twilio.com/docs/api/errors
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

/** A phone number of the account. Unset fields are empty strings. */
export interface PhoneNumber {
  readonly sid: string;
  /** E.164. */
  readonly phoneNumber: string;
  readonly voiceUrl: string;
  readonly voiceMethod: string;
  readonly statusCallback: string;
  readonly statusCallbackMethod: string;
  /** If this or `trunkSid` is set, Twilio ignores `voiceUrl`. */
  readonly voiceApplicationSid: string;
  readonly trunkSid: string;
  readonly hasVoice: boolean;
}

/** The webhook Twilio requests when the number is called. */
export interface VoiceWebhook {
  readonly voiceUrl: string;
  readonly method: "GET" | "POST";
  /** Receives call status changes, by POST. */
  readonly statusCallback: string;
}

/** Request parameters; a list becomes several parameters of the same name. */
export type Form = Readonly<Record<string, string | readonly string[]>>;

/** Twilio's REST API for one account. All methods throw {@linkcode TwilioError}. */
export class TwilioRest {
  readonly #options: TwilioRestOptions;
  readonly #authorization: string;

  constructor(options: TwilioRestOptions) {
    this.#options = options;
    const { accountSid, authToken = "", apiKey } = options;
    const credentials = apiKey ? `${apiKey.sid}:${apiKey.secret}` : `${accountSid}:${authToken}`;
    this.#authorization = `Basic ${encodeBase64(credentials)}`;
  }

  /** Reads the account. Needs the auth token or a main API key; other keys get error 20003. */
  async account(): Promise<Account> {
    const { status, type } = await this.request("GET", ".json");
    return { status: text(status), type: text(type) };
  }

  /** Reads a phone number of the account; undefined if the account does not own it. */
  async phoneNumber(number: string): Promise<PhoneNumber | undefined> {
    const { incoming_phone_numbers } = await this.request("GET", "/IncomingPhoneNumbers.json", {
      PhoneNumber: number,
    });
    const list: unknown[] = Array.isArray(incoming_phone_numbers) ? incoming_phone_numbers : [];
    // Twilio matches any number that contains the digits.
    return list.filter(isObject).map(readPhoneNumber).find(({ phoneNumber }) => phoneNumber === number);
  }

  /** Sets the voice webhook of a phone number; returns the updated number. */
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

  /** Places a call; returns its CallSid. After a timeout the call may have been placed nevertheless. */
  async createCall(call: NewCall): Promise<string> {
    const { sid } = await this.request("POST", "/Calls.json", newCallForm(call));
    return text(sid);
  }

  /** Ends a ringing or answered call. Does nothing if the call is already over. */
  async hangUp(callSid: string): Promise<void> {
    try {
      await this.request("POST", callPath(callSid), { Status: "completed" }, true);
    } catch (error) {
      const over = error instanceof TwilioError && (error.code === 20404 || error.code === 21220);
      if (!over) throw error;
    }
  }

  /**
   * Replaces the TwiML of a call in progress.
   *
   * @param twiml At most 4,000 characters.
   */
  async redirect(callSid: string, twiml: string): Promise<void> {
    await this.request("POST", callPath(callSid), { Twiml: twiml });
  }

  /**
   * Sends a request. Retries within 10 s after 429, which Twilio does not process, and after 5xx if `idempotent`.
   *
   * @param path The part after `/2010-04-01/Accounts/{sid}`, such as `/Calls.json`.
   * @param form Query of a GET, body of a POST.
   * @param idempotent Whether sending the request twice has the same effect as sending it once.
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
      for (let delay = FIRST_RETRY_DELAY_MS;; delay *= 2) {
        const { status, body } = await this.#send(method, path, form, timeout.signal);
        if (status >= 200 && status < 300 && body) return body;
        const jittered = delay * (1 + random()) / 2;
        const retry = status === 429 || (idempotent && status >= 500);
        if (!retry || clock.now() + jittered >= deadline) throw errorOf(nameOf(method, path), status, body);
        await new Promise<void>((resolve) => clock.after(jittered, resolve));
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
      const reply = await fetch(url, {
        method,
        headers: { authorization: this.#authorization, accept: "application/json" },
        body: method === "GET" ? null : parameters,
        redirect: "manual",
        signal,
      });
      return { status: reply.status, body: parseObject(await reply.text()) };
    } catch (cause) {
      const reason = signal.aborted ? `it took longer than ${DEADLINE_MS / 1000} s` : fetchErrorReason(cause);
      const message = `Cannot reach Twilio at "${apiUrl}" for ${nameOf(method, path)}: ${reason}; ` +
        "check TWILIO_API_URL, DNS and the firewall";
      throw new TwilioError(message, undefined, undefined, cause);
    }
  }
}

/** Names a request in messages, such as `POST /Calls.json`. */
function nameOf(method: string, path: string): string {
  return path === ".json" ? `${method} of the account` : `${method} ${path}`;
}

function errorOf(request: string, status: number, body: JsonObject | undefined): TwilioError {
  const code = typeof body?.code === "number" ? body.code : undefined;
  const text = typeof body?.message === "string" ? ` ${JSON.stringify(body.message)}` : "";
  const summary = `${status}${code === undefined ? "" : `, error ${code}`}${text}`;
  return new TwilioError(
    `Twilio rejected ${request}: it answered ${summary}; ${remedyFor(status, code)}`,
    status,
    code,
  );
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

/** Twilio sends null for unset fields. */
function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
