import type { Clock } from "../clock.ts";
import { isObject, type JsonObject } from "../json.ts";
import { FetchError, guardedFetch } from "./guarded_fetch.ts";

/** Longest wait (ms): the caller hears nothing meanwhile. */
const TIMEOUT_MS = 2_000;
const MAX_VALUES = 50;
const MAX_VALUE_LENGTH = 2_000;

/** Where to ask. */
export interface FactsSource {
  readonly url: string;
  /** Whether it may be in a private network. */
  readonly allowPrivate: boolean;
}

/** What the source is told. */
export interface FactsAbout {
  readonly callSid: string;
  /** E.164. */
  readonly from: string;
  readonly to: string;
  /** Name of the assistant. */
  readonly assistant: string;
}

/** Values for `{{…}}` in instructions and greeting. */
export interface CallerFacts {
  readonly values: Readonly<Record<string, string>>;
  /** Why there are none, or not all. */
  readonly problem?: string;
}

/** Asks, by POST of JSON, what is known of a caller: a flat JSON object. Never throws, and takes 2 s at most. */
export async function callerFacts(
  source: FactsSource,
  about: FactsAbout,
  { clock, caCerts }: { readonly clock: Clock; readonly caCerts?: readonly string[] },
): Promise<CallerFacts> {
  const timeout = new AbortController();
  const late = Promise.withResolvers<never>();
  const cancel = clock.after(TIMEOUT_MS, () => {
    timeout.abort();
    late.reject(new Error(`no answer within ${TIMEOUT_MS / 1000} s`));
  });
  try {
    const url = new URL(source.url);
    const { callSid, from, to, assistant } = about;
    const { status, content } = await Promise.race([
      guardedFetch(
        {
          method: "POST",
          url,
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ callSid, from, to, assistant }),
        },
        { hosts: [url.host], allowPrivate: source.allowPrivate, caCerts },
        timeout.signal,
      ),
      late.promise,
    ]);
    if (status < 200 || status > 299) return { values: {}, problem: `${url.origin} answered ${status}` };
    if (!isObject(content)) return { values: {}, problem: `${url.origin} answered with no JSON object` };
    return readFacts(content);
  } catch (error) {
    const problem = error instanceof FetchError
      ? error.detail
      : error instanceof Error
      ? error.message
      : String(error);
    return { values: {}, problem };
  } finally {
    cancel();
  }
}

function readFacts(content: JsonObject): CallerFacts {
  const facts: [string, string][] = [];
  let left = 0;
  for (const [name, value] of Object.entries(content)) {
    const plain = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    if (!plain || facts.length === MAX_VALUES) left++;
    else facts.push([name, String(value).slice(0, MAX_VALUE_LENGTH)]);
  }
  const values = Object.fromEntries(facts);
  return left === 0 ? { values } : {
    values,
    problem: `${left} values were left out: only ${MAX_VALUES} texts, numbers and truths are taken`,
  };
}
