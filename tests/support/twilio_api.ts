import type { JsonObject } from "../../src/json.ts";
import { Bell } from "./bell.ts";

export const ACCOUNT_SID = `AC${"1".repeat(32)}`;
export const AUTH_TOKEN = "the-auth-token";
export const KEY_SID = `SK${"2".repeat(32)}`;
export const KEY_SECRET = "the-key-secret";
export const NUMBER_SID = `PN${"3".repeat(32)}`;
export const NUMBER = "+15559870000";

/** One request as it came. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  readonly type: string;
  /** Query of a GET, form of a POST, in the order of their names. */
  readonly form: readonly (readonly [string, string])[];
}

/** Says instead of the API's own answer; undefined lets that one through. */
export type Instead = (request: ApiRequest) => Response | undefined;

/** Twilio's REST API for one account with one number: basic authentication, JSON, errors with Twilio's codes. */
export class TwilioApi implements AsyncDisposable {
  readonly requests: ApiRequest[] = [];
  /** What the account's own resource says. */
  account: JsonObject = { sid: ACCOUNT_SID, status: "active", type: "Full", auth_token: AUTH_TOKEN };
  /** The number's resource; undefined for an account without one. */
  number: JsonObject | undefined = {
    sid: NUMBER_SID,
    phone_number: NUMBER,
    voice_url: "https://demo.twilio.com/welcome/voice/",
    voice_method: "POST",
    status_callback: "",
    status_callback_method: "POST",
    voice_application_sid: "",
    trunk_sid: null,
    capabilities: { voice: true, sms: true, mms: false, fax: false },
  };
  /** Status of the calls that were placed, by CallSid. */
  readonly calls = new Map<string, string>();
  /** Whether the key may see the account: a standard one may not. */
  keyIsMain = false;
  instead: Instead = () => undefined;
  /** Added to the `Date` of every answer (s). */
  skewSeconds = 0;
  readonly #bell = new Bell();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      const asked = await readRequest(request);
      this.requests.push(asked);
      this.#bell.ring();
      const response = this.instead(asked) ?? this.#answer(asked);
      response.headers.set("date", new Date(Date.now() + this.skewSeconds * 1000).toUTCString());
      return response;
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Waits for this many requests in all; returns the last of them. */
  async request(count: number): Promise<ApiRequest> {
    return await this.#bell.until(`request ${count} of Twilio's API`, () => this.requests[count - 1]);
  }

  #answer({ method, path, authorization, form }: ApiRequest): Response {
    const base = `/2010-04-01/Accounts/${ACCOUNT_SID}`;
    const byKey = authorization === basic(KEY_SID, KEY_SECRET);
    const isAccount = method === "GET" && path === `${base}.json`;
    if (!byKey && authorization !== basic(ACCOUNT_SID, AUTH_TOKEN)) {
      return twilioError(401, 20003, "Authenticate");
    }
    if (isAccount && byKey && !this.keyIsMain) {
      return twilioError(401, 20003, "Authentication Error - invalid username");
    }
    if (isAccount) return Response.json(this.account);
    const fields = Object.fromEntries(form);
    if (method === "GET" && path === `${base}/IncomingPhoneNumbers.json`) {
      // A part of a number is enough, as it is for Twilio.
      const found = String(this.number?.phone_number).includes(fields.PhoneNumber ?? "");
      return Response.json({ incoming_phone_numbers: this.number && found ? [this.number] : [], page: 0 });
    }
    if (method === "POST" && this.number && path === `${base}/IncomingPhoneNumbers/${NUMBER_SID}.json`) {
      const changed = Object.entries(fields).map(([name, value]) => [snakeCase(name), value]);
      this.number = { ...this.number, ...Object.fromEntries(changed) };
      return Response.json(this.number);
    }
    if (method === "POST" && path === `${base}/Calls.json`) return this.#placeCall(fields);
    const callSid = new RegExp(`^${base}/Calls/(\\w+)\\.json$`).exec(path)?.[1];
    if (method === "POST" && callSid !== undefined && this.calls.has(callSid)) {
      return this.#updateCall(callSid, fields);
    }
    return twilioError(404, 20404, `The requested resource ${path} was not found`);
  }

  #placeCall({ To = "", From, Url, Twiml }: Record<string, string>): Response {
    if (!/^\+[1-9]\d{6,14}$/.test(To)) return twilioError(400, 21211, `The phone number ${To} is not valid`);
    if (From !== this.number?.phone_number) return twilioError(400, 21210, `${From} is not verified`);
    if (!Url && !Twiml) return twilioError(400, 21205, "Url parameter is required");
    const sid = `CA${String(this.calls.size + 1).padStart(32, "0")}`;
    this.calls.set(sid, "queued");
    return Response.json(callResource(sid, "queued"), { status: 201 });
  }

  #updateCall(sid: string, { Status, Twiml }: Record<string, string>): Response {
    const status = this.calls.get(sid) ?? "";
    const over = !["queued", "ringing", "in-progress"].includes(status);
    if (over && Status) return twilioError(404, 20404, `The requested resource ${sid} was not found`);
    if (Twiml && status !== "in-progress") {
      return twilioError(400, 21220, "Call is not in-progress. Cannot redirect.");
    }
    if (Status) this.calls.set(sid, Status);
    return Response.json(callResource(sid, this.calls.get(sid) ?? ""));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function callResource(sid: string, status: string): JsonObject {
  return {
    sid,
    account_sid: ACCOUNT_SID,
    status,
    direction: "outbound-api",
    queue_time: "0",
    duration: null,
  };
}

/** An error as Twilio's API answers it. */
export function twilioError(status: number, code: number, message: string): Response {
  const body = { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status };
  return Response.json(body, { status });
}

export function basic(user: string, password: string): string {
  return `Basic ${btoa(`${user}:${password}`)}`;
}

async function readRequest(request: Request): Promise<ApiRequest> {
  const url = new URL(request.url);
  const body = await request.text();
  const parameters = request.method === "GET" ? url.searchParams : new URLSearchParams(body);
  return {
    method: request.method,
    path: url.pathname,
    authorization: request.headers.get("authorization") ?? "",
    type: request.headers.get("content-type")?.split(";")[0] ?? "",
    form: [...parameters].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0),
  };
}

function snakeCase(name: string): string {
  return name.replaceAll(/(?!^)[A-Z]/g, "_$&").toLowerCase();
}
