import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { CallStore, type StoreStatus } from "../../src/records/call_store.ts";
import { setAside } from "../../src/records/call_database.ts";
import type { EndedCall } from "../../src/records/call_record.ts";
import { asJson } from "../support/as_json.ts";
import { call, CALLED, CALLER, sidOf, StoreRig, turnsOf } from "./store_rig.ts";

const FULL: EndedCall = call(1, {
  direction: "outbound",
  summary: "Ann wants\nher money back",
  turns: [
    { speaker: "assistant", text: "Hello", atMs: 120, heardMs: 900, totalMs: 2_000, interrupted: true },
    { speaker: "caller", atMs: 1_000 },
    {
      speaker: "assistant",
      text: "¿Cómo? ☎ '; DROP TABLE calls; --",
      atMs: 2_000,
      heardMs: 2_000,
      totalMs: 2_000,
      latency: { modelMs: 400.5, sendMs: 1.25, playbackMs: 80 },
    },
  ],
  events: [
    { atMs: 900, kind: "barge-in", name: "caller" },
    { atMs: 1_500, kind: "tool", name: "find_order", ok: false, ms: 120, detail: '{"error":"none"}' },
    { atMs: 1_900, kind: "tool", name: "book", ok: true, arguments: '{"day":"Tue"}', result: '["10:30"]' },
    { atMs: 2_500, kind: "transfer", name: "sales", ok: true },
  ],
  messages: [
    { kind: "message", name: "Ann", number: "555 1230000", message: "Call me", urgent: true },
    {
      kind: "voicemail",
      name: "",
      number: "+15551230000",
      message: "",
      urgent: false,
      recorded: { fromMs: 1_500, toMs: 9_000 },
    },
    { kind: "callback", name: "", number: "+15551230000", message: "", urgent: false },
  ],
});

Deno.test("CallStore returns a record unchanged, from the queue and from the file", () => {
  using rig = new StoreRig();
  const store = rig.openWith(FULL);
  assertEquals(asJson(store.get(FULL.callSid)), asJson(FULL));
  store.close();
  assertEquals(asJson(rig.open().get(FULL.callSid)), asJson(FULL));
  assertEquals(rig.open().get("CA unknown"), undefined);
  assertEquals(rig.lines, []);
});

Deno.test("CallStore writes queued records together after 250 ms", () => {
  using rig = new StoreRig();
  const store = rig.open();
  const other = rig.open();
  store.write(call(1));
  rig.clock.advance(200);
  store.write(call(2));
  assertEquals(other.list().calls.length, 0);
  assertEquals(store.get(sidOf(1))?.callSid, sidOf(1));
  rig.clock.advance(50);
  assertEquals(other.list().calls.map(({ callSid }) => callSid), [sidOf(2), sidOf(1)]);
  assertEquals(rig.clock.pending, 0);
});

Deno.test("CallStore replaces an earlier record of the same call", () => {
  using rig = new StoreRig();
  const store = rig.openWith(call(1, { turns: turnsOf("apples") }));
  store.write(call(1, { turns: turnsOf("pears") }));
  store.write(call(1, { turns: turnsOf("plums") }));
  store.flush();
  assertEquals(store.list().calls.length, 1);
  const countMatches = (search: string) => store.list({ search }).calls.length;
  assertEquals([countMatches("apples"), countMatches("pears"), countMatches("plums")], [0, 0, 1]);
});

Deno.test("CallStore writes its queue when closed, and drops and logs later records", () => {
  using rig = new StoreRig();
  const store = rig.open();
  store.write(call(1));
  store.close();
  store.close();
  store.write(call(2));
  store.flush();
  assertEquals(rig.open().list().calls.map(({ callSid }) => callSid), [sidOf(1)]);
  assertEquals(store.status.lost, 1);
  assertStringIncludes(rig.lines.join("\n"), sidOf(2));
  assertEquals(rig.clock.pending, 0);
});

Deno.test("CallStore keeps records queued without blocking while another process writes", () => {
  using rig = new StoreRig();
  const store = rig.open();
  const other = new DatabaseSync(rig.path);
  other.exec("BEGIN IMMEDIATE");
  store.write(call(1));
  const begin = performance.now();
  rig.clock.advance(250);
  rig.clock.advance(250);
  assert(performance.now() - begin < 1_000);
  assertEquals([store.status.failures, store.status.lost, rig.lines.length], [2, 0, 1]);
  assertStringIncludes(rig.lines[0] ?? "", "locked");
  other.exec("COMMIT");
  other.close();
  rig.clock.advance(250);
  assertEquals(store.list().calls.length, 1);
});

