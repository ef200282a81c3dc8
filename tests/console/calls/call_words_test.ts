import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { EndReason } from "../../../src/call/ending.ts";
import { eventWords, KINDS } from "../../../src/console/calls/call_events.js";
import { ending, endingKind, otherEnd, REASONS } from "../../../src/console/calls/call_words.js";
import { EVENT_KINDS } from "../../../src/records/call_record.ts";

/** A reason that is missing here is an error of types. */
const ALL: Readonly<Record<EndReason, true>> = {
  "caller hung up": true,
  "stream lost": true,
  "flood": true,
  "no media": true,
  "model failed": true,
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
};

Deno.test("every ending has words, and one that nobody knows is said as it is", () => {
  assertEquals(REASONS.toSorted(), Object.keys(ALL).sort());
  for (const reason of REASONS) assertNotEquals(ending(reason), reason);
  assertEquals([ending("meteor"), endingKind("meteor")], ["meteor", ""]);
  assertEquals(ending("constructor"), "constructor");
});

Deno.test("every kind of event has words", () => {
  assertEquals(KINDS, [...EVENT_KINDS]);
  for (const kind of KINDS) assertNotEquals(eventWords({ kind, name: "x" }).kind, kind);
  assertEquals(eventWords({ kind: "meteor", name: "x" }), { kind: "meteor", label: "x", detail: "" });
  assertEquals(
    eventWords({ kind: "tool", name: "book", ok: false, ms: 12.4, detail: "HTTP 503" }).detail.split(", ")
      .slice(1),
    [
      "12 ms",
      "HTTP 503",
    ],
  );
  assertEquals(
    eventWords({ kind: "barge-in", name: "item_1" }).label,
    "",
    "the name of an item says nothing",
  );
});

Deno.test("a language is said by its name where it is a code", () => {
  assertNotEquals(eventWords({ kind: "language", name: "de" }).label, "de");
  assertEquals(eventWords({ kind: "language", name: "Klingon" }).label, "Klingon");
});

Deno.test("the other end is who called, or who was called", () => {
  const call = { from: "+15551230000", to: "+15559870000" };
  assert(otherEnd({ ...call, direction: "inbound" }).endsWith("+15551230000"));
  assert(otherEnd({ ...call, direction: "outbound" }).endsWith("+15559870000"));
  assert(!otherEnd({ ...call, from: "anonymous", direction: "inbound" }).includes("anonymous"));
  assert(!otherEnd({ ...call, from: "", direction: "inbound" }).endsWith(" "));
});
