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
    return this.#encrypt({ expires, request: JSON.stringify(request) });
  }

  /**
   * Seals a request for the call that Twilio has made of it, so that no other call's stream can use it. This seal does not
   * expire: a call may be connected again after hours, and the stream's token limits the time.
   *
   * @returns undefined when the seal cannot be opened for this number.
   */
  bind(
    sealed: string,
    { to, callSid }: { readonly to: string; readonly callSid: string },
  ): string | undefined {
    return this.open(sealed, to) && this.#encrypt({ ...parseObject(this.#decrypt(sealed) ?? ""), callSid });
  }

  /**
   * @param to The called number: a seal is valid for its own call only.
   * @param callSid The call that {@linkcode bind} named; undefined for a seal without a call.
   * @returns undefined when the seal is altered, of another call, or without a call and expired.
   */
  open(sealed: string, to: string, callSid?: string): CallRequest | undefined {
    const opened = parseObject(this.#decrypt(sealed) ?? "") ?? {};
    const { expires, request } = opened;
    const expired = !(typeof expires === "number" && expires > this.#clock.wallTime());
    if (expired && callSid === undefined) return undefined;
    const read = readCallRequest(String(request));
    return "problems" in read || read.to !== to || opened.callSid !== callSid ? undefined : read;
  }

  #encrypt(payload: Readonly<Record<string, unknown>>): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, nonce);
    const text = deflateRawSync(JSON.stringify(payload));
    return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString(
      "base64url",
    );
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
