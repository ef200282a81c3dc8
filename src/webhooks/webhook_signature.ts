import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { decodeBase64 } from "@std/encoding/base64";

const BASE64_PREFIX = "whsec_";

/**
 * Signs webhooks, so that who gets one knows whom it is from, and that it is no repetition.
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export class WebhookSigner {
  readonly #key: KeyObject;

  /**
   * @param secret `whsec_` and base64, or a plain text.
   * @throws {TypeError} when it is empty, or not what its beginning says. It is not shown.
   */
  constructor(secret: string) {
    const bytes = keyBytes(secret);
    if (bytes.length === 0) throw new TypeError("Cannot sign webhooks: the secret is empty");
    this.#key = createSecretKey(bytes);
  }

  /**
   * The three headers of one delivery.
   *
   * @param id The same for each repetition.
   * @param at When it is sent (ms since 1970).
   * @param body Byte for byte as it is sent.
   */
  headers(id: string, at: number, body: string): Record<string, string> {
    const timestamp = String(Math.floor(at / 1000));
    const signature = createHmac("sha256", this.#key).update(`${id}.${timestamp}.${body}`).digest("base64");
    return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
  }
}

function keyBytes(secret: string): Uint8Array {
  if (!secret.startsWith(BASE64_PREFIX)) return new TextEncoder().encode(secret);
  try {
    return decodeBase64(secret.slice(BASE64_PREFIX.length));
  } catch {
    throw new TypeError(`Cannot sign webhooks: what follows ${BASE64_PREFIX} is not base64`);
  }
}
