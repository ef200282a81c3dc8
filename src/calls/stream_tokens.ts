import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { encodeHex } from "@std/encoding/hex";
import type { Clock } from "../clock.ts";

const NONCE_BYTES = 16;
const MAC_BYTES = 16;

/**
 * One-time tokens that tie a media stream to the call whose webhook announced it: `expires.nonce.mac`.
 *
 * The address of the stream is public and its handshake can be replayed; the token is neither. It verifies on every
 * instance that has the same secret, and is used up on the one where it is shown.
 */
export class StreamTokens {
  readonly #clock: Clock;
  readonly #validMs: number;
  readonly #key: Uint8Array;
  /** Nonces shown, and when their tokens expire (ms since 1970); in order of use. */
  readonly #used = new Map<string, number>();

  /**
   * @param validMs How long a token may be redeemed, in milliseconds.
   * @param secret What all instances share. Without one, tokens are good for this process only.
   */
  constructor(clock: Clock, validMs: number, secret?: string) {
    this.#clock = clock;
    this.#validMs = validMs;
    this.#key = secret === undefined
      ? crypto.getRandomValues(new Uint8Array(32))
      : new Uint8Array(hkdfSync("sha256", secret, "", "parley stream token", 32));
  }

  /** A token for this call; an empty `callSid` binds to the first call that shows the token. */
  issue(callSid: string): string {
    const expires = Math.floor(this.#clock.wallTime() + this.#validMs).toString(36);
    const nonce = encodeHex(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
    return `${expires}.${nonce}.${encodeHex(this.#mac(expires, nonce, callSid))}`;
  }

  /** Whether the token is good for this call; it is not good a second time. */
  redeem(token: string, callSid: string): boolean {
    const [, expires = "", nonce = "", mac = ""] =
      /^(\w{1,11})\.([0-9a-f]{32})\.([0-9a-f]{32})$/.exec(token) ?? [];
    const genuine = [callSid, ""].some((bound) => this.#fits(mac, this.#mac(expires, nonce, bound)));
    const now = this.#clock.wallTime();
    const expiry = parseInt(expires, 36);
    if (!genuine || !(expiry > now) || this.#used.has(nonce)) return false;
    this.#forget(now);
    this.#used.set(nonce, expiry);
    return true;
  }

  #mac(expires: string, nonce: string, callSid: string): Uint8Array {
    return createHmac("sha256", this.#key).update(`${expires}.${nonce}.${callSid}`).digest().subarray(
      0,
      MAC_BYTES,
    );
  }

  #fits(given: string, mac: Uint8Array): boolean {
    const expected = new TextEncoder().encode(encodeHex(mac));
    const shown = new TextEncoder().encode(given);
    return shown.length === expected.length && timingSafeEqual(shown, expected);
  }

  /** Tokens are used at most their validity after one another, so one that has not expired hides no older one for long. */
  #forget(now: number): void {
    for (const [nonce, expiry] of this.#used) {
      if (expiry > now) return;
      this.#used.delete(nonce);
    }
  }
}
