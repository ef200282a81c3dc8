import { STATUS_CODE } from "@std/http/status";
import { problem } from "./problem.ts";

/** Longest body accepted (bytes). Twilio's are about 1 kB. */
const MAX_BODY_BYTES = 65_536;

/** What a webhook was sent. */
export interface WebhookInput {
  /** The query of a GET, the form of a POST. */
  readonly parameters: URLSearchParams;
  /** A body that is no form. */
  readonly body?: Uint8Array;
}

/**
 * Reads what a webhook was sent.
 *
 * @returns it, or the answer that refuses the request.
 */
export async function readWebhook(request: Request): Promise<WebhookInput | Response> {
  const url = new URL(request.url);
  if (request.method === "GET" || request.method === "HEAD") return { parameters: url.searchParams };
  const body = await readBody(request);
  if (!body) return problem(STATUS_CODE.ContentTooLarge, `The body is over ${MAX_BODY_BYTES} bytes`);
  const type = request.headers.get("content-type") ?? "";
  if (!type.toLowerCase().startsWith("application/x-www-form-urlencoded")) {
    return { parameters: url.searchParams, body };
  }
  return { parameters: new URLSearchParams(new TextDecoder().decode(body)) };
}

/** The whole body, or undefined if it is too long. */
async function readBody(request: Request): Promise<Uint8Array | undefined> {
  const body = new Uint8Array(MAX_BODY_BYTES);
  let length = 0;
  for await (const chunk of request.body ?? []) {
    if (length + chunk.length > MAX_BODY_BYTES) return undefined;
    body.set(chunk, length);
    length += chunk.length;
  }
  return body.subarray(0, length);
}
