/**
 * What it costs to tell Twilio's requests from a stranger's. Asked for: 50 µs. Results and their machine:
 * HOSTILE_RESULTS.md.
 *
 *     deno bench -A bench/signature_bench.ts
 */

import { twilioSignature } from "../src/simulator/caller/sign.ts";
import { SignatureCheck } from "../src/twilio/signature.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const PUBLIC_URL = "https://phone.example.com";
const check = new SignatureCheck(TOKEN, PUBLIC_URL);

/** As Twilio sends it for an incoming call: 26 parameters, about 1 kB. */
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

/** Whoever measures the wrong answer measures nothing. */
function expect(answer: boolean, expected: boolean): void {
  if (answer !== expected) throw new Error(`Cannot measure: the check said ${answer}`);
}

Deno.bench("a webhook's, good", { group: "webhook", baseline: true }, () => {
  expect(check.webhook({ signature: good, path: webhook, parameters }), true);
});
Deno.bench("a webhook's, bad", { group: "webhook" }, () => {
  expect(check.webhook({ signature: bad, path: webhook, parameters }), false);
});
Deno.bench("a webhook's, none", { group: "webhook" }, () => {
  expect(check.webhook({ signature: "", path: webhook, parameters }), false);
});
Deno.bench("a handshake's, good", { group: "handshake", baseline: true }, () => {
  expect(check.handshake({ signature: goodHandshake, path: stream }), true);
});
Deno.bench("a handshake's, bad", { group: "handshake" }, () => {
  expect(check.handshake({ signature: bad, path: stream }), false);
});
Deno.bench("a handshake's, none", { group: "handshake" }, () => {
  expect(check.handshake({ signature: "", path: stream }), false);
});
