import { encodeHex } from "@std/encoding/hex";
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { BoundedMap } from "../../../bounded_map.ts";
import type { Clock } from "../../../clock.ts";

/** Lifetime (s): 12 hours. */
const VALID_S = 12 * 3_600;

// The `__Host-` prefix binds the cookie to this host: sibling hosts of the domain cannot set it. It requires
// `Secure`, which Chromium and Firefox also accept from http://localhost; Safari does not.
const NAME = "__Host-parley";
const ATTRIBUTES = "Path=/; HttpOnly; Secure; SameSite=Strict";
const PATTERN = new RegExp(`(?:^|;\\s*)${NAME}=((\\d{1,12})\\.[0-9a-f]{16})\\.([\\w-]{43})(?:;|$)`);
/**
 * Sessions that were signed out, and would be valid otherwise. Only somebody with the token can create more.
 */
const MAX_REVOKED = 10_000;

/**
 * The browser's session cookie: `<expires>.<id>.<signature>`, seconds since 1970, a random number and an
 * HMAC-SHA256 in base64url. The key is derived from the token, so every instance with that token accepts it,
 * and changing the token revokes it. Signing out revokes it on this instance, until the process ends.
 */
export class AdminCookie {
  readonly #key: Uint8Array;
  readonly #clock: Clock;
  readonly #revoked = new BoundedMap<string, true>(MAX_REVOKED);

  constructor(token: string, clock: Clock) {
    this.#key = new Uint8Array(hkdfSync("sha256", token, "", "parley admin cookie", 32));
    this.#clock = clock;
  }

  /** A `Set-Cookie` value that signs in. */
  issue(): string {
    const id = encodeHex(crypto.getRandomValues(new Uint8Array(8)));
    const session = `${Math.floor(this.#clock.wallTime() / 1000) + VALID_S}.${id}`;
    return `${NAME}=${session}.${this.#sign(session)}; Max-Age=${VALID_S}; ${ATTRIBUTES}`;
  }

  /** Whether a `Cookie` header contains a valid, unexpired session cookie. */
  verify(header: string | null): boolean {
    return this.#session(header) !== undefined;
  }

  /** Ends the session of a `Cookie` header, if it has one. */
  revoke(header: string | null): void {
    const session = this.#session(header);
    if (session !== undefined) this.#revoked.set(session, true);
  }

  #session(header: string | null): string | undefined {
    const [, session, expires, signature] = PATTERN.exec(header ?? "") ?? [];
    if (session === undefined || signature === undefined || this.#revoked.has(session)) return undefined;
    const encode = (text: string) => new TextEncoder().encode(text);
    const valid = timingSafeEqual(encode(signature), encode(this.#sign(session))) &&
      Number(expires) * 1000 > this.#clock.wallTime();
    return valid ? session : undefined;
  }

  #sign(session: string): string {
    return createHmac("sha256", this.#key).update(session).digest("base64url");
  }
}

/** A `Set-Cookie` value that signs out. */
export const SIGN_OUT_COOKIE = `${NAME}=; Max-Age=0; ${ATTRIBUTES}`;
