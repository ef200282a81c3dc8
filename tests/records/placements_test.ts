import { assertEquals, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { CALLER, StoreRig } from "./store_rig.ts";

const KEY = "order-1";
const REQUEST = `{"to":"${CALLER}"}`;
const HOUR = 3_600_000;

Deno.test("CallStore remembers an Idempotency-Key for 24 h, across restarts, as a hash", () => {
  using rig = new StoreRig();
  const store = rig.open();
  assertEquals(store.beginPlacement(KEY, REQUEST), undefined);
  assertEquals(rig.open().beginPlacement(KEY, REQUEST), { sameRequest: true, answer: undefined });
  store.endPlacement(KEY, '{"callSid":"CA1"}');
  const later = rig.open();
  assertEquals(later.beginPlacement(KEY, REQUEST), { sameRequest: true, answer: '{"callSid":"CA1"}' });
  assertEquals(later.beginPlacement(KEY, "{}")?.sameRequest, false);
  assertEquals([KEY, CALLER].filter((text) => rig.bytes().includes(text)), []);
  rig.clock.advance(24 * HOUR - 1);
  assertEquals(later.beginPlacement(KEY, REQUEST)?.sameRequest, true);
  rig.clock.advance(1);
  assertEquals(later.beginPlacement(KEY, REQUEST), undefined);
});

Deno.test("CallStore forgets the key of a request without a final answer", () => {
  using rig = new StoreRig();
  const store = rig.open();
  store.beginPlacement(KEY, REQUEST);
  store.endPlacement(KEY, undefined);
  assertEquals(store.beginPlacement(KEY, "{}"), undefined);
});

Deno.test("CallStore places a call although its Idempotency-Key cannot be stored", () => {
  using rig = new StoreRig();
  const store = rig.open();
  const other = new DatabaseSync(rig.path);
  other.exec("BEGIN IMMEDIATE");
  assertEquals(store.beginPlacement(KEY, REQUEST), undefined);
  store.endPlacement(KEY, "{}");
  other.exec("COMMIT");
  other.close();
  assertEquals(rig.lines.length, 2);
  assertStringIncludes(rig.lines[0] ?? "", "idempotency key not stored");
});
