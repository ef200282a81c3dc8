import { STATUS_CODE } from "@std/http/status";

/**
 * Headers of every console and API response.
 *
 * Source: https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html
 */
const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "media-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  // Not no-referrer: browsers would then send "Origin: null" with the console's own forms, and
  // isAllowedOrigin() needs it.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(self)",
  // no-store: phone numbers must not reach a disk cache. no-transform: a compressing proxy would buffer the
  // event stream.
  "cache-control": "no-store, no-transform",
};

/** Adds the security headers to a console or API response. */
export function withSecurityHeaders(response: Response): Response {
  for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
  return response;
}

/**
 * Adds `Strict-Transport-Security` for one year (RFC 6797). Used when the service terminates TLS itself;
 * behind a TLS proxy the header is the proxy's decision.
 */
export function withHsts(response: Response): Response {
  // The headers of an upgrade response are immutable.
  if (response.status !== STATUS_CODE.SwitchingProtocols) {
    response.headers.set("strict-transport-security", "max-age=31536000");
  }
  return response;
}
