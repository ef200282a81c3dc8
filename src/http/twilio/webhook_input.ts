import { STATUS_CODE } from "@std/http/status";
import type { Clock } from "../../clock.ts";
import { problem } from "../problem.ts";

/** Longest body accepted (bytes). Twilio's are about 1 kB. */
const MAX_BODY_BYTES = 65_536;
/** Time a body may take (ms). Twilio's come with the headers. */
const MAX_BODY_MS = 10_000;

/** What a webhook was sent. */
export interface WebhookInput {
  /** The query of a GET, the form of a POST. */
  readonly parameters: URLSearchParams;
  /** A body that is no form. */
  readonly body?: Uint8Array;
}

/** Why a request's body was not read to its end. */
export type BodyRefusal = "body too large" | "body too slow" | "body broken off";

/** Reads what a webhook was sent, or says why not. */
export async function readWebhook(request: Request, clock: Clock): Promise<WebhookInput | BodyRefusal> {
  const url = new URL(request.url);
  if (request.method === "GET" || request.method === "HEAD") return { parameters: url.searchParams };
  const body = await readBody(request, clock);
  if (typeof body === "string") return body;
  const type = request.headers.get("content-type") ?? "";
  if (!type.toLowerCase().startsWith("application/x-www-form-urlencoded")) {
    return { parameters: url.searchParams, body };
  }
  return { parameters: new URLSearchParams(new TextDecoder().decode(body)) };
}

/** What to answer where a body was refused. */
export function bodyProblem(why: BodyRefusal): Response {
  switch (why) {
    case "body too large":
      return problem(STATUS_CODE.ContentTooLarge, `The body is over ${MAX_BODY_BYTES} bytes`);
    case "body too slow":
      return problem(STATUS_CODE.RequestTimeout, `The body took over ${MAX_BODY_MS / 1000} seconds`);
    case "body broken off":
      return problem(STATUS_CODE.BadRequest, "The body did not come to its end");
  }
}

async function readBody(request: Request, clock: Clock): Promise<Uint8Array | BodyRefusal> {
  const reader = request.body?.getReader();
  if (!reader) return new Uint8Array();
  let late = false;
  const cancel = clock.after(MAX_BODY_MS, () => {
    late = true;
    reader.cancel().catch(() => {});
  });
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.length;
      if (length > MAX_BODY_BYTES) {
        await reader.cancel();
        return "body too large";
      }
      chunks.push(next.value);
    }
  } catch {
    return "body broken off";
  } finally {
    cancel();
  }
  return late ? "body too slow" : concatenate(chunks, length);
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
