import { assertEquals } from "@std/assert";
import { PendingStreams } from "../../../src/http/twilio/pending_streams.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const ONE = "pending streams of one address", ALL = "pending streams";

Deno.test("PendingStreams limits pending sockets in total and per address", async () => {
  const clock = new FakeClock();
  const pending = new PendingStreams({ total: 3, perAddress: 2 }, clock);
  assertEquals([await pending.enter("a"), await pending.enter("a")], [undefined, undefined]);
  const third = pending.enter("a");
  assertEquals(await pending.enter("b"), undefined);
  const fourth = pending.enter("c");
  clock.advance(2_000);
  assertEquals([await third, await fourth, pending.count, clock.pending], [ONE, ALL, 3, 0]);
  for (const address of ["a", "a", "b"]) pending.leave(address);
  assertEquals([pending.count, await pending.enter("a"), await pending.enter("a")], [
    0,
    undefined,
    undefined,
  ]);
});

Deno.test("PendingStreams admits waiting sockets in order as places become free", async () => {
  const clock = new FakeClock();
  const pending = new PendingStreams({ total: 3, perAddress: 2 }, clock);
  for (const address of ["a", "a", "b"]) await pending.enter(address);
  const entered: string[] = [];
  const waiting = ["a", "c", "a"].map(async (address, i) => {
    entered.push(`${await pending.enter(address) ?? address} ${i}`);
  });
  clock.advance(1_999);
  // A free place in total but none for another "a": "c" is next.
  pending.leave("b");
  await waiting[1];
  assertEquals(entered, ["c 1"]);
  pending.leave("a");
  await waiting[0];
  assertEquals([entered, pending.count], [["c 1", "a 0"], 3]);
  clock.advance(1);
  await waiting[2];
  assertEquals([entered.at(-1), clock.pending], [`${ONE} 2`, 0]);
  const last = pending.enter("b");
  pending.leave("a");
  await last;
  assertEquals([pending.count, clock.pending], [3, 0], "no socket waits");
});

Deno.test("PendingStreams without a limit per address limits the total and the waiting sockets", async () => {
  const clock = new FakeClock();
  const pending = new PendingStreams({ total: 50 }, clock);
  for (let i = 0; i < 50; i++) assertEquals(await pending.enter("proxy"), undefined);
  const waiting = Array.from({ length: 1_024 }, () => pending.enter("proxy"));
  assertEquals(await pending.enter("proxy"), ALL);
  clock.advance(2_000);
  assertEquals([...new Set(await Promise.all(waiting))], [ALL]);
});
