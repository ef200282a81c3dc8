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

/** One year (s), as is usual. */
const HSTS = "max-age=31536000";

/**
 * Adds the security headers to an answer.
 *
 * @param ownTls Whether the service speaks TLS itself: then browsers are told to ask for nothing else. Where a proxy
 *   does, this is the proxy's to say.
 */
export function secured(response: Response, ownTls: boolean): Response {
  for (const [name, value] of Object.entries(HEADERS)) response.headers.set(name, value);
  if (ownTls) response.headers.set("strict-transport-security", HSTS);
  return response;
}
