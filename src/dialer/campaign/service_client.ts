import type { Clock } from "../../clock.ts";
import { type JsonObject, parseObject } from "../../json.ts";
import { invocation } from "../../invocation.ts";
import { CALL_STATUSES, type CallStatus } from "../../twilio/call_status.ts";
import { failedBeforeSending, fetchErrorReason, isDnsFailure } from "../../error_message.ts";
import type { CallRequest } from "../call_request.ts";

/** Response timeout (ms). The service responds after Twilio, which can queue behind the rate limit. */
const TIMEOUT_MS = 60_000;
/** Retry delay (s) without a Retry-After header. */
const RETRY_SECONDS = 5;

/** The service cannot be used: further requests would fail too. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";

  /** @param perhapsPlaced Whether the call may have been placed nevertheless. */
  constructor(message: string, readonly perhapsPlaced: boolean, cause?: unknown) {
    super(message, { cause });
  }
}

/** `retry`: the service is full or busy. */
export type PlaceResponse =
  | { readonly callSid: string }
  | { readonly refused: string }
  | { readonly retry: string; readonly seconds: number };

export interface PolledCall {
  readonly status: CallStatus;
  readonly answeredBy?: string | undefined;
  readonly seconds?: number | undefined;
}

/** Places and polls calls through a running Parley service. */
export class ServiceClient {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #clock: Clock;

  /** @param url Base URL without a trailing slash. */
  constructor({ url, token, clock }: { url: string; token?: string | undefined; clock: Clock }) {
    this.#url = url;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#clock = clock;
  }

  /** @param key See `Idempotency-Key` of `POST /calls`. @throws {ServiceError} */
  async place(request: CallRequest, key: string): Promise<PlaceResponse> {
    const { status, body, retryAfter } = await this.#send("POST", "/calls", {
      body: JSON.stringify(request),
      headers: { "idempotency-key": key },
    });
    const detail = detailOf(body, status);
    if (status === 201 && typeof body?.callSid === "string") return { callSid: body.callSid };
    if (status === 400 || status === 409 || status === 422) return { refused: detail };
    if (status === 429 || status === 503) return { retry: detail, seconds: retryAfter };
    throw this.#refusal("place calls", status, detail);
  }

  /** A call's status; undefined for a call the service does not know. @throws {ServiceError} */
  async poll(callSid: string): Promise<PolledCall | undefined> {
    const { status, body } = await this.#send("GET", `/api/calls/${encodeURIComponent(callSid)}`);
    if (status === 404) return undefined;
    const callStatus = CALL_STATUSES.find((each) => each === body?.status);
    if (status !== 200 || !callStatus) throw this.#refusal("follow a call", status, detailOf(body, status));
    return {
      status: callStatus,
      answeredBy: typeof body?.answeredBy === "string" ? body.answeredBy : undefined,
      seconds: typeof body?.seconds === "number" ? body.seconds : undefined,
    };
  }

  async #send(
    method: "GET" | "POST",
    path: string,
    { body = null, headers = {} }: { body?: string | null; headers?: Record<string, string> } = {},
  ) {
    const timeout = new AbortController();
    const cancel = this.#clock.after(TIMEOUT_MS, () => timeout.abort());
    try {
      const response = await fetch(`${this.#url}${path}`, {
        method,
        headers: {
          ...this.#headers,
          ...headers,
          accept: "application/json",
          "content-type": "application/json",
        },
        body,
        // A redirect would send the token to another host.
        redirect: "manual",
        signal: timeout.signal,
      });
      const retryAfter = /^\d{1,4}$/.exec(response.headers.get("retry-after") ?? "")?.[0];
      return {
        status: response.status,
        body: parseObject(await response.text()),
        retryAfter: Math.max(1, Number(retryAfter ?? RETRY_SECONDS)),
      };
    } catch (cause) {
      const why = timeout.signal.aborted
        ? `no response within ${TIMEOUT_MS / 1000} s`
        : fetchErrorReason(cause);
      const remedy = isDnsFailure(why)
        ? "Check the name in --url or PUBLIC_URL"
        : `Start it with "${invocation("serve")}", or set --url`;
      throw new ServiceError(
        `Cannot reach the service at ${this.#url}: ${why}. ${remedy}.`,
        !failedBeforeSending(cause),
        cause,
      );
    } finally {
      cancel();
    }
  }

  #refusal(what: string, status: number, detail: string): ServiceError {
    const remedy = status === 401 || status === 403
      ? ". Set ADMIN_TOKEN to the value of the service."
      : status === 404 || (status >= 200 && status < 400)
      ? ". Check --url."
      : "";
    const message = `The service at ${this.#url} does not ${what}: ${detail}${remedy}`;
    // 504: the service got no response from Twilio, which may have placed the call.
    return new ServiceError(message, status === 504);
  }
}

function detailOf(body: JsonObject | undefined, status: number): string {
  const problems = Array.isArray(body?.problems)
    ? body.problems.filter((each) => typeof each === "string")
    : [];
  if (problems.length > 0) return problems.join("; ");
  return typeof body?.detail === "string" ? body.detail : `it responded with ${status}`;
}
