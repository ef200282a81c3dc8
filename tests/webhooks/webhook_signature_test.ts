import { assertEquals, assertThrows } from "@std/assert";
import { WebhookSigner } from "../../src/webhooks/webhook_signature.ts";

Deno.test("WebhookSigner signs the example of the specification", () => {
  const signer = new WebhookSigner("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  assertEquals(signer.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330_999, '{"test": 2432232314}'), {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

Deno.test("WebhookSigner derives the same key from plain text and base64", () => {
  const body = '{"caller":"Zoë ☎"}';
  const plain = new WebhookSigner("correct horse ☎");
  const encoded = new WebhookSigner("whsec_Y29ycmVjdCBob3JzZSDimI4=");
  assertEquals(plain.headers("msg_1", 0, body), encoded.headers("msg_1", 0, body));
});

Deno.test("WebhookSigner rejects an invalid secret without showing it", () => {
  for (const secret of ["", "whsec_", "whsec_not base64!", "whsec_of-the-secret"]) {
    const error = assertThrows(() => new WebhookSigner(secret), TypeError, "Cannot sign webhooks");
    assertEquals(error.message.includes("of-the-secret"), false);
  }
});
