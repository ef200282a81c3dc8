import { assertEquals } from "@std/assert";
import { sampleRecord } from "../support/sample_calls.ts";
import { call, CALLER, sidOf, StoreRig } from "./store_rig.ts";

const started = (at: number) =>
  sampleRecord({ ...call(at), state: "connected", endedAt: undefined, endReason: undefined });

Deno.test("CallStore lists a call that was in progress when the process died as interrupted", () => {
  using rig = new StoreRig();
  const store = rig.open();
  store.start(started(1));
  store.start(started(2));
  store.flush();
  store.write(call(2));
  store.flush();
  assertEquals(
    store.list().calls.map(({ callSid }) => callSid),
    [sidOf(2)],
    "a call in progress is not listed",
  );
  assertEquals(store.stats().map(({ calls }) => calls), [1], "nor counted");
  // Another process opens the file: the first one died without closing it.
  const left = rig.open().unreported();
  assertEquals(left.map(({ callSid, state, endReason }) => [callSid, state, endReason]), [
    [sidOf(1), "ended", "interrupted"],
  ]);
});

Deno.test("CallStore lists an ended call until it is reported", () => {
  using rig = new StoreRig();
  const store = rig.open();
  store.start(started(1));
  store.write(call(1), false);
  store.flush();
  assertEquals(store.unreported().map(({ callSid, endReason }) => [callSid, endReason]), [
    [sidOf(1), "caller hung up"],
  ]);
  store.write(call(1));
  store.flush();
  assertEquals(store.unreported(), []);
});

Deno.test("CallStore forgets the number of a call that is in progress or was interrupted", () => {
  using rig = new StoreRig();
  const store = rig.open();
  store.start(started(1));
  store.flush();
  assertEquals(rig.forget(CALLER).calls, [sidOf(1)]);
  assertEquals([store.unreported(), rig.bytes().includes(CALLER)], [[], false]);
});

Deno.test("CallStore keeps the first part of a call that is resumed before it was written", () => {
  using rig = new StoreRig();
  const store = rig.open();
  store.write(call(1));
  store.start(started(1));
  assertEquals(store.get(sidOf(1))?.endReason, "caller hung up");
  store.flush();
  assertEquals(store.get(sidOf(1))?.endReason, "caller hung up");
  assertEquals(store.unreported().map(({ endReason }) => endReason), ["interrupted"], "its second part");
});
