/**
 * Receives Parley's webhooks (afterCall) and verifies their signature, as described by https://www.standardwebhooks.com.
 *
 *     WEBHOOK_SECRET=whsec_… deno run --allow-net --allow-env examples/webhook_receiver.ts
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";

const TOLERANCE_SECONDS = 300;

/** Whether this body was signed with this secret, within the last five minutes. */
export function isSigned(secret: string, headers: Headers, body: string, now = Date.now() / 1000): boolean {
  const id = headers.get("webhook-id") ?? "";
  const timestamp = headers.get("webhook-timestamp") ?? "";
  if (!(Math.abs(now - Number(timestamp)) <= TOLERANCE_SECONDS)) return false;
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  return (headers.get("webhook-signature") ?? "").split(" ").some((signature) => {
    const received = Buffer.from(signature.replace(/^v1,/, ""), "base64");
    return received.length === expected.length && timingSafeEqual(received, expected);
  });
}

export function receiver(secret: string): (request: Request) => Promise<Response> {
  return async (request) => {
    const body = await request.text();
    if (!isSigned(secret, request.headers, body)) return new Response("Wrong signature", { status: 401 });
    const { type, data } = JSON.parse(body);
    // The same webhook-id may come twice: store it, and ignore the second one.
    console.log(request.headers.get("webhook-id"), type, data.callSid, data.summary ?? "");
    return new Response(null, { status: 204 });
  };
}

if (import.meta.main) {
  const secret = Deno.env.get("WEBHOOK_SECRET");
  if (!secret) throw new Error("Set WEBHOOK_SECRET to the value Parley has");
  Deno.serve({ hostname: "127.0.0.1", port: 8791 }, receiver(secret));
}
