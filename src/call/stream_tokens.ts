import { encodeHex } from "@std/encoding/hex";
import type { Clock } from "../clock.ts";

/**
 * One-time tokens that tie a media stream to the call whose webhook announced it.
 *
 * The address of the stream is public and its handshake can be replayed; the token is neither.
 */
export class StreamTokens {
  readonly #clock: Clock;
  readonly #validMs: number;
  /** In order of issue, and so of expiry. */
  readonly #issued = new Map<string, { callSid: string; expires: number }>();

  /** @param validMs How long a token may be redeemed, in milliseconds. */
  constructor(clock: Clock, validMs: number) {
    this.#clock = clock;
    this.#validMs = validMs;
  }

  /** 128 random bits for this call; an empty `callSid` binds to the first call that shows the token. */
  issue(callSid: string): string {
    this.#expire();
    const token = encodeHex(crypto.getRandomValues(new Uint8Array(16)));
    this.#issued.set(token, { callSid, expires: this.#clock.now() + this.#validMs });
    return token;
  }

  /** Whether the token is good for this call; it is not good a second time. */
  redeem(token: string, callSid: string): boolean {
    this.#expire();
    const issued = this.#issued.get(token);
    if (!issued || (issued.callSid !== "" && issued.callSid !== callSid)) return false;
    return this.#issued.delete(token);
  }

  #expire(): void {
    for (const [token, { expires }] of this.#issued) {
      if (expires > this.#clock.now()) return;
      this.#issued.delete(token);
    }
  }
}
