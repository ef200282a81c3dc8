import { isLoopbackHost } from "../loopback_host.ts";
import { requestHost } from "./address.ts";

/**
 * Whether the request's `Origin` is acceptable. Browsers send `Origin` with cross-site forms, WebSockets and
 * event streams. Programs and Twilio send none.
 *
 * Allowed: no origin, the origin of `publicUrl`, and the request's own loopback host.
 *
 * @param publicUrl The service's public URL.
 */
export function isAllowedOrigin(request: Request, publicUrl: string): boolean {
  const origin = request.headers.get("origin");
  if (origin === null || origin === new URL(publicUrl).origin) return true;
  const host = requestHost(request);
  return isLoopbackHost(host) && (origin === `http://${host}` || origin === `https://${host}`);
}

/**
 * Whether another site's page made the browser send this request. Browsers send `Origin` with forms and
 * scripts, and `Sec-Fetch-Site` with everything, images and links included; programs and Twilio send neither.
 *
 * Source: https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header
 *
 * @param publicUrl The service's public URL.
 */
export function isFromOtherSite(request: Request, publicUrl: string): boolean {
  const site = request.headers.get("sec-fetch-site") ?? "none";
  return !isAllowedOrigin(request, publicUrl) || (site !== "none" && site !== "same-origin");
}
