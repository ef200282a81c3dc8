import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../clock.ts";

/** How long one signing-in lasts (s): 12 hours. */
const VALID_S = 12 * 3_600;

// `__Host-` binds it to this very host: no other one under the same domain can set it.
// Browsers then insist on `Secure`. Chromium and Firefox take that from http://localhost as well, Safari does not.
const NAME = "__Host-parley";
const ATTRIBUTES = "Path=/; HttpOnly; Secure; SameSite=Strict";
const PATTERN = new RegExp(`(?:^|;\\s*)${NAME}=(\\d{1,12})\\.([\\w-]{43})(?:;|$)`);

/**
 * The cookie that stands for the token in a browser: `<expires>.<signature>`, seconds since 1970 and an HMAC-SHA256 in
 * base64url. The key is derived from the token, so any instance with that token can tell, and a changed token ends it.
 */
export class AdminCookie {
  readonly #key: Uint8Array;
  readonly #clock: Clock;

  constructor(token: string, clock: Clock) {
    this.#key = new Uint8Array(hkdfSync("sha256", token, "", "parley admin cookie", 32));
    this.#clock = clock;
  }

  /** A `Set-Cookie` that signs in. */
  issue(): string {
    const expires = String(Math.floor(this.#clock.wallTime() / 1000) + VALID_S);
    return `${NAME}=${expires}.${this.#sign(expires)}; Max-Age=${VALID_S}; ${ATTRIBUTES}`;
  }

  /** Whether a request's `Cookie` header has a good one. */
  verify(header: string | null): boolean {
    const [, expires, signature] = PATTERN.exec(header ?? "") ?? [];
    if (expires === undefined || signature === undefined) return false;
    const encode = (text: string) => new TextEncoder().encode(text);
    return timingSafeEqual(encode(signature), encode(this.#sign(expires))) &&
      Number(expires) * 1000 > this.#clock.wallTime();
  }

  #sign(expires: string): string {
    return createHmac("sha256", this.#key).update(expires).digest("base64url");
  }
}

/** A `Set-Cookie` that signs out. */
export const SIGNED_OUT = `${NAME}=; Max-Age=0; ${ATTRIBUTES}`;
