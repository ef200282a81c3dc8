import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { PhoneNumber } from "../../src/records/stored_phone_number.ts";
import { ANN, call, said, Shelf, sidOf } from "./calls.ts";

const BOB = "+15551239999";

Deno.test("a number is known however it is written", () => {
  const ann = new PhoneNumber("+1 (555) 123-0000");
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
    assert(ann.isIn(written), written);
  }
  for (const other of ["+15551230001", "5551230000123", "123000", "230000", "$15 551 230 000.00", ""]) {
    assert(!ann.isIn(other), other);
  }
  assertEquals(ann.without("Call 555-123-0000 or 555-123-9999!"), "Call [forgotten] or 555-123-9999!");
  for (const party of [ANN, "sip:+15551230000@example.com", "whatsapp:+15551230000", "15551230000"]) {
    assert(ann.isParty(party), party);
  }
  for (const party of [BOB, "anonymous", "", "sip:ann@15551230000", "client:15551230000x"]) {
    assert(!ann.isParty(party), party);
  }
});

Deno.test("a caller without a number is known by name, and no word of others is touched", () => {
  const nobody = new PhoneNumber("anonymous");
  assert(nobody.isParty("anonymous"));
  assert(!nobody.isParty("anonymous2"));
  assertEquals(nobody.without("I am anonymous"), "I am anonymous");
});

Deno.test("forgetting deletes the calls of a number, takes it out of all others, and leaves the rest", () => {
  using shelf = new Shelf();
  const store = shelf.filled(
    call(1, { turns: said("Good day") }),
    call(2, { from: BOB, to: ANN }),
    call(3, {
      from: BOB,
      turns: said("Hello", "Call my wife, 555 123 0000, tomorrow", "At 2 pm"),
      events: [{ atMs: 1, kind: "transfer", name: "wife", detail: `to ${ANN}` }, {
        atMs: 2,
        kind: "keys",
        name: "#",
      }],
      summary: `Call ${ANN} back`,
      messages: [{ name: "Bob", number: "(555) 123-0000", message: "Call her", urgent: true }],
    }),
    call(4, { from: BOB, turns: said("My number is 555 123 9999") }),
  );
  const untouched = store.get(sidOf(4));
  store.write(call(5));
  assertEquals(store.forget("+1 555 123 0000"), {
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
  assertEquals(left?.events.map(({ detail }) => detail), ["to [forgotten]", undefined]);
  assertEquals([left?.summary, left?.messages[0]?.number], ["Call [forgotten] back", "[forgotten]"]);
  assertEquals(store.get(sidOf(4)), untouched);
  const found = (search: string) => store.list({ search }).calls.map(({ callSid }) => callSid);
  assertEquals([found("good day"), found("1230000"), found("forgotten wife"), found("9999")], [
    [],
    [],
    [sidOf(3)],
    [sidOf(4), sidOf(3)],
  ]);
  assertEquals(store.forget(ANN), { calls: [], mentions: [] });
  // What is deleted with a call must still be, after it.
  store.forget(BOB);
  store.close();
  const db = new DatabaseSync(shelf.path);
  const rows = ["calls", "turns", "events", "messages"].map((table) =>
    db.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows
  );
  db.exec("INSERT INTO call_index (call_index) VALUES ('integrity-check')");
  db.close();
  assertEquals(rows, [0, 0, 0, 0]);
});

Deno.test("what is forgotten is nowhere in the bytes of the file, or of those beside it", () => {
  using shelf = new Shelf();
  // Texts of many lengths, in an order that moves rows from page to page: copies stay behind in their gaps.
  let seed = 1;
  const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const CALLS = 400;
  const mark = (at: number) => `qz${at.toString(36)}yk`;
  const calls = Array.from({ length: CALLS }, (_, at) => {
    const words = () =>
      Array.from({ length: random() * 40 }, () => random() < 0.06 ? mark(at) : "tale").join(" ");
    return call(at, {
      callSid: `CA${Math.floor(random() * 1e6)}${mark(at)}`,
      from: at % 3 === 0 ? ANN : BOB,
      turns: said(...Array.from({ length: 2 + random() * 30 }, words)),
      events: [{ atMs: 1, kind: "tool", name: "t", detail: mark(at) + " ".repeat(random() * 3_000) }],
      summary: `${mark(at)} said 555 123 ${at % 3 === 1 ? "0000" : "1111"}`,
    });
  });
  const store = shelf.open();
  for (const each of calls) {
    store.write(each);
    store.flush();
  }
  const marks = () =>
    new Set([...shelf.bytes().matchAll(/qz([\da-z]{1,2})yk/g)].map(([, at = ""]) => parseInt(at, 36)));
  const before = Deno.statSync(shelf.path).size;
  assertEquals(marks().size, CALLS);
  assert(shelf.bytes().includes("5551230000"));
  store.forget(ANN);
  assertEquals([...marks()].filter((at) => at % 3 === 0), []);
  assertEquals(marks().size, Math.floor(CALLS * 2 / 3));
  assert(!/1230000|123 0000/.test(shelf.bytes()));
  assert(Deno.statSync(shelf.path).size < 0.8 * before, "the file should be smaller");
});
