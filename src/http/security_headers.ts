import { STATUS_CODE } from "@std/http/status";

/**
 * What every answer of the console and the API says of itself to a browser.
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
  // Not no-referrer: with it browsers say "Origin: null" for the page's own forms, and Origin is what we go by.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(self)",
  // Who called is not for a disk. And no-transform: compression would hold the event stream back.
  "cache-control": "no-store, no-transform",
};

/** Adds the security headers to an answer of the console or the API. */
export function secured(response: Response): Response {
  for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
  return response;
}

/**
 * Tells browsers to ask for nothing but HTTPS for a year: for every answer of a service that speaks TLS itself. Behind a
 * proxy that does, this is the proxy's to say.
 *
 * Source: RFC 6797.
 */
export function onlyHttps(response: Response): Response {
  // An upgraded request has no answer left to add to.
  if (response.status !== STATUS_CODE.SwitchingProtocols) {
    response.headers.set("strict-transport-security", "max-age=31536000");
  }
  return response;
}
