import type { DatabaseSync } from "node:sqlite";

/**
 * Each step migrates the schema by one version; the first creates it. Append new steps and never change a released one.
 * SQLite 3.40 (2022) must be able to read the file.
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

  `ALTER TABLE calls RENAME COLUMN reason TO end_reason;
  ALTER TABLE calls RENAME COLUMN model_usd TO cost_usd;
  ALTER TABLE calls RENAME COLUMN turns TO caller_turns;
  UPDATE calls SET caller_turns = caller_turns - answers;
  ALTER TABLE turns RENAME COLUMN who TO speaker;
  ALTER TABLE turns RENAME COLUMN cut TO interrupted;
  ALTER TABLE turns RENAME COLUMN latency_sent_ms TO latency_send_ms;
  ALTER TABLE turns RENAME COLUMN latency_heard_ms TO latency_playback_ms;
  UPDATE events SET kind = 'keypad' WHERE kind = 'keys';
  UPDATE events SET kind = 'answering-machine' WHERE kind = 'machine';`,

  `ALTER TABLE calls ADD COLUMN latencies_ms TEXT;
  UPDATE calls SET latencies_ms = (
    SELECT group_concat(CAST(round(latency_model_ms + latency_send_ms + latency_playback_ms) AS INTEGER))
    FROM turns WHERE call_id = id AND latency_model_ms + latency_send_ms + latency_playback_ms >= 0
  );
  CREATE INDEX calls_for_stats ON calls (assistant, started_at, seconds, end_reason, answers, barge_ins, cost_usd,
    carrier_minutes, latencies_ms);
  ALTER TABLE events ADD COLUMN arguments TEXT;
  ALTER TABLE events ADD COLUMN result TEXT;`,

  // Calls whose end is not reported: those in progress with the record of their start as JSON, ended ones without it.
  `CREATE TABLE open_calls (call_sid TEXT PRIMARY KEY, record TEXT) STRICT, WITHOUT ROWID;`,

  // Requests of `POST /calls` with an `Idempotency-Key`, as hashes; without an answer while the call is placed.
  `CREATE TABLE placements (
    key TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    answer TEXT
  ) STRICT, WITHOUT ROWID;`,

  `ALTER TABLE calls ADD COLUMN model_usd REAL NOT NULL DEFAULT 0;
  ALTER TABLE calls ADD COLUMN transcription_usd REAL NOT NULL DEFAULT 0;
  ALTER TABLE calls ADD COLUMN summary_usd REAL NOT NULL DEFAULT 0;
  ALTER TABLE calls ADD COLUMN carrier_usd REAL NOT NULL DEFAULT 0;
  UPDATE calls SET model_usd = cost_usd;
  UPDATE open_calls SET record = json_set(record, '$.costs', json_object('modelUsd', json_extract(record, '$.costUsd'),
    'transcriptionUsd', 0, 'summaryUsd', 0, 'carrierUsd', 0)) WHERE record IS NOT NULL;`,
  // Cache of the sums of whole days in the time zones that were queried: `DayStats` as JSON.
  `CREATE TABLE day_stats (
    assistant TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    stats TEXT NOT NULL,
    PRIMARY KEY (assistant, ends_at)
  ) STRICT, WITHOUT ROWID;
  CREATE TRIGGER call_inserted AFTER INSERT ON calls BEGIN
    DELETE FROM day_stats WHERE assistant = new.assistant AND ends_at > new.started_at
      AND ends_at <= strftime('%Y-%m-%dT%H:%M:%fZ', new.started_at, '+1 day');
  END;
  CREATE TRIGGER call_deleted AFTER DELETE ON calls BEGIN
    DELETE FROM day_stats WHERE assistant = old.assistant AND ends_at > old.started_at
      AND ends_at <= strftime('%Y-%m-%dT%H:%M:%fZ', old.started_at, '+1 day');
  END;`,

  `ALTER TABLE messages ADD COLUMN kind TEXT NOT NULL DEFAULT 'message';
  ALTER TABLE messages ADD COLUMN recorded_from_ms REAL;
  ALTER TABLE messages ADD COLUMN recorded_to_ms REAL;`,
];

/** A newer Parley wrote the file. */
export class NewerFileError extends Error {
  override readonly name = "NewerFileError";
}

/**
 * Migrates a file to the current schema, each step in a transaction.
 *
 * @throws {NewerFileError} when its version is later than the last step.
 */
export function migrate(db: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  const version = versionOf(db);
  if (version > migrations.length) {
    throw new NewerFileError(
      `a newer Parley wrote it (file version ${version}; this program supports ${migrations.length}). ` +
        "Start the newer Parley, or move the file away.",
    );
  }
  for (let next = version; next < migrations.length; next++) {
    inTransaction(db, () => {
      // Another process may have migrated it meanwhile.
      if (versionOf(db) !== next) return;
      db.exec(migrations[next] ?? "");
      db.exec(`PRAGMA user_version = ${next + 1}`);
    });
  }
}

/** Runs `work` in a transaction and rolls back when it throws. */
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
