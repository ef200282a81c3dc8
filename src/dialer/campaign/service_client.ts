import type { Clock } from "../../clock.ts";
import { type JsonObject, parseObject } from "../../json.ts";
import { CALL_STATUSES, type CallStatus } from "../../twilio/call_status.ts";
import { reasonOf } from "../../twilio/rest.ts";
import type { CallRequest } from "../call_request.ts";

/** Longest wait for the service's word (ms). It answers a request when Twilio has, and its own rate allows. */
const TIMEOUT_MS = 60_000;
/** How long to wait before asking again where the service does not say (s). */
const AGAIN_SECONDS = 5;

/** The service cannot be used: the next request would fare no better. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";

  /** @param perhapsPlaced Whether the call may have been placed all the same. */
  constructor(message: string, readonly perhapsPlaced: boolean, cause?: unknown) {
    super(message, { cause });
  }
}

/** What the service said to a request. */
export type Answer =
  | { readonly callSid: string }
  | { readonly refused: string }
  | { readonly later: string; readonly seconds: number };

/** How far a placed call is, as the service knows it. */
export interface Look {
  readonly status: CallStatus;
  readonly answeredBy?: string;
  readonly seconds?: number;
}

/** The running service, which places the calls. */
export class ServiceClient {
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #clock: Clock;

  /** @param url Its address, without a trailing slash. */
  constructor({ url, token, clock }: { url: string; token?: string | undefined; clock: Clock }) {
    this.#url = url;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#clock = clock;
  }

  /** @throws {ServiceError} */
  async place(request: CallRequest): Promise<Answer> {
    const { status, body, retryAfter } = await this.#ask("POST", "/calls", JSON.stringify(request));
    const detail = saidBy(body, status);
    if (status === 201 && typeof body?.callSid === "string") return { callSid: body.callSid };
    if (status === 400 || status === 409 || status === 422) return { refused: detail };
    if (status === 429 || status === 503) return { later: detail, seconds: retryAfter };
    throw this.#refusal("place calls", status, detail);
  }

  /** How far a call is; undefined when the service does not know it. Throws {@linkcode ServiceError}. */
  async look(callSid: string): Promise<Look | undefined> {
    const { status, body } = await this.#ask("GET", `/api/calls/${encodeURIComponent(callSid)}`);
    if (status === 404) return undefined;
    const known = CALL_STATUSES.find((each) => each === body?.status);
    if (status !== 200 || !known) throw this.#refusal("follow a call", status, saidBy(body, status));
    return {
      status: known,
      ...(typeof body?.answeredBy === "string" ? { answeredBy: body.answeredBy } : {}),
      ...(typeof body?.seconds === "number" ? { seconds: body.seconds } : {}),
    };
  }

  async #ask(method: "GET" | "POST", path: string, json?: string) {
    const timeout = new AbortController();
    const cancel = this.#clock.after(TIMEOUT_MS, () => timeout.abort());
    try {
      const response = await fetch(`${this.#url}${path}`, {
        method,
        headers: { ...this.#headers, accept: "application/json", "content-type": "application/json" },
        body: json ?? null,
        // The token is for this address only.
        redirect: "manual",
        signal: timeout.signal,
      });
      const retryAfter = /^\d{1,4}$/.exec(response.headers.get("retry-after") ?? "")?.[0];
      return {
        status: response.status,
        body: parseObject(await response.text()),
        retryAfter: Math.max(1, Number(retryAfter ?? AGAIN_SECONDS)),
      };
    } catch (cause) {
      const why = timeout.signal.aborted ? `no answer within ${TIMEOUT_MS / 1000} s` : reasonOf(cause);
      throw new ServiceError(
        `Cannot reach the service at ${this.#url}: ${why}; start it with "parley serve", or name it with --url`,
        !/refused/i.test(why),
        cause,
      );
    } finally {
      cancel();
    }
  }

  #refusal(what: string, status: number, detail: string): ServiceError {
    const remedy = status === 401 || status === 403
      ? "; set ADMIN_TOKEN to the service's"
      : status === 404 || (status >= 200 && status < 400)
      ? "; check --url"
      : "";
    const message = `The service at ${this.#url} does not ${what}: ${detail}${remedy}`;
    // 504: it asked Twilio, and does not know what became of it.
    return new ServiceError(message, status === 504);
  }
}

function saidBy(body: JsonObject | undefined, status: number): string {
  const problems = Array.isArray(body?.problems)
    ? body.problems.filter((each) => typeof each === "string")
    : [];
  if (problems.length > 0) return problems.join("; ");
  return typeof body?.detail === "string" ? body.detail : `it answered ${status}`;
}
