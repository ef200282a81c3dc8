import type { JsonObject } from "../../src/json.ts";
import { ChangeSignal } from "./wait_until.ts";

export const ACCOUNT_SID = `AC${"1".repeat(32)}`;
export const AUTH_TOKEN = "0123456789abcdef0123456789abcdef";
export const KEY_SID = `SK${"2".repeat(32)}`;
export const KEY_SECRET = "the-key-secret";
export const NUMBER_SID = `PN${"3".repeat(32)}`;
export const NUMBER = "+15559870000";

/** A received request. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string;
  readonly type: string;
  /** Query of a GET, form of a POST, sorted by name. */
  readonly form: readonly (readonly [string, string])[];
}

/** Replaces the API's own response, unless it returns undefined. */
export type ResponseOverride = (
  request: ApiRequest,
) => Response | undefined | Promise<Response | undefined>;

/** A stand-in for Twilio's REST API: one account, one number, basic authentication, Twilio's error codes. */
export class TwilioApi implements AsyncDisposable {
  readonly requests: ApiRequest[] = [];
  /** The account resource. */
  account: JsonObject = { sid: ACCOUNT_SID, status: "active", type: "Full", auth_token: AUTH_TOKEN };
  /** The number resource; undefined for an account without a number. */
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
  /** Status of the placed calls, by CallSid. */
  readonly calls = new Map<string, string>();
  /** Whether the API key may read the account; a standard key may not. */
  keyIsMain = false;
  override: ResponseOverride = () => undefined;
  /** Added to the `Date` header of every response (s). */
  clockSkewSeconds = 0;
  readonly #changes = new ChangeSignal();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      const received = await readRequest(request);
      this.requests.push(received);
      this.#changes.notify();
      const response = await this.override(received) ?? this.#respond(received);
      response.headers.set("date", new Date(Date.now() + this.clockSkewSeconds * 1000).toUTCString());
      return response;
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Waits for `count` requests in total; returns the last of them. */
  async request(count: number): Promise<ApiRequest> {
    return await this.#changes.until(`request ${count} of Twilio's API`, () => this.requests[count - 1]);
  }

  #respond({ method, path, authorization, form }: ApiRequest): Response {
    const base = `/2010-04-01/Accounts/${ACCOUNT_SID}`;
    const byKey = authorization === basicAuthorization(KEY_SID, KEY_SECRET);
    const isAccount = method === "GET" && path === `${base}.json`;
    if (!byKey && authorization !== basicAuthorization(ACCOUNT_SID, AUTH_TOKEN)) {
      return twilioError(401, 20003, "Authenticate");
    }
    if (isAccount && byKey && !this.keyIsMain) {
      return twilioError(401, 20003, "Authentication Error - invalid username");
    }
    if (isAccount) return Response.json(this.account);
    const fields = Object.fromEntries(form);
    if (method === "GET" && path === `${base}/IncomingPhoneNumbers.json`) {
      // Like Twilio, matches any number that contains the digits.
      const matches = String(this.number?.phone_number).includes(fields.PhoneNumber ?? "");
      return Response.json({ incoming_phone_numbers: this.number && matches ? [this.number] : [], page: 0 });
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

/** An error response of Twilio's API. */
export function twilioError(status: number, code: number, message: string): Response {
  const body = { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status };
  return Response.json(body, { status });
}

export function basicAuthorization(user: string, password: string): string {
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
