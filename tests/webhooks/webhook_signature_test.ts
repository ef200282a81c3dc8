import { assertEquals, assertThrows } from "@std/assert";
import { WebhookSigner } from "../../src/webhooks/webhook_signature.ts";

Deno.test("the signature of the specification's example", () => {
  const signer = new WebhookSigner("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  assertEquals(signer.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330_999, '{"test": 2432232314}'), {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

Deno.test("a secret may be plain text, and is the same key as its base64", () => {
  const body = '{"caller":"Zoë ☎"}';
  const plain = new WebhookSigner("correct horse ☎");
  const encoded = new WebhookSigner("whsec_Y29ycmVjdCBob3JzZSDimI4=");
  assertEquals(plain.headers("msg_1", 0, body), encoded.headers("msg_1", 0, body));
});

Deno.test("a secret that is none is refused, and not shown", () => {
  for (const secret of ["", "whsec_", "whsec_not base64!", "whsec_of-the-secret"]) {
    const error = assertThrows(() => new WebhookSigner(secret), TypeError, "Cannot sign webhooks");
    assertEquals(error.message.includes("of-the-secret"), false);
  }
});
