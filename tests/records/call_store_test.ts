import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { setAside } from "../../src/records/call_file.ts";
import type { CallRecord } from "../../src/records/call_record.ts";
import { ANN, call, plain, said, Shelf, sidOf, US } from "./calls.ts";

const FULL: CallRecord = call(1, {
  direction: "outbound",
  summary: "Ann wants\nher money back",
  turns: [
    { who: "assistant", text: "Hello", atMs: 120, heardMs: 900, totalMs: 2_000, cut: true },
    { who: "caller", atMs: 1_000 },
    {
      who: "assistant",
      text: "¿Cómo? ☎ '; DROP TABLE calls; --",
      atMs: 2_000,
      heardMs: 2_000,
      totalMs: 2_000,
      latency: { modelMs: 400.5, sentMs: 1.25, heardMs: 80 },
    },
  ],
  events: [
    { atMs: 900, kind: "barge-in", name: "caller" },
    { atMs: 1_500, kind: "tool", name: "find_order", ok: false, ms: 120, detail: '{"error":"none"}' },
    { atMs: 2_500, kind: "transfer", name: "sales", ok: true },
  ],
  messages: [{ name: "Ann", number: "555 1230000", message: "Call me", urgent: true }],
});

Deno.test("a record comes back as it was, also from the file", () => {
  using shelf = new Shelf();
  const store = shelf.filled(FULL);
  assertEquals(plain(store.get(FULL.callSid)), plain(FULL));
  store.close();
  assertEquals(plain(shelf.open().get(FULL.callSid)), plain(FULL));
  assertEquals(shelf.open().get("CA unknown"), undefined);
  assertEquals(shelf.lines, []);
});

Deno.test("records are written together, a quarter of a second later", () => {
  using shelf = new Shelf();
  const store = shelf.open();
  const other = shelf.open();
  store.write(call(1));
  shelf.clock.advance(200);
  store.write(call(2));
  assertEquals(other.list().calls.length, 0);
  assertEquals(store.get(sidOf(1))?.callSid, sidOf(1));
  shelf.clock.advance(50);
  assertEquals(other.list().calls.map(({ callSid }) => callSid), [sidOf(2), sidOf(1)]);
  assertEquals(shelf.clock.pending, 0);
});

Deno.test("a call that is written again is there once, with its last words", () => {
  using shelf = new Shelf();
  const store = shelf.filled(call(1, { turns: said("apples") }));
  store.write(call(1, { turns: said("pears") }));
  store.write(call(1, { turns: said("plums") }));
  store.flush();
  assertEquals(store.list().calls.length, 1);
  const found = (search: string) => store.list({ search }).calls.length;
  assertEquals([found("apples"), found("pears"), found("plums")], [0, 0, 1]);
});

Deno.test("what waits is written at the close; later records are lost, and told", () => {
  using shelf = new Shelf();
  const store = shelf.open();
  store.write(call(1));
  store.close();
  store.close();
  store.write(call(2));
  store.flush();
  assertEquals(shelf.open().list().calls.map(({ callSid }) => callSid), [sidOf(1)]);
  assertEquals(store.lost, 1);
  assertStringIncludes(shelf.lines.join("\n"), sidOf(2));
  assertEquals(shelf.clock.pending, 0);
});

Deno.test("while another process writes, records wait; nobody is held up, and none is lost", () => {
  using shelf = new Shelf();
  const store = shelf.open();
  const other = new DatabaseSync(shelf.path);
  other.exec("BEGIN IMMEDIATE");
  store.write(call(1));
  const begin = performance.now();
  shelf.clock.advance(250);
  shelf.clock.advance(250);
  assert(performance.now() - begin < 1_000);
  assertEquals([store.failures, store.lost, shelf.lines.length], [2, 0, 1]);
  assertStringIncludes(shelf.lines[0] ?? "", "locked");
  other.exec("COMMIT");
  other.close();
  shelf.clock.advance(250);
  assertEquals(store.list().calls.length, 1);
});

Deno.test("a failing disk is logged once and counted, and throws nothing; the oldest of too many records are lost", () => {
  using shelf = new Shelf();
  const store = shelf.open();
  const db = new DatabaseSync(shelf.path);
  db.exec(
    "CREATE TRIGGER full BEFORE INSERT ON calls BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END",
  );
  for (let at = 0; at < 1_002; at++) store.write(call(at));
  shelf.clock.advance(250);
  shelf.clock.advance(5_000);
  assertEquals([store.failures, store.lost], [2, 2]);
  assertEquals(shelf.lines.filter((line) => line.includes("disk is full")).length, 1);
  db.exec("DROP TRIGGER full");
  db.close();
  shelf.clock.advance(5_000);
  assertEquals(store.list({ limit: 500 }).calls.length, 500);
  assertEquals([store.get(sidOf(1)), store.get(sidOf(2))?.callSid], [undefined, sidOf(2)]);
});

