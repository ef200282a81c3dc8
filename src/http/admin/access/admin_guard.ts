import { STATUS_CODE, type StatusCode } from "@std/http/status";
import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../../clock.ts";
import { clientAddress, isFromThisMachine, type TrustedProxies } from "../../address.ts";
import { AdminCookie } from "./admin_cookie.ts";
import { FailureLimit } from "./failure_limit.ts";
import { isAllowedOrigin } from "../../origin.ts";

/** Why an admin request is refused. Also the reason counted in metrics. */
export type AdminRefusalReason =
  | "no credentials"
  | "bad credentials"
  | "rate limited"
  | "read only"
  | "not local"
  | "origin";

const REFUSALS: Readonly<Record<AdminRefusalReason, readonly [StatusCode, string, Record<string, string>?]>> =
  {
    "no credentials": [
      STATUS_CODE.Unauthorized,
      "Send the ADMIN_TOKEN in the header Authorization: Bearer TOKEN",
      { "www-authenticate": "Bearer" },
    ],
    "bad credentials": [
      STATUS_CODE.Unauthorized,
      "This is not the ADMIN_TOKEN",
      { "www-authenticate": 'Bearer error="invalid_token"' },
    ],
    "rate limited": [STATUS_CODE.TooManyRequests, "Too many wrong tokens from your address; wait"],
    "read only": [STATUS_CODE.Forbidden, "This token does not allow it; send the ADMIN_TOKEN"],
    "not local": [
      STATUS_CODE.Forbidden,
      "ADMIN_TOKEN is not set, so this address answers only its own machine, at http://localhost; " +
      "set ADMIN_TOKEN to allow other machines",
    ],
    "origin": [
      STATUS_CODE.Forbidden,
      "The request came from another site's page; if it was the console, set PUBLIC_URL to its address",
    ],
  };

/** Rights of a token: read the metrics; also read API and console; also act. */
export type AdminRole = "metrics" | "viewer" | "admin";
const ROLES: readonly AdminRole[] = ["metrics", "viewer", "admin"];

/** A refusal and the response to send. */
export interface AdminRefusal {
  readonly reason: AdminRefusalReason;
  readonly status: StatusCode;
  readonly detail: string;
  readonly headers: Record<string, string>;
}

export interface AdminGuardOptions {
  /** `ADMIN_TOKEN`. Without it only requests from this machine are admitted. */
  readonly token: string | undefined;
  /** `VIEWER_TOKEN`. */
  readonly viewerToken?: string | undefined;
  /** `METRICS_TOKEN`. */
  readonly metricsToken?: string | undefined;
  /** The service's public URL. */
  readonly publicUrl: string;
  readonly proxies: TrustedProxies;
  readonly clock: Clock;
  /** Called with the reason of every refusal. */
  readonly onRefused: (reason: AdminRefusalReason) => void;
}

/**
 * Decides who may use the API, the metrics and the console.
 *
 * There are up to three tokens, one for each {@linkcode AdminRole}; without `ADMIN_TOKEN`, this machine may
 * do everything. Programs send a token as a bearer token; the console sends a cookie issued for it. The right
 * token is always accepted, so that strangers behind the owner's address cannot lock the owner out; its
 * length prevents guessing. After ten wrong tokens within a minute, further wrong ones of that address get
 * 429, so that a program with an old token slows down. An invalid cookie counts as missing credentials: it is
 * usually expired.
 *
 * A request without a bearer token must not come from another site's page, because browsers attach the cookie
 * (and this machine's address) to requests that other sites trigger.
 */
export class AdminGuard {
  readonly #options: AdminGuardOptions;
  /** The tokens that are set, with the cookies issued for them. */
  readonly #credentials: readonly { role: AdminRole; token: string; cookie: AdminCookie }[];
  readonly #failures: FailureLimit;

