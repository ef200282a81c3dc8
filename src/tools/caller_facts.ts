import type { Clock } from "../clock.ts";
import { messageOf } from "../error_message.ts";
import { isObject, type JsonObject } from "../json.ts";
import { FetchError, guardedFetch } from "./guarded_fetch.ts";

/** Timeout (ms); short, because the caller hears silence meanwhile. */
const TIMEOUT_MS = 2_000;
const MAX_VALUES = 50;
const MAX_VALUE_LENGTH = 2_000;

/** Values of placeholders in instructions and greeting. */
export interface CallerFacts {
  readonly values: Readonly<Record<string, string>>;
  /** Why values are missing. */
  readonly problem?: string;
}

/** Posts a call to an endpoint, which returns a flat JSON object about the caller. Never throws; takes at most 2 s. */
export async function fetchCallerFacts(
  endpoint: { readonly url: string; readonly allowPrivate: boolean },
  call: { readonly callSid: string; readonly from: string; readonly to: string; readonly assistant: string },
  clock: Clock,
): Promise<CallerFacts> {
  const timeout = new AbortController();
  const cancel = clock.after(TIMEOUT_MS, () => timeout.abort());
  try {
    const url = new URL(endpoint.url);
    const { callSid, from, to, assistant } = call;
    const { status, content } = await guardedFetch(
      {
        method: "POST",
        url,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ callSid, from, to, assistant }),
      },
      { hosts: [url.host], allowPrivate: endpoint.allowPrivate },
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
