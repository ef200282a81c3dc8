import { hostOf, isLoopbackHost } from "./address.ts";

/**
 * Whether a request may be carried out as far as its `Origin` goes. Browsers send one with whatever a page of another site
 * makes them do that could matter: a form, a WebSocket, an event stream. Programs send none, and neither does Twilio.
 *
 * Allowed are none, the public address's, and this machine's own where that is what was asked.
 *
 * @param publicUrl Address under which the service is reached from outside.
 */
export function originAllowed(request: Request, publicUrl: string): boolean {
  const origin = request.headers.get("origin");
  if (origin === null || origin === new URL(publicUrl).origin) return true;
  const host = hostOf(request);
  return isLoopbackHost(host) && (origin === `http://${host}` || origin === `https://${host}`);
}