Deno.test("a record that no file could take is lost alone", () => {
  using shelf = new Shelf();
  const store = shelf.filled(
    call(1),
    call(2, { startedAt: "yesterday" }),
    call(3, { turns: [...said("half of it"), { who: "caller", atMs: NaN }] }),
    call(4),
  );
  assertEquals(store.list().calls.map(({ callSid }) => callSid), [sidOf(4), sidOf(1)]);
  assertEquals([store.failures, store.lost], [0, 2]);
  assertStringIncludes(shelf.lines.join("\n"), '"yesterday\\" is no time');
});

Deno.test("texts that SQLite would cut or refuse are kept whole", () => {
  using shelf = new Shelf();
  const store = shelf.filled(call(1, { turns: said("a\0b", "half \ud800 a pair") }));
  assertEquals(store.get(sidOf(1))?.turns.map(({ text }) => text), ["a\ufffdb", "half \ufffd a pair"]);
});

Deno.test("the file and what is beside it are the owner's alone, also when they were not", () => {
  using shelf = new Shelf();
  shelf.filled(call(1)).close();
  Deno.chmodSync(shelf.path, 0o644);
  shelf.filled(call(2));
  const modes = [...Deno.readDirSync(`${shelf.folder}/data`)].map(({ name }) =>
    (Deno.statSync(`${shelf.folder}/data/${name}`).mode ?? 0) & 0o777
  );
  assertEquals(modes, [0o600, 0o600, 0o600]);
});

Deno.test("a file that is no database is set aside, and a new one begun", () => {
  using shelf = new Shelf();
  Deno.mkdirSync(`${shelf.folder}/data`);
  Deno.writeTextFileSync(shelf.path, "these are no calls ".repeat(1_000));
  const store = shelf.filled(call(1));
  assertEquals(store.list().calls.length, 1);
  const aside = `${shelf.path}.broken-20260101T000001000Z`;
  assertStringIncludes(Deno.readTextFileSync(aside), "these are no calls");
  assertStringIncludes(shelf.lines.join("\n"), "call records broken");
});

Deno.test("what SQLite left beside a file goes with it", () => {
  using shelf = new Shelf();
  const path = `${shelf.folder}/calls.db`;
  for (const suffix of ["", "-wal", "-shm"]) Deno.writeTextFileSync(path + suffix, `the${suffix}`);
  const aside = setAside(path, 0);
  const [file, wal, shm] = ["", "-wal", "-shm"].map((suffix) => Deno.readTextFileSync(aside + suffix));
  assertEquals([file, wal, shm], ["the", "the-wal", "the-shm"]);
  assertEquals([...Deno.readDirSync(shelf.folder)].length, 3);
});

Deno.test("a file that breaks while it is open is set aside, and what waited goes into the new one", () => {
  using shelf = new Shelf();
  const many = Array.from({ length: 50 }, (_, at) => call(at, { turns: said("word ".repeat(500)) }));
  shelf.filled(...many).close();
  // All but the first page, with the schema.
  const { size } = Deno.statSync(shelf.path);
  using file = Deno.openSync(shelf.path, { write: true });
  file.seekSync(4096, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(size - 4096).fill(0x55));
  const store = shelf.filled(call(99));
  assertEquals(store.list().calls.map(({ callSid }) => callSid), [sidOf(99)]);
  assertEquals([store.failures, store.lost], [0, 0]);
  assertStringIncludes(shelf.lines.join("\n"), "malformed");
});

Deno.test("a file of a newer Parley is refused, and left as it is", () => {
  using shelf = new Shelf();
  shelf.filled(call(1)).close();
  const db = new DatabaseSync(shelf.path);
  db.exec("PRAGMA user_version = 99");
  db.close();
  const error = assertThrows(() => shelf.open(), Error);
  assertStringIncludes(error.message, `Cannot use "${shelf.path}": a newer Parley wrote it (version 99`);
  assertEquals([...Deno.readDirSync(`${shelf.folder}/data`)].map(({ name }) => name), ["calls.db"]);
});

Deno.test("old calls are deleted a few at a time, with everything of them, and their words are not found", async () => {
  using shelf = new Shelf();
  const calls = Array.from(
    { length: 25 },
    (_, at) => call(at, { turns: said(`word${at}`), messages: FULL.messages }),
  );
  const store = shelf.filled(...calls);
  const deleting = store.deleteBefore(call(23).startedAt);
  assertEquals(store.list().calls.length, 15);
  while (store.list().calls.length > 2) {
    await Promise.resolve();
    shelf.clock.advance(20);
  }
  assertEquals((await deleting).length, 23);
  assertEquals(store.list({ search: "word22" }).calls, []);
  assertEquals(store.list({ search: "word23" }).calls.length, 1);
  store.close();
  assertEquals(new Set(shelf.bytes().match(/word\d+/g)), new Set(["word23", "word24"]));
  const db = new DatabaseSync(shelf.path);
  const rows = ["calls", "turns", "messages"].map((table) =>
    db.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows
  );
  db.close();
  assertEquals(rows, [2, 2, 2]);
});

Deno.test("a store in memory is a store", () => {
  using shelf = new Shelf();
  const store = shelf.open(":memory:");
  store.write(call(1));
  store.flush();
  assertEquals(store.list().calls[0]?.from, ANN);
  assertEquals(store.list().calls[0]?.to, US);
});
