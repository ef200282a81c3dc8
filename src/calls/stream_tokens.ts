import { encodeHex } from "@std/encoding/hex";
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Clock } from "../clock.ts";

const NONCE_BYTES = 16;
const MAC_BYTES = 16;

/**
 * One-time tokens that bind a media stream to the call whose webhook announced it: `expires.nonce.mac`.
 *
 * The stream's address is public and its handshake can be replayed; a token is secret and valid once. It is valid on every
 * instance with the same secret, and each instance accepts it once.
 */
export class StreamTokens {
  readonly #clock: Clock;
  readonly #validMs: number;
  readonly #key: Uint8Array;
  /** Nonces of redeemed tokens with their expiry (ms since 1970), in order of use. */
  readonly #used = new Map<string, number>();

  /**
   * @param validMs How long a token is valid (ms).
   * @param secret Shared by all instances. Without it, tokens are valid in this process only.
   */
  constructor(clock: Clock, validMs: number, secret?: string) {
    this.#clock = clock;
    this.#validMs = validMs;
    this.#key = secret === undefined
      ? crypto.getRandomValues(new Uint8Array(32))
      : new Uint8Array(hkdfSync("sha256", secret, "", "parley stream token", 32));
  }

  /**
   * Issues a token for a call.
   *
   * @param extraMs How much longer than usual it is valid (ms).
   */
  issue(callSid: string, extraMs = 0): string {
    const expires = Math.floor(this.#clock.wallTime() + this.#validMs + extraMs).toString(36);
    const nonce = encodeHex(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
    return `${expires}.${nonce}.${encodeHex(this.#mac(expires, nonce, callSid))}`;
  }

  /** Whether the token is valid for this call. It is invalid afterwards. */
  redeem(token: string, callSid: string): boolean {
    const [, expires = "", nonce = "", mac = ""] =
      /^(\w{1,11})\.([0-9a-f]{32})\.([0-9a-f]{32})$/.exec(token) ?? [];
    const genuine = callSid !== "" && this.#equal(mac, this.#mac(expires, nonce, callSid));
    const now = this.#clock.wallTime();
    const expiry = parseInt(expires, 36);
    if (!genuine || !(expiry > now) || this.#used.has(nonce)) return false;
    this.#deleteExpired(now);
    this.#used.set(nonce, expiry);
    return true;
  }

  #mac(expires: string, nonce: string, callSid: string): Uint8Array {
    return createHmac("sha256", this.#key).update(`${expires}.${nonce}.${callSid}`).digest().subarray(
      0,
      MAC_BYTES,
    );
  }

  #equal(token: string, mac: Uint8Array): boolean {
    const expected = new TextEncoder().encode(encodeHex(mac));
    const shown = new TextEncoder().encode(token);
    return shown.length === expected.length && timingSafeEqual(shown, expected);
  }

  /** Stops at the first nonce that has not expired; expired ones after it are deleted at most `validMs` late. */
  #deleteExpired(now: number): void {
    for (const [nonce, expiry] of this.#used) {
      if (expiry > now) return;
      this.#used.delete(nonce);
    }
  }
}
