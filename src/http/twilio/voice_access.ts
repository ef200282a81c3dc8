import type { SignatureCheck } from "../../twilio/signature.ts";
import type { AdminGuard } from "../admin/access/admin_guard.ts";

/** Sender of a request to one of Twilio's routes. */
export type Requester = "Twilio" | "administrator" | "anybody";

export interface VoiceAccess {
  /** Verify Twilio's signatures, one for each auth token; empty without `TWILIO_AUTH_TOKEN`. */
  readonly checks: readonly SignatureCheck[];
  readonly guard: Pick<AdminGuard, "admits" | "isSignedIn">;
}

/**
 * Returns the sender of a request to a route meant for Twilio: Twilio itself, or the administrator through
 * the console's phone; undefined when it must be refused.
 *
 * With `TWILIO_AUTH_TOKEN`, a request needs Twilio's signature, or the admin cookie (or admin token) together
 * with our own `Origin`. The `Origin` must be present: it proves that our page sent the request, because a
 * browser attaches the cookie to other sites' requests too, and sends `Origin` with every posted form and
 * every WebSocket. A request from this machine is not trusted for that alone, because a proxy or tunnel may
 * run on the same machine. Without `ADMIN_TOKEN`, only Twilio is admitted.
 *
 * Without `TWILIO_AUTH_TOKEN` everybody is admitted; only the administrator's rights differ.
 *
 * @param peer The IP address at the other end of the socket.
 * @param isSigned Whether one of the checks accepts the request.
 */
export function findRequester(
  request: Request,
  peer: string,
  isSigned: (check: SignatureCheck) => boolean,
  { checks, guard }: VoiceAccess,
): Requester | undefined {
  if (checks.length === 0) return guard.admits(request, peer) ? "administrator" : "anybody";
  if (checks.some(isSigned)) return "Twilio";
  return request.headers.has("origin") && guard.isSignedIn(request, peer) ? "administrator" : undefined;
}
