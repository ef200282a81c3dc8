import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { EndReason } from "../../../src/call/end_reason.ts";
import { eventText, kindText } from "../../../src/console/calls/event_texts.js";
import {
  END_REASONS,
  endReasonLook,
  endReasonText,
  otherParty,
} from "../../../src/console/calls/call_texts.js";
import type { MachineDecision } from "../../../src/dialer/answering_machine_policy.ts";
import { EVENT_KINDS } from "../../../src/records/call_record.ts";
import type { INTERRUPTED } from "../../../src/records/open_calls.ts";

/** Typed, so that a missing reason does not compile. */
const ALL: Readonly<Record<EndReason | typeof INTERRUPTED, true>> = {
  "caller hung up": true,
  "stream lost": true,
  "flood": true,
  "no media": true,
  "model failed": true,
  "voicemail": true,
  "callback requested": true,
  "never connected": true,
  "assistant hung up": true,
  "operator hung up": true,
  "transferred": true,
  "answering machine": true,
  "silence": true,
  "spending limit": true,
  "time limit": true,
  "drained": true,
  "shutdown": true,
  "interrupted": true,
};

Deno.test("endReasonText() has words for every end reason, and returns an unknown one unchanged", () => {
  assertEquals(END_REASONS.toSorted(), Object.keys(ALL).sort());
  for (const reason of END_REASONS) assertNotEquals(endReasonText(reason), reason);
  assertEquals([endReasonText("meteor"), endReasonLook("meteor")], ["meteor", ""]);
  assertEquals(endReasonText("constructor"), "constructor");
});

Deno.test("endReasonLook() marks ordinary endings as plain", () => {
  for (const reason of ["caller hung up", "assistant hung up", "operator hung up", "transferred"]) {
    assertEquals(endReasonLook(reason), "plain", reason);
  }
  assertEquals([endReasonLook("silence"), endReasonLook("model failed")], ["warn", "bad"]);
});

Deno.test("eventText() has words for every kind of event, and returns an unknown one unchanged", () => {
  for (const kind of EVENT_KINDS) assertNotEquals(kindText(kind), kind);
  assertEquals(eventText({ kind: "meteor", name: "x" }), { kind: "meteor", label: "x", detail: "" });
  const failed = eventText({ kind: "tool", name: "book", ok: false, ms: 12.4, detail: "HTTP 503" });
  assertEquals(failed.detail.split(", ").slice(1), ["12 ms", "HTTP 503"]);
  assertEquals(
    eventText({ kind: "barge-in", name: "item_1" }).label,
    "",
    "item ids mean nothing to a reader",
  );
});

/** Typed, so that a missing action does not compile. */
const MACHINE_ACTIONS: Readonly<Record<MachineDecision["action"], true>> = {
  "continue": true,
  "mute": true,
  "leave message": true,
  "hang up": true,
};

Deno.test("eventText() has words for every decision about an answering machine", () => {
  for (const action of Object.keys(MACHINE_ACTIONS)) {
    assertNotEquals(eventText({ kind: "answering-machine", name: action }).label, action);
  }
});

Deno.test("eventText() names a language by its code, and returns other names unchanged", () => {
  assertNotEquals(eventText({ kind: "language", name: "de" }).label, "de");
  assertEquals(eventText({ kind: "language", name: "Klingon" }).label, "Klingon");
});

Deno.test("otherParty() returns the caller of an inbound call and the called party of an outbound one", () => {
  const call = { from: "+15551230000", to: "+15559870000" };
  assert(otherParty({ ...call, direction: "inbound" }).endsWith("+15551230000"));
  assert(otherParty({ ...call, direction: "outbound" }).endsWith("+15559870000"));
  assert(!otherParty({ ...call, from: "anonymous", direction: "inbound" }).includes("anonymous"));
  assert(!otherParty({ ...call, from: "", direction: "inbound" }).endsWith(" "));
});
