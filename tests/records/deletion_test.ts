import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { randomFrom } from "../support/random.ts";
import { NumberMatcher } from "../../src/records/number_matcher.ts";
import { call, CALLER, sidOf, StoreRig, turnsOf } from "./store_rig.ts";

const BOB = "+15551239999";

Deno.test("NumberMatcher recognises a number in every notation", () => {
  const ann = new NumberMatcher("+1 (555) 123-0000");
  for (
    const written of [
      "+15551230000",
      "555 123 0000",
      "(555) 123-0000.",
      "my number is 1 555 123 00 00, thanks",
      "1230000",
      "00 1 555 1230000",
      "555\u2011123\u20110000",
    ]
  ) {
    assert(ann.occursIn(written), written);
  }
  for (const other of ["+15551230001", "5551230000123", "123000", "230000", "$15 551 230 000.00", ""]) {
    assert(!ann.occursIn(other), other);
  }
  assertEquals(ann.redact("Call 555-123-0000 or 555-123-9999!"), "Call [forgotten] or 555-123-9999!");
  for (const party of [CALLER, "sip:+15551230000@example.com", "whatsapp:+15551230000", "15551230000"]) {
    assert(ann.isParty(party), party);
  }
  for (const party of [BOB, "anonymous", "", "sip:ann@15551230000", "client:15551230000x"]) {
    assert(!ann.isParty(party), party);
  }
});

Deno.test("NumberMatcher matches a caller without a number by name, and redacts nothing", () => {
  const nobody = new NumberMatcher("anonymous");
  assert(nobody.isParty("anonymous"));
  assert(!nobody.isParty("anonymous2"));
  assertEquals(nobody.redact("I am anonymous"), "I am anonymous");
});

Deno.test("forgetNumber() deletes the calls of a number, redacts it in others, and leaves the rest", () => {
  using rig = new StoreRig();
  const store = rig.openWith(
    call(1, { turns: turnsOf("Good day") }),
    call(2, { from: BOB, to: CALLER }),
    call(3, {
      from: BOB,
      turns: turnsOf("Hello", "Call my wife, 555 123 0000, tomorrow", "At 2 pm"),
      events: [{
        atMs: 1,
        kind: "transfer",
        name: "wife",
        detail: `to ${CALLER}`,
        arguments: `{"to":"${CALLER}"}`,
        result: `{"called":"${CALLER}"}`,
      }, {
        atMs: 2,
        kind: "keypad",
        name: "#",
      }],
      summary: `Call ${CALLER} back`,
      messages: [{
        kind: "message",
        name: "Bob",
        number: "(555) 123-0000",
        message: "Call her",
        urgent: true,
      }],
    }),
    call(4, { from: BOB, turns: turnsOf("My number is 555 123 9999") }),
  );
  const untouched = store.get(sidOf(4));
  store.write(call(5));
  store.flush();
  assertEquals(rig.forget("+1 555 123 0000"), {
    calls: [sidOf(1), sidOf(2), sidOf(5)],
    mentions: [sidOf(3)],
  });
  assertEquals(store.list().calls.map(({ callSid }) => callSid), [sidOf(4), sidOf(3)]);
  const left = store.get(sidOf(3));
  assertEquals(left?.turns.map(({ text }) => text), [
    "Hello",
    "Call my wife, [forgotten], tomorrow",
    "At 2 pm",
  ]);
  const [transfer, keypad] = left?.events ?? [];
  assertEquals([transfer?.detail, keypad?.detail], ["to [forgotten]", undefined]);
  assertEquals([transfer?.arguments, transfer?.result], ['{"to":"[forgotten]"}', '{"called":"[forgotten]"}']);
  assertEquals([left?.summary, left?.messages[0]?.number], ["Call [forgotten] back", "[forgotten]"]);
  assertEquals(store.get(sidOf(4)), untouched);
  const searchSids = (search: string) => store.list({ search }).calls.map(({ callSid }) => callSid);
  assertEquals([
    searchSids("good day"),
    searchSids("1230000"),
    searchSids("forgotten wife"),
    searchSids("9999"),
  ], [
    [],
    [],
    [sidOf(3)],
    [sidOf(4), sidOf(3)],
  ]);
  assertEquals(rig.forget(CALLER), { calls: [], mentions: [] });
  // Deletes must cascade again after the tables were rewritten.
  rig.forget(BOB);
  store.close();
  const db = new DatabaseSync(rig.path);
  const rows = ["calls", "turns", "events", "messages"].map((table) =>
    db.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows
  );
  db.exec("INSERT INTO call_index (call_index) VALUES ('integrity-check')");
  db.close();
  assertEquals(rows, [0, 0, 0, 0]);
});

Deno.test("forgetNumber() leaves nothing of a number in the bytes of the database and its side files", () => {
  using rig = new StoreRig();
  // Texts of many lengths move rows from page to page, which leaves copies in the gaps.
  const random = randomFrom(1);
  const CALLS = 400;
  const mark = (at: number) => `qz${at.toString(36)}yk`;
  const calls = Array.from({ length: CALLS }, (_, at) => {
    const words = () =>
      Array.from({ length: random() * 40 }, () => random() < 0.06 ? mark(at) : "tale").join(" ");
    return call(at, {
      callSid: `CA${Math.floor(random() * 1e6)}${mark(at)}`,
      from: at % 3 === 0 ? CALLER : BOB,
      turns: turnsOf(...Array.from({ length: 2 + random() * 30 }, words)),
      events: [{ atMs: 1, kind: "tool", name: "t", detail: mark(at) + " ".repeat(random() * 3_000) }],
      summary: `${mark(at)} said 555 123 ${at % 3 === 1 ? "0000" : "1111"}`,
    });
  });
  const store = rig.open();
  for (const each of calls) {
    store.write(each);
    store.flush();
  }
  const marks = () =>
    new Set([...rig.bytes().matchAll(/qz([\da-z]{1,2})yk/g)].map(([, at = ""]) => parseInt(at, 36)));
  const before = Deno.statSync(rig.path).size;
  assertEquals(marks().size, CALLS);
  assert(rig.bytes().includes("5551230000"));
  rig.forget(CALLER);
  assertEquals([...marks()].filter((at) => at % 3 === 0), []);
  assertEquals(marks().size, Math.floor(CALLS * 2 / 3));
  assert(!/1230000|123 0000/.test(rig.bytes()));
  assert(Deno.statSync(rig.path).size < 0.8 * before, "the file did not shrink");
});
