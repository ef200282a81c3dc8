import { assert, assertEquals } from "@std/assert";
import { StreamTokens } from "../../src/calls/stream_tokens.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("StreamTokens accepts a token once, for its call, until it expires", () => {
  const clock = new FakeClock();
  const tokens = new StreamTokens(clock, 30_000);
  const token = tokens.issue("CA1");
  assert(!tokens.redeem(token, "CA2"), "another call");
  assert(!tokens.redeem("", "CA1"));
  assert(tokens.redeem(token, "CA1"));
  assert(!tokens.redeem(token, "CA1"), "a second time");
  const late = tokens.issue("CA1");
  clock.advance(29_999);
  const just = tokens.issue("CA1");
  clock.advance(1);
  assert(!tokens.redeem(late, "CA1"), "too late");
  assert(tokens.redeem(just, "CA1"));
  assert(!tokens.redeem(just, "CA1"));
});

Deno.test("StreamTokens rejects a redeemed token after others were redeemed", () => {
  const clock = new FakeClock();
  const tokens = new StreamTokens(clock, 30_000);
  const [first, second, third] = ["CA1", "CA2", "CA3"].map((callSid) => tokens.issue(callSid));
  assert(tokens.redeem(first ?? "", "CA1"));
  assert(tokens.redeem(second ?? "", "CA2"));
  assert(!tokens.redeem(first ?? "", "CA1"));
  clock.advance(29_999);
  assert(tokens.redeem(third ?? "", "CA3"));
  assert(!tokens.redeem(first ?? "", "CA1"));
});

Deno.test("StreamTokens without a secret is valid in one process only", () => {
  const clock = new FakeClock();
  const token = new StreamTokens(clock, 30_000).issue("CA1");
  assert(!new StreamTokens(clock, 30_000).redeem(token, "CA1"));
});

Deno.test("StreamTokens accepts no token issued without a CallSid", () => {
  const tokens = new StreamTokens(new FakeClock(), 30_000);
  const token = tokens.issue("");
  assert(!tokens.redeem(token, "CA1"));
  assert(!tokens.redeem(token, ""));
});

Deno.test("StreamTokens issues distinct tokens", () => {
  const tokens = new StreamTokens(new FakeClock(), 30_000);
  assertEquals(new Set(Array.from({ length: 1_000 }, () => tokens.issue("CA1"))).size, 1_000);
});

Deno.test("StreamTokens accepts tokens of an instance with the same secret only", () => {
  const clock = new FakeClock();
  const token = new StreamTokens(clock, 30_000, "shared secret").issue("CA1");
  assert(!new StreamTokens(clock, 30_000, "other secret").redeem(token, "CA1"));
  assert(!new StreamTokens(clock, 30_000).redeem(token, "CA1"));
  const other = new StreamTokens(clock, 30_000, "shared secret");
  assert(other.redeem(token, "CA1"));
  assert(!other.redeem(token, "CA1"));
});

Deno.test("StreamTokens rejects tokens with a changed expiry, nonce or MAC", () => {
  const clock = new FakeClock();
  const tokens = new StreamTokens(clock, 30_000, "secret");
  const [expires = "", nonce = "", mac = ""] = tokens.issue("CA1").split(".");
  const later = (parseInt(expires, 36) + 1_000_000).toString(36);
  const forged = [
    `${later}.${nonce}.${mac}`,
    `${expires}.${nonce.replace(/^./, (digit) => digit === "0" ? "1" : "0")}.${mac}`,
    `${expires}.${nonce}.${mac.slice(1)}`,
    `${expires}.${nonce}.${"0".repeat(32)}`,
    `${expires}.${nonce}`,
    "..",
    "é".repeat(500),
  ];
  for (const token of forged) assert(!tokens.redeem(token, "CA1"), token);
  assert(tokens.redeem(`${expires}.${nonce}.${mac}`, "CA1"), "the genuine token is still valid");
});
