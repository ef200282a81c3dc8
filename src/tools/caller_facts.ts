import type { Clock } from "../clock.ts";
import { messageOf } from "../error_message.ts";
import { isObject, type JsonObject } from "../json.ts";
import { FetchError, guardedFetch } from "./guarded_fetch.ts";

/** Timeout (ms); short, because the caller hears silence meanwhile. */
const TIMEOUT_MS = 2_000;
const MAX_VALUES = 50;
const MAX_VALUE_LENGTH = 2_000;

/** The service to query. */
export interface CallerFactsSource {
  readonly url: string;
  /** Whether the service may have a private address. */
  readonly allowPrivate: boolean;
}

/** The JSON body of the request. */
export interface CallerFactsRequest {
  readonly callSid: string;
  /** E.164. */
  readonly from: string;
  readonly to: string;
  /** Name of the assistant. */
  readonly assistant: string;
}

/** Values of placeholders in instructions and greeting. */
export interface CallerFacts {
  readonly values: Readonly<Record<string, string>>;
  /** Why values are missing. */
  readonly problem?: string;
}

/** Requests a flat JSON object about a caller, with a POST of JSON. Never throws; takes at most 2 s. */
export async function fetchCallerFacts(
  source: CallerFactsSource,
  request: CallerFactsRequest,
  { clock, caCerts }: { readonly clock: Clock; readonly caCerts?: readonly string[] },
): Promise<CallerFacts> {
  const timeout = new AbortController();
  const cancel = clock.after(TIMEOUT_MS, () => timeout.abort());
  try {
    const url = new URL(source.url);
    const { callSid, from, to, assistant } = request;
    const { status, content } = await guardedFetch(
      {
        method: "POST",
        url,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ callSid, from, to, assistant }),
      },
      { hosts: [url.host], allowPrivate: source.allowPrivate, caCerts },
      timeout.signal,
    );
    if (status < 200 || status > 299) return { values: {}, problem: `${url.origin} responded ${status}` };
    if (isObject(content)) return readFacts(content);
    return { values: {}, problem: `the response of ${url.origin} is not a JSON object` };
  } catch (error) {
    if (timeout.signal.aborted) {
      return { values: {}, problem: `no response within ${TIMEOUT_MS / 1000} s` };
    }
    return { values: {}, problem: error instanceof FetchError ? error.detail : messageOf(error) };
  } finally {
    cancel();
  }
}

function readFacts(content: JsonObject): CallerFacts {
  const facts: [string, string][] = [];
  let omitted = 0;
  for (const [name, value] of Object.entries(content)) {
    const plain = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    if (!plain || facts.length === MAX_VALUES) omitted++;
    else facts.push([name, String(value).slice(0, MAX_VALUE_LENGTH)]);
  }
  const values = Object.fromEntries(facts);
  return omitted === 0 ? { values } : {
    values,
    problem: `${omitted} values were ignored: only ${MAX_VALUES} strings, numbers and booleans are used`,
  };
}
