import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Clock } from "../clock.ts";
import { parseObject } from "../json.ts";
import { type CallRequest, readCallRequest } from "./call_request.ts";

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Seals the request of an outbound call, so that it can travel through Twilio in the voice webhook's URL: after a restart,
 * and at every instance with the same secret, the answered call still meets its assistant and objective.
 *
 * Encrypted as well as authenticated (AES-256-GCM), because URLs end up in the access logs of proxies.
 */
export class RequestSeal {
  readonly #clock: Clock;
  readonly #key: Uint8Array;

  /** @param secret Shared by all instances. Without it, a seal can be opened in this process only. */
  constructor(clock: Clock, secret?: string) {
    this.#clock = clock;
    this.#key = secret === undefined
      ? randomBytes(32)
      : new Uint8Array(hkdfSync("sha256", secret, "", "parley outbound request", 32));
  }

  /**
   * @param validMs How long the seal can be opened (ms).
   * @returns base64url.
   */
  seal(request: CallRequest, validMs: number): string {
    const expires = Math.floor(this.#clock.wallTime() + validMs);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    const text = deflateRawSync(JSON.stringify({ expires, request: JSON.stringify(request) }));
    const sealed = Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    return sealed.toString("base64url");
  }

  /**
   * @param to The called number: a seal is valid for its own call only.
   * @returns undefined when the seal is altered, expired, or of another call.
   */
  open(sealed: string, to: string): CallRequest | undefined {
    const { expires, request } = parseObject(this.#decrypt(sealed) ?? "") ?? {};
    if (typeof expires !== "number" || !(expires > this.#clock.wallTime())) return undefined;
    const read = readCallRequest(String(request));
    return "problems" in read || read.to !== to ? undefined : read;
  }

  #decrypt(sealed: string): string | undefined {
    try {
      const bytes = Buffer.from(sealed, "base64url");
      if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, NONCE_BYTES));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      const text = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      decipher.final();
      return new TextDecoder().decode(inflateRawSync(text));
    } catch {
      return undefined;
    }
  }
}
