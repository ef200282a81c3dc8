import { assertEquals } from "@std/assert";
import type { CallRecord } from "../../src/records/call_record.ts";
import { connect } from "../support/call_rig.ts";

Deno.test("Record of a call in progress is reported when its stream starts and every 10 s, with the turns so far", () => {
  const reports: CallRecord[] = [];
  const { rig, say, hangUp } = connect({}, { onProgress: (record) => reports.push(record) });
  assertEquals(reports.map(({ state, turns }) => [state, turns.length]), [["connected", 0]]);
  say("a1", "Hello.");
  rig.clock.advance(10_000);
  const [turn] = reports[1]?.turns ?? [];
  assertEquals([reports.length, turn?.text, turn?.id], [2, "Hello.", undefined]);
  assertEquals(reports[1]?.seconds, 10);
  hangUp();
  rig.clock.advance(60_000);
  assertEquals(reports.length, 2, "not after the end");
});

Deno.test("Record of a call is reported every 10 s across its streams", () => {
  const reports: CallRecord[] = [];
  const { rig, press } = connect({
    destinations: [{ name: "sales", about: "", number: "+15550100", ringSeconds: 60 }],
    keypad: { pauseMs: 2_000, menu: new Map([["0", "sales"]]), secrets: new Map() },
  }, { onProgress: (record) => reports.push(record) });
  press("0");
  rig.clock.advance(15_000);
  rig.comeBack();
  rig.clock.advance(5_000);
  assertEquals(reports.map(({ state }) => state), ["connected", "transferring", "connected"]);
});
