import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { migrate, NewerFileError } from "../../src/records/migrations.ts";

const FIRST = "CREATE TABLE a (x)";
const SECOND = "ALTER TABLE a ADD COLUMN y DEFAULT 7; INSERT INTO a (x) VALUES (2)";

function open(): DatabaseSync & Disposable {
  const db = new DatabaseSync(":memory:");
  return Object.assign(db, { [Symbol.dispose]: () => db.close() });
}

const version = (db: DatabaseSync) => db.prepare("PRAGMA user_version").get()?.user_version;

Deno.test("an older file is brought up to date and keeps what is in it; a new one gets all steps", () => {
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

Deno.test("a step that fails leaves the file as it was", () => {
  using db = open();
  migrate(db, [FIRST]);
  assertThrows(() => migrate(db, [FIRST, `${SECOND}; CREATE TABLE a (x)`]));
  assertEquals([version(db), db.prepare("SELECT * FROM a").all()], [1, []]);
});

Deno.test("a file from the future is refused", () => {
  using db = open();
  migrate(db, [FIRST, SECOND]);
  assertThrows(() => migrate(db, [FIRST]), NewerFileError, "version 2 of the file, and this program knows 1");
});
