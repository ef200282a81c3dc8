/**
 * Cost of checking Twilio's signature. Target: 50 µs. Results and machine: HOSTILE_RESULTS.md.
 *
 *     deno bench -A bench/signature_bench.ts
 */

import { twilioSignature } from "../src/twilio/request_signature.ts";
import { SignatureCheck } from "../src/twilio/signature.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const PUBLIC_URL = "https://phone.example.com";
const check = new SignatureCheck(TOKEN, PUBLIC_URL);

/** The form of an incoming call: 26 parameters, about 1 kB. */
const FORM = {
  AccountSid: "AC0123456789abcdef0123456789abcdef",
  ApiVersion: "2010-04-01",
  CallSid: "CA0123456789abcdef0123456789abcdef",
  CallStatus: "ringing",
  CallToken: "%7B%22parentCallInfoToken%22%3A%22".padEnd(300, "eyJhbGciOiJFUzI1NiJ9"),
  Called: "+15559870000",
  CalledCity: "SAN FRANCISCO",
  CalledCountry: "US",
  CalledState: "CA",
  CalledZip: "94105",
  Caller: "+15551230000",
  CallerCity: "NEW YORK",
  CallerCountry: "US",
  CallerState: "NY",
  CallerZip: "10001",
  Direction: "inbound",
  From: "+15551230000",
  FromCity: "NEW YORK",
  FromCountry: "US",
  FromState: "NY",
  FromZip: "10001",
  StirVerstat: "TN-Validation-Passed-A",
  To: "+15559870000",
  ToCity: "SAN FRANCISCO",
  ToCountry: "US",
  ToState: "CA",
};
const [webhook, stream] = ["/incoming-call", "/media-stream"];
const parameters = [...new URLSearchParams(FORM)];
const good = await twilioSignature(TOKEN, PUBLIC_URL + webhook, FORM);
const bad = await twilioSignature("another token", PUBLIC_URL + webhook, FORM);
const goodHandshake = await twilioSignature(TOKEN, PUBLIC_URL.replace("https", "wss") + stream);

/** @throws when the check returned the wrong result. */
function expect(result: boolean, expected: boolean): void {
  if (result !== expected) throw new Error(`Cannot measure: the check returned ${result}`);
}

Deno.bench("webhook, valid", { group: "webhook", baseline: true }, () => {
  expect(check.webhook({ signature: good, path: webhook, parameters }), true);
});
Deno.bench("webhook, invalid", { group: "webhook" }, () => {
  expect(check.webhook({ signature: bad, path: webhook, parameters }), false);
});
Deno.bench("webhook, missing", { group: "webhook" }, () => {
  expect(check.webhook({ signature: "", path: webhook, parameters }), false);
});
Deno.bench("handshake, valid", { group: "handshake", baseline: true }, () => {
  expect(check.handshake({ signature: goodHandshake, path: stream }), true);
});
Deno.bench("handshake, invalid", { group: "handshake" }, () => {
  expect(check.handshake({ signature: bad, path: stream }), false);
});
Deno.bench("handshake, missing", { group: "handshake" }, () => {
  expect(check.handshake({ signature: "", path: stream }), false);
});
