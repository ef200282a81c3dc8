import { STATUS_CODE } from "@std/http/status";
import { problem } from "./problem.ts";

/** Longest form accepted (bytes). Twilio's are about 1 kB. */
const MAX_FORM_BYTES = 65_536;

/**
 * Reads the parameters of a webhook: the query of a GET, the form of a POST.
 *
 * @returns the parameters, or the answer that refuses the request.
 */
export async function readParameters(request: Request): Promise<URLSearchParams | Response> {
  if (request.method === "GET" || request.method === "HEAD") return new URL(request.url).searchParams;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > MAX_FORM_BYTES) {
      return problem(STATUS_CODE.ContentTooLarge, `The form is over ${MAX_FORM_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return new URLSearchParams(await new Blob(chunks.map((chunk) => chunk.slice())).text());
}