Deno.test("CallStore logs a failing disk once, counts failures, and drops the oldest of too many records", () => {
  using rig = new StoreRig();
  const store = rig.open();
  const db = new DatabaseSync(rig.path);
  db.exec(
    "CREATE TRIGGER full BEFORE INSERT ON calls BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END",
  );
  for (let at = 0; at < 1_002; at++) store.write(call(at));
  rig.clock.advance(250);
  rig.clock.advance(5_000);
  assertEquals(store.status, { waiting: 1_000, failures: 2, lost: 2 });
  assertEquals(rig.lines.filter((line) => line.includes("disk is full")).length, 1);
  db.exec("DROP TRIGGER full");
  db.close();
  rig.clock.advance(5_000);
  assertEquals(store.list({ limit: 500 }).calls.length, 500);
  assertEquals([store.get(sidOf(1)), store.get(sidOf(2))?.callSid], [undefined, sidOf(2)]);
});

Deno.test("CallStore drops an invalid record and writes the others", () => {
  using rig = new StoreRig();
  const store = rig.openWith(
    call(1),
    call(2, { startedAt: "yesterday" }),
    call(3, { turns: [...turnsOf("half of it"), { speaker: "caller", atMs: NaN }] }),
    call(4),
  );
  assertEquals(store.list().calls.map(({ callSid }) => callSid), [sidOf(4), sidOf(1)]);
  assertEquals(store.status, { waiting: 0, failures: 0, lost: 2 });
  assertStringIncludes(rig.lines.join("\n"), '"yesterday\\" is not a time');
});

Deno.test("CallStore replaces NUL and lone surrogates in texts", () => {
  using rig = new StoreRig();
  const store = rig.openWith(call(1, { turns: turnsOf("a\0b", "half \ud800 a pair") }));
  assertEquals(store.get(sidOf(1))?.turns.map(({ text }) => text), ["a\ufffdb", "half \ufffd a pair"]);
});

Deno.test("CallStore restricts the database and its side files to the owner", () => {
  using rig = new StoreRig();
  rig.openWith(call(1)).close();
  Deno.chmodSync(rig.path, 0o644);
  rig.openWith(call(2));
  const modes = [...Deno.readDirSync(`${rig.folder}/data`)].map(({ name }) =>
    (Deno.statSync(`${rig.folder}/data/${name}`).mode ?? 0) & 0o777
  );
  assertEquals(modes, [0o600, 0o600, 0o600]);
});

Deno.test("CallStore renames a file that is not a database and starts a new one", () => {
  using rig = new StoreRig();
  Deno.mkdirSync(`${rig.folder}/data`);
  Deno.writeTextFileSync(rig.path, "this is not a database ".repeat(1_000));
  const store = rig.openWith(call(1));
  assertEquals(store.list().calls.length, 1);
  const aside = `${rig.path}.broken-20260101T000001000Z`;
  assertStringIncludes(Deno.readTextFileSync(aside), "this is not a database");
  assertStringIncludes(rig.lines.join("\n"), "call database corrupt");
});

Deno.test("setAside() renames the -wal and -shm files too", () => {
  using rig = new StoreRig();
  const path = `${rig.folder}/calls.db`;
  for (const suffix of ["", "-wal", "-shm"]) Deno.writeTextFileSync(path + suffix, `the${suffix}`);
  const aside = setAside(path, 0);
  const [file, wal, shm] = ["", "-wal", "-shm"].map((suffix) => Deno.readTextFileSync(aside + suffix));
  assertEquals([file, wal, shm], ["the", "the-wal", "the-shm"]);
  assertEquals([...Deno.readDirSync(rig.folder)].length, 3);
});

Deno.test("CallStore renames a file that becomes corrupt while open and writes its queue to a new one", () => {
  using rig = new StoreRig();
  const many = Array.from({ length: 50 }, (_, at) => call(at, { turns: turnsOf("word ".repeat(500)) }));
  rig.openWith(...many).close();
  // Everything but the first page, which has the schema.
  const { size } = Deno.statSync(rig.path);
  using file = Deno.openSync(rig.path, { write: true });
  file.seekSync(4096, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(size - 4096).fill(0x55));
  const store = rig.openWith(call(99));
  assertEquals(store.list().calls.map(({ callSid }) => callSid), [sidOf(99)]);
  assertEquals(store.status, { waiting: 0, failures: 0, lost: 0 });
  assertStringIncludes(rig.lines.join("\n"), "malformed");
});

