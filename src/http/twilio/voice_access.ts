import type { SignatureCheck, SignedRequest } from "../../twilio/signature.ts";
import type { AdminGuard } from "../admin/admin.ts";

/** As whom a request to one of Twilio's addresses is let in. */
export type LetIn = "Twilio" | "administrator" | "anybody";

/** A request as Twilio would have signed it. */
export interface Asked extends SignedRequest {
  readonly request: Request;
  /** The address at the other end of the socket. */
  readonly peer: string;
}

/**
 * Decides who may take Twilio's part in a call: Twilio, and the administrator with the console's phone.
 *
 * With `TWILIO_AUTH_TOKEN`, it takes Twilio's signature, or what a browser that has signed in sends with a request of our
 * own page: the admin cookie (or the token itself) and an `Origin` that is ours. The `Origin` must be there, for it is what
 * tells our page from all that asks with a cookie unawares; browsers send one with every form that is posted and every
 * WebSocket. Being on this machine is not enough, since the proxy or tunnel in front may be on it too: without
 * `ADMIN_TOKEN`, only Twilio gets in.
 *
 * Without `TWILIO_AUTH_TOKEN` anybody gets in, and it only matters whether they may administer.
 */
export class InTwiliosPlace {
  readonly #check: SignatureCheck | undefined;
  readonly #guard: Pick<AdminGuard, "admits" | "isSignedIn">;

  constructor(check: SignatureCheck | undefined, guard: Pick<AdminGuard, "admits" | "isSignedIn">) {
    this.#check = check;
    this.#guard = guard;
  }

  /** Who asks a webhook or tells a callback; undefined for nobody it is meant for. */
  webhook(asked: Asked): LetIn | undefined {
    return this.#letIn(asked, this.#check?.webhook(asked));
  }

  /** Who opens a media stream. */
  handshake(asked: Asked): LetIn | undefined {
    return this.#letIn(asked, this.#check?.handshake(asked));
  }

  #letIn({ request, peer }: Asked, signed: boolean | undefined): LetIn | undefined {
    if (signed === undefined) return this.#guard.admits(request, peer) ? "administrator" : "anybody";
    if (signed) return "Twilio";
    return request.headers.has("origin") && this.#guard.isSignedIn(request, peer)
      ? "administrator"
      : undefined;
  }
}
