import { STATUS_CODE, type StatusCode } from "@std/http/status";
import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../clock.ts";
import { clientAddress, isLocal, type TrustedProxies } from "../address.ts";
import { AdminCookie } from "./admin_cookie.ts";
import { FailureLimit } from "./failure_limit.ts";
import { originAllowed } from "../origin.ts";

/** Why someone may not administer. */
export type Refusal = "no credentials" | "bad credentials" | "rate limited" | "not local" | "origin";

/** A refusal, and what to answer. */
export interface Refused {
  readonly why: Refusal;
  readonly status: StatusCode;
  readonly detail: string;
  readonly headers: Record<string, string>;
}

export interface AdminOptions {
  /** `ADMIN_TOKEN`. Without it only this machine may administer. */
  readonly token: string | undefined;
  /** Address under which the service is reached from outside. */
  readonly publicUrl: string;
  readonly proxies: TrustedProxies;
  readonly clock: Clock;
  /** Called with every refusal, to count it. */
  readonly refused: (why: Refusal) => void;
}

/**
 * Decides who may administer: see the API, the metrics and the console.
 *
 * Programs send the token (`Authorization: Bearer`), pages a cookie that was given for it. Ten wrong tokens within a minute
 * block their address for a minute, and then the right token is refused as well: were it not, guessing could go on and the
 * right guess would still be answered. A good cookie is not refused: nobody guesses one, and otherwise a stranger behind
 * the same address could lock the owner out of an open page. For the same reason a bad cookie is no failure but no
 * credentials: it is usually an old one.
 *
 * Whoever comes without the token in hand must not come from another site's page: browsers add a cookie, and the right to
 * speak from this machine, to requests their owner knows nothing of.
 */
export class AdminGuard {
  readonly #options: AdminOptions;
  readonly #cookie: AdminCookie | undefined;
  readonly #failures: FailureLimit;

  constructor(options: AdminOptions) {
    this.#options = options;
    const { token, clock } = options;
    this.#cookie = token === undefined ? undefined : new AdminCookie(token, clock);
    this.#failures = new FailureLimit(clock);
  }

  /** Why the request is refused, or undefined when it is not. */
  judge(request: Request, remoteAddress: string): Refused | undefined {
    const address = this.#addressOf(request, remoteAddress);
    const why = this.#judge(request, remoteAddress, address);
    return why && this.#refuse(why, address);
  }

  /** Whether who asks may administer, where nobody is turned away who may not. A wrong token counts as a guess all the same. */
  admits(request: Request, remoteAddress: string): boolean {
    return this.#judge(request, remoteAddress, this.#addressOf(request, remoteAddress)) === undefined;
  }

  /** The same for those who showed a cookie or the token for it: without `ADMIN_TOKEN` nobody has. */
  isSignedIn(request: Request, remoteAddress: string): boolean {
    if (!this.#cookie) return false;
    if (!originAllowed(request, this.#options.publicUrl)) return false;
    return this.admits(request, remoteAddress);
  }

  /** Signs in with a token that was typed into the page: the cookie, as a `Set-Cookie`, or a refusal. */
  signIn(token: string, request: Request, remoteAddress: string): string | Refused {
    const address = this.#addressOf(request, remoteAddress);
    if (!this.#cookie) return this.#refuse("not local", address);
    if (!originAllowed(request, this.#options.publicUrl)) return this.#refuse("origin", address);
    const why = this.#tryToken(token, address);
    return why ? this.#refuse(why, address) : this.#cookie.issue();
  }

  #judge(request: Request, remoteAddress: string, address: string): Refusal | undefined {
    const { publicUrl, proxies } = this.#options;
    const [, bearer] = /^Bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    if (this.#cookie && bearer !== undefined) return this.#tryToken(bearer, address);
    if (!originAllowed(request, publicUrl)) return "origin";
    if (!this.#cookie) return isLocal(request, remoteAddress, proxies) ? undefined : "not local";
    return this.#cookie.verify(request.headers.get("cookie")) ? undefined : "no credentials";
  }

  #tryToken(given: string, address: string): Refusal | undefined {
    if (this.#failures.blockedMs(address) > 0) return "rate limited";
    if (equal(given, this.#options.token ?? "")) return undefined;
    this.#failures.failed(address);
    return "bad credentials";
  }

  #refuse(why: Refusal, address: string): Refused {
    this.#options.refused(why);
    const retryAfter = String(Math.ceil(this.#failures.blockedMs(address) / 1000));
    switch (why) {
      case "no credentials":
        return {
          why,
          status: STATUS_CODE.Unauthorized,
          detail: "Send the ADMIN_TOKEN, as Authorization: Bearer TOKEN",
          headers: { "www-authenticate": "Bearer" },
        };
      case "bad credentials":
        return {
          why,
          status: STATUS_CODE.Unauthorized,
          detail: "This is not the ADMIN_TOKEN",
          headers: { "www-authenticate": 'Bearer error="invalid_token"' },
        };
      case "rate limited":
        return {
          why,
          status: STATUS_CODE.TooManyRequests,
          detail: `Too many wrong tokens came from your address; try again in ${retryAfter} s`,
          headers: { "retry-after": retryAfter },
        };
      case "not local":
        return {
          why,
          status: STATUS_CODE.Forbidden,
          detail: "Without ADMIN_TOKEN this answers only on its own machine, at http://localhost; " +
            "set ADMIN_TOKEN to come from elsewhere",
          headers: {},
        };
      case "origin":
        return {
          why,
          status: STATUS_CODE.Forbidden,
          detail:
            "A page of another site asked for this; if it was the console, set PUBLIC_URL to its address",
          headers: {},
        };
    }
  }

  #addressOf(request: Request, remoteAddress: string): string {
    return clientAddress(request, remoteAddress, this.#options.proxies);
  }
}

/** Compares in a time that tells nothing: digests are of one length, and no one can steer them. */
function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
