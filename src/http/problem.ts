import { STATUS_TEXT, type StatusCode } from "@std/http/status";

/** An `application/problem+json` error response (RFC 9457). */
export function problem(status: StatusCode, detail: string, headers: Record<string, string> = {}): Response {
  return Response.json({ title: STATUS_TEXT[status], status, detail }, {
    status,
    headers: { ...headers, "content-type": "application/problem+json" },
  });
}