Deno.test("CallStore rejects a file of a newer Parley and leaves it unchanged", () => {
  using rig = new StoreRig();
  rig.openWith(call(1)).close();
  const db = new DatabaseSync(rig.path);
  db.exec("PRAGMA user_version = 99");
  db.close();
  const error = assertThrows(() => rig.open(), Error);
  assertStringIncludes(error.message, `Cannot use "${rig.path}": a newer Parley wrote it (file version 99`);
  assertEquals([...Deno.readDirSync(`${rig.folder}/data`)].map(({ name }) => name), ["calls.db"]);
});

Deno.test("CallStore deletes old calls in batches, with their turns, messages and search index", async () => {
  using rig = new StoreRig();
  const calls = Array.from(
    { length: 25 },
    (_, at) => call(at, { turns: turnsOf(`word${at}`), messages: FULL.messages }),
  );
  const store = rig.openWith(...calls);
  const deleting = store.deleteBefore(call(23).startedAt);
  assertEquals(store.list().calls.length, 15);
  while (store.list().calls.length > 2) {
    await Promise.resolve();
    rig.clock.advance(20);
  }
  assertEquals((await deleting).length, 23);
  assertEquals(store.list({ search: "word22" }).calls, []);
  assertEquals(store.list({ search: "word23" }).calls.length, 1);
  store.close();
  assertEquals(new Set(rig.bytes().match(/word\d+/g)), new Set(["word23", "word24"]));
  const db = new DatabaseSync(rig.path);
  const rows = ["calls", "turns", "messages"].map((table) =>
    db.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.rows
  );
  db.close();
  assertEquals(rows, [2, 2, 2 * FULL.messages.length]);
});

Deno.test("CallStore works in memory", () => {
  using rig = new StoreRig();
  const store = rig.open(":memory:");
  store.write(call(1));
  store.flush();
  assertEquals(store.list().calls[0]?.from, CALLER);
  assertEquals(store.list().calls[0]?.to, CALLED);
});

Deno.test("CallStore creates its file again when the folder vanishes, and writes later records there", () => {
  using rig = new StoreRig();
  const store = rig.openWith(call(1));
  Deno.removeSync(`${rig.folder}/data`, { recursive: true });
  store.write(call(2));
  store.flush();
  assertEquals(store.list().calls.map(({ callSid }) => callSid), [sidOf(2)]);
  assertEquals(rig.open().get(sidOf(2))?.callSid, sidOf(2), "another process finds it");
  assertStringIncludes(rig.lines.join("\n"), "call database vanished");
});

Deno.test("CallStore starts on a full disk, keeps records in memory, and writes them when there is room", () => {
  const full = tryMountTmpfs();
  if (!full) return;
  using rig = new StoreRig();
  try {
    full.fill();
    const statuses: StoreStatus[] = [];
    const store = new CallStore(
      `${full.folder}/data/calls.db`,
      rig.clock,
      rig.log,
      (status) => statuses.push(status),
    );
    assertStringIncludes(rig.lines.join("\n"), "call database not open");
    store.write(call(1));
    store.flush();
    assertEquals(statuses.at(-1), { waiting: 1, failures: 1, lost: 0 });
    full.free();
    rig.clock.advance(5_000);
    assertEquals(store.list().calls.map(({ callSid }) => callSid), [sidOf(1)]);
    assertEquals(statuses.at(-1), { waiting: 0, failures: 1, lost: 0 });
    store.close();
  } finally {
    full.unmount();
  }
});

/** A small file system of its own; undefined where this user may not mount one. */
function tryMountTmpfs() {
  const folder = Deno.makeTempDirSync();
  const run = (command: string, ...args: string[]) => {
    try {
      return new Deno.Command(command, { args, stderr: "null" }).outputSync().success;
    } catch {
      return false;
    }
  };
  if (!run("mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder)) {
    Deno.removeSync(folder);
    return undefined;
  }
  return {
    folder,
    fill() {
      try {
        Deno.writeFileSync(`${folder}/filler`, new Uint8Array(1_000_000));
      } catch {
        // It is full now.
      }
    },
    free: () => Deno.removeSync(`${folder}/filler`),
    unmount() {
      run("umount", folder);
      Deno.removeSync(folder);
    },
  };
}
