import type { DatabaseSync } from "node:sqlite";

/**
 * What brings a file from one version to the next: the first makes version 1 of an empty file. Once released, none is ever
 * changed; a new one is added. Tools of 2022 (SQLite 3.40) should still be able to read the file.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    call_sid TEXT NOT NULL UNIQUE,
    direction TEXT NOT NULL,
    from_number TEXT NOT NULL,
    to_number TEXT NOT NULL,
    assistant TEXT NOT NULL,
    model TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    seconds REAL NOT NULL,
    reason TEXT NOT NULL,
    turns INTEGER NOT NULL,
    answers INTEGER NOT NULL,
    barge_ins INTEGER NOT NULL,
    text_in INTEGER NOT NULL,
    text_cached INTEGER NOT NULL,
    text_out INTEGER NOT NULL,
    audio_in INTEGER NOT NULL,
    audio_cached INTEGER NOT NULL,
    audio_out INTEGER NOT NULL,
    model_usd REAL NOT NULL,
    carrier_minutes INTEGER NOT NULL,
    summary TEXT
  ) STRICT;
  CREATE INDEX calls_by_time ON calls (started_at);

  CREATE TABLE turns (
    call_id INTEGER NOT NULL REFERENCES calls ON DELETE CASCADE,
    position INTEGER NOT NULL,
    who TEXT NOT NULL,
    text TEXT,
    at_ms REAL NOT NULL,
    heard_ms REAL,
    total_ms REAL,
    cut INTEGER NOT NULL,
    latency_model_ms REAL,
    latency_sent_ms REAL,
    latency_heard_ms REAL,
    PRIMARY KEY (call_id, position)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE events (
    call_id INTEGER NOT NULL REFERENCES calls ON DELETE CASCADE,
    position INTEGER NOT NULL,
    at_ms REAL NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    ok INTEGER,
    ms REAL,
    detail TEXT,
    PRIMARY KEY (call_id, position)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE messages (
    call_id INTEGER NOT NULL REFERENCES calls ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    number TEXT NOT NULL,
    message TEXT NOT NULL,
    urgent INTEGER NOT NULL,
    PRIMARY KEY (call_id, position)
  ) STRICT, WITHOUT ROWID;

  CREATE VIEW call_words (id, words) AS SELECT id,
    coalesce((SELECT group_concat(text, char(10)) FROM turns WHERE call_id = calls.id), '') || char(10) ||
    coalesce((SELECT group_concat(name || char(10) || message, char(10)) FROM messages
      WHERE call_id = calls.id), '') || char(10) ||
    coalesce(summary, '')
  FROM calls;
  CREATE VIRTUAL TABLE call_index USING fts5 (words, content = 'call_words', content_rowid = 'id',
    tokenize = 'unicode61 remove_diacritics 2');
  INSERT INTO call_index (call_index, rank) VALUES ('secure-delete', 1);`,

  `ALTER TABLE turns ADD COLUMN spoken_from_ms REAL;
  ALTER TABLE turns ADD COLUMN spoken_to_ms REAL;
  ALTER TABLE turns ADD COLUMN generated_from_ms REAL;
  ALTER TABLE turns ADD COLUMN generated_to_ms REAL;
  ALTER TABLE turns ADD COLUMN played_from_ms REAL;
  ALTER TABLE turns ADD COLUMN played_to_ms REAL;`,
];

/** The file was written by a newer Parley. */
export class NewerFileError extends Error {
  override readonly name = "NewerFileError";
}

/**
 * Brings a file up to date, one version after the other, each all or not at all.
 *
 * @throws {NewerFileError} when it is of a later version than this program knows.
 */
export function migrate(db: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  const version = versionOf(db);
  if (version > migrations.length) {
    throw new NewerFileError(
      `a newer Parley wrote it (version ${version} of the file, and this program knows ${migrations.length}); ` +
        "start that Parley again, or move the file away",
    );
  }
  for (let next = version; next < migrations.length; next++) {
    inTransaction(db, () => {
      // Another process may have been faster.
      if (versionOf(db) !== next) return;
      db.exec(migrations[next] ?? "");
      db.exec(`PRAGMA user_version = ${next + 1}`);
    });
  }
}

/** Does all of it or nothing. @throws what `work` throws, or the disk. */
export function inTransaction<Result>(db: DatabaseSync, work: () => Result): Result {
  db.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    db.exec("COMMIT");
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.user_version);
}
