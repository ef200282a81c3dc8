import { assertEquals } from "@std/assert";
import twilio from "twilio";
import { twilioSignature } from "../../src/twilio/request_signature.ts";

// From twilio-node's spec/validation.spec.js.
const FORM = {
  CallSid: "CA1234567890ABCDE",
  Caller: "+14158675309",
  Digits: "1234",
  From: "+14158675309",
  To: "+18005551212",
};

Deno.test("twilioSignature() matches the vendor's test vector", async () => {
  const url = "https://mycompany.com/myapp.php?foo=1&bar=2";
  assertEquals(await twilioSignature("12345", url, FORM), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
});

for (const form of [{}, { A: "", B: "1" }, { b: "1", A: "2", a: "3", B: "4" }, { Body: "Größe ✓" }]) {
  Deno.test(`twilioSignature() matches Twilio's package for ${JSON.stringify(form)}`, async () => {
    const url = "wss://example.com/media-stream";
    assertEquals(
      await twilioSignature("12345", url, form),
      twilio.getExpectedTwilioSignature("12345", url, form),
    );
  });
}