  constructor(options: AdminGuardOptions) {
    this.#options = options;
    const { token, viewerToken, metricsToken, clock } = options;
    const tokens = { admin: token, viewer: viewerToken, metrics: metricsToken };
    this.#credentials = ROLES.flatMap((role) => {
      const token = tokens[role];
      return token === undefined ? [] : [{ role, token, cookie: new AdminCookie(token, clock) }];
    });
    this.#failures = new FailureLimit(clock);
  }

  /**
   * The refusal of a request, reported to `onRefused`; undefined when the request is admitted.
   *
   * @param needed The least role that may send it.
   */
  findRefusal(
    request: Request,
    remoteAddress: string,
    needed: AdminRole = "admin",
  ): AdminRefusal | undefined {
    const address = this.#addressOf(request, remoteAddress);
    const reason = this.#refusalReason(request, remoteAddress, address, needed);
    return reason && this.#refuse(reason, address);
  }

  /**
   * Whether the requester is an administrator, without reporting a refusal. A wrong token still counts as a
   * failure.
   */
  admits(request: Request, remoteAddress: string): boolean {
    const address = this.#addressOf(request, remoteAddress);
    return this.#refusalReason(request, remoteAddress, address, "admin") === undefined;
  }

  /**
   * Whether the request carries a valid cookie or token of an administrator; always false without
   * `ADMIN_TOKEN`.
   */
  isSignedIn(request: Request, remoteAddress: string): boolean {
    if (this.#options.token === undefined) return false;
    if (!isAllowedOrigin(request, this.#options.publicUrl)) return false;
    return this.admits(request, remoteAddress);
  }

  /** Signs in with a token typed into the sign-in page. @returns a `Set-Cookie` value, or the refusal. */
  signIn(token: string, request: Request, remoteAddress: string): string | AdminRefusal {
    const address = this.#addressOf(request, remoteAddress);
    if (this.#options.token === undefined) return this.#refuse("not local", address);
    if (!isAllowedOrigin(request, this.#options.publicUrl)) return this.#refuse("origin", address);
    const credential = this.#findCredential(token, address);
    if (typeof credential === "string") return this.#refuse(credential, address);
    const missing = missingRight(credential.role, "viewer");
    return missing ? this.#refuse(missing, address) : credential.cookie.issue();
  }

  /** Ends the session of the request's cookie. */
  signOut(request: Request): void {
    for (const { cookie } of this.#credentials) cookie.revoke(request.headers.get("cookie"));
  }

  #refusalReason(
    request: Request,
    remoteAddress: string,
    address: string,
    needed: AdminRole,
  ): AdminRefusalReason | undefined {
    const { token, publicUrl, proxies } = this.#options;
    const [, bearer] = /^Bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    if (this.#credentials.length > 0 && bearer !== undefined) {
      const credential = this.#findCredential(bearer, address);
      return typeof credential === "string" ? credential : missingRight(credential.role, needed);
    }
    if (!isAllowedOrigin(request, publicUrl)) return "origin";
    if (token === undefined) {
      return isFromThisMachine(request, remoteAddress, proxies) ? undefined : "not local";
    }
    const cookies = request.headers.get("cookie");
    const signedIn = this.#credentials.find(({ cookie }) => cookie.verify(cookies));
    return signedIn ? missingRight(signedIn.role, needed) : "no credentials";
  }

  /** The credential with this token; otherwise why it is refused. */
  #findCredential(token: string, address: string) {
    const credential = this.#credentials.find((credential) => equal(token, credential.token));
    if (credential) return credential;
    if (this.#failures.blockedMs(address) > 0) return "rate limited";
    this.#failures.addFailure(address);
    return "bad credentials";
  }

  #refuse(reason: AdminRefusalReason, address: string): AdminRefusal {
    this.#options.onRefused(reason);
    const [status, detail, headers = {}] = REFUSALS[reason];
    if (reason !== "rate limited") return { reason, status, detail, headers };
    const retryAfter = String(Math.ceil(this.#failures.blockedMs(address) / 1000));
    return { reason, status, detail: `${detail} ${retryAfter} s`, headers: { "retry-after": retryAfter } };
  }

  #addressOf(request: Request, remoteAddress: string): string {
    return clientAddress(request, remoteAddress, this.#options.proxies);
  }
}

function missingRight(role: AdminRole, needed: AdminRole): "read only" | undefined {
  return ROLES.indexOf(role) < ROLES.indexOf(needed) ? "read only" : undefined;
}

/** Compares in constant time: both digests have the same length. */
function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
