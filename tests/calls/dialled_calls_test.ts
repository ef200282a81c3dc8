import { assertEquals } from "@std/assert";
import { DialledCalls } from "../../src/calls/dialled_calls.ts";
import { FakeClock } from "../support/fake_clock.ts";

Deno.test("DialledCalls keeps a call until its removal or its time limit, and charges its minutes", () => {
  const clock = new FakeClock();
  const dialled = new DialledCalls(clock);
  let minutes = 0;
  dialled.add("CA1", 200_000, (charged) => minutes += charged);
  dialled.add("CA2", 120_000);
  clock.advance(120_000);
  assertEquals([[...dialled.callSids()], dialled.has("CA2")], [["CA1"], false]);
  assertEquals(minutes, 2);
  dialled.remove("CA1");
  clock.advance(60_000);
  assertEquals(minutes, 2);
  assertEquals([dialled.count, clock.pending], [0, 0]);

  dialled.add("CA3", 60_000, () => {});
  dialled.close();
  assertEquals([dialled.count, clock.pending], [0, 0]);
});
