import { assert, assertEquals } from "@std/assert";
import { StreamTokens } from "../../src/call/stream_tokens.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("StreamTokens are good once, for their call, and for their time", () => {
  const clock = new FakeClock();
  const tokens = new StreamTokens(clock, 30_000);
  const token = tokens.issue("CA1");
  assertEquals(token.length, 32);
  assert(!tokens.redeem(token, "CA2"), "another call");
  assert(!tokens.redeem("", "CA1"));
  assert(tokens.redeem(token, "CA1"));
  assert(!tokens.redeem(token, "CA1"), "a second time");
  const late = tokens.issue("CA1");
  clock.advance(30_000);
  assert(!tokens.redeem(late, "CA1"), "too late");
});

Deno.test("StreamTokens issued without a CallSid bind to the first call that shows them", () => {
  const tokens = new StreamTokens(new FakeClock(), 30_000);
  const token = tokens.issue("");
  assert(tokens.redeem(token, "CA1"));
  assert(!tokens.redeem(token, "CA1"));
});

Deno.test("StreamTokens never repeat", () => {
  const tokens = new StreamTokens(new FakeClock(), 30_000);
  assertEquals(new Set(Array.from({ length: 1_000 }, () => tokens.issue("CA1"))).size, 1_000);
});
