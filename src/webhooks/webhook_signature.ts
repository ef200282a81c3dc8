import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { decodeBase64 } from "@std/encoding/base64";

const BASE64_PREFIX = "whsec_";

/**
 * Signs webhooks (Standard Webhooks), so that a receiver can verify the sender and detect replays.
 *
 * Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export class WebhookSigner {
  readonly #key: KeyObject;

  /**
   * @param secret `whsec_` followed by base64, or plain text.
   * @throws {TypeError} if the secret is empty or its base64 is invalid, without showing it.
   */
  constructor(secret: string) {
    const bytes = keyBytes(secret);
    if (bytes.length === 0) {
      throw new TypeError("Cannot sign webhooks: WEBHOOK_SECRET is empty. Set it to a random text.");
    }
    this.#key = createSecretKey(bytes);
  }

  /**
   * The signature headers of one attempt.
   *
   * @param id Identical for every attempt of a webhook.
   * @param at Time of sending (ms since 1970).
   * @param body Byte for byte as sent.
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
    throw new TypeError(
      `Cannot sign webhooks: WEBHOOK_SECRET starts with "${BASE64_PREFIX}" but the rest is not base64. Fix it.`,
    );
  }
}
