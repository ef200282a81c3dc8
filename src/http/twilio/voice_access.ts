import type { SignatureCheck, SignedRequest } from "../../twilio/signature.ts";
import type { AdminGuard } from "../admin/access/admin_guard.ts";

/** Sender of a request to one of Twilio's routes. */
export type Requester = "Twilio" | "administrator" | "anybody";

/** A request with the parts that Twilio signs. */
export interface AccessRequest extends SignedRequest {
  readonly request: Request;
  /** The IP address at the other end of the socket. */
  readonly peer: string;
}

/**
 * Decides who may use the routes meant for Twilio: Twilio itself, and the administrator through the console's
 * phone.
 *
 * With `TWILIO_AUTH_TOKEN`, a request needs Twilio's signature, or the admin cookie (or admin token) together
 * with our own `Origin`. The `Origin` must be present: it proves that our page sent the request, because a
 * browser attaches the cookie to other sites' requests too, and sends `Origin` with every posted form and
 * every WebSocket. A request from this machine is not trusted for that alone, because a proxy or tunnel may
 * run on the same machine. Without `ADMIN_TOKEN`, only Twilio is admitted.
 *
 * Without `TWILIO_AUTH_TOKEN` everybody is admitted; only the administrator's rights differ.
 */
export class VoiceAccess {
  readonly #checks: readonly SignatureCheck[];
  readonly #guard: Pick<AdminGuard, "admits" | "isSignedIn">;

  /** @param checks Verify Twilio's signatures, one for each auth token; empty without `TWILIO_AUTH_TOKEN`. */
  constructor(checks: readonly SignatureCheck[], guard: Pick<AdminGuard, "admits" | "isSignedIn">) {
    this.#checks = checks;
    this.#guard = guard;
  }

  /** Returns the sender of a webhook or callback; undefined when it must be refused. */
  webhook(access: AccessRequest): Requester | undefined {
    return this.#requester(access, (check) => check.webhook(access));
  }

  /** Returns the opener of a media stream; undefined when it must be refused. */
  handshake(access: AccessRequest): Requester | undefined {
    return this.#requester(access, (check) => check.handshake(access));
  }

  #requester(
    { request, peer }: AccessRequest,
    isSigned: (check: SignatureCheck) => boolean,
  ): Requester | undefined {
    if (this.#checks.length === 0) return this.#guard.admits(request, peer) ? "administrator" : "anybody";
    if (this.#checks.some(isSigned)) return "Twilio";
    return request.headers.has("origin") && this.#guard.isSignedIn(request, peer)
      ? "administrator"
      : undefined;
  }
}
