import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { callStats } from "../../src/records/call_stats.ts";
import { readCall } from "../../src/records/call_rows.ts";
import { migrate, MIGRATIONS, NewerFileError } from "../../src/records/migrations.ts";

const FIRST = "CREATE TABLE a (x)";
const SECOND = "ALTER TABLE a ADD COLUMN y DEFAULT 7; INSERT INTO a (x) VALUES (2)";

function open(): DatabaseSync & Disposable {
  const db = new DatabaseSync(":memory:");
  return Object.assign(db, { [Symbol.dispose]: () => db.close() });
}

const version = (db: DatabaseSync) => db.prepare("PRAGMA user_version").get()?.user_version;

Deno.test("migrate() updates an older file and keeps its rows; a new file gets all steps", () => {
  using db = open();
  migrate(db, [FIRST]);
  db.exec("INSERT INTO a VALUES (1)");
  migrate(db, [FIRST, SECOND]);
  migrate(db, [FIRST, SECOND]);
  assertEquals(db.prepare("SELECT x, y FROM a").all().map(({ x, y }) => [x, y]), [[1, 7], [2, 7]]);
  assertEquals(version(db), 2);
  using other = open();
  migrate(other, [FIRST, SECOND]);
  assertEquals(version(other), 2);
});

Deno.test("migrate() rolls back a step that fails", () => {
  using db = open();
  migrate(db, [FIRST]);
  assertThrows(() => migrate(db, [FIRST, `${SECOND}; CREATE TABLE a (x)`]));
  assertEquals([version(db), db.prepare("SELECT * FROM a").all()], [1, []]);
});

Deno.test("migrate() rejects a newer file", () => {
  using db = open();
  migrate(db, [FIRST, SECOND]);
  assertThrows(() => migrate(db, [FIRST]), NewerFileError, "file version 2; this program supports 1");
});

Deno.test("migrate() renames the columns and event kinds of a version 2 file", () => {
  using db = open();
  migrate(db, MIGRATIONS.slice(0, 2));
  db.exec(`INSERT INTO calls VALUES (1, 'CA1', 'inbound', '+1', '+2', 'a', 'm', '2026-01-01', '2026-01-01', 1,
      'time limit', 3, 2, 0, 1, 0, 1, 1, 0, 1, 0.5, 1, NULL);
    INSERT INTO turns (call_id, position, who, text, at_ms, cut, latency_sent_ms, latency_heard_ms)
      VALUES (1, 0, 'caller', 'hello', 5, 1, 2, 80);
    INSERT INTO turns (call_id, position, who, at_ms, cut, latency_model_ms, latency_sent_ms, latency_heard_ms)
      VALUES (1, 1, 'assistant', 5, 0, 300.4, 2, 80), (1, 2, 'assistant', 5, 0, 400, NULL, 80),
      (1, 3, 'assistant', 5, 0, 500, 0.6, 80);
    INSERT INTO events VALUES (1, 0, 1, 'keys', '1', NULL, NULL, NULL), (1, 1, 1, 'machine', 'm', NULL, NULL, NULL)`);
  migrate(db);
  const call = readCall(db, "CA1");
  assertEquals([call?.endReason, call?.costUsd, call?.callerTurns], ["time limit", 0.5, 1]);
  assertEquals(call?.costs, { modelUsd: 0.5, transcriptionUsd: 0, summaryUsd: 0, carrierUsd: 0 });
  const [turn] = call?.turns ?? [];
  assertEquals([turn?.speaker, turn?.interrupted], ["caller", true]);
  assertEquals([turn?.latency?.sendMs, turn?.latency?.playbackMs], [2, 80]);
  assertEquals(call?.events.map(({ kind }) => kind), ["keypad", "answering-machine"]);
  assertEquals(callStats(db, {})[0]?.latency, { answers: 2, p50: 382, p95: 581, p99: 581 });
});
