import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { migrate, NewerFileError } from "./migrations.ts";

/** How long to wait for another process that writes (ms). */
const BUSY_MS = 5_000;

/**
 * Opens a file of call records, which is made if there is none, for its owner alone, and brings it up to date.
 *
 * @param path A file's, or `:memory:`.
 * @throws {NewerFileError} naming the file, when a newer Parley wrote it.
 * @throws {Error} when it cannot be used; see {@linkcode isBroken}.
 */
export function openCallFile(path: string): DatabaseSync {
  if (path !== ":memory:") {
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // SQLite gives the files it puts beside it the same mode.
    Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
    Deno.chmodSync(path, 0o600);
  }
  const db = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    // The first one works only before there is anything in the file.
    db.exec("PRAGMA auto_vacuum = INCREMENTAL");
    db.exec("PRAGMA journal_mode = WAL");
    db.exec("PRAGMA synchronous = NORMAL");
    db.exec("PRAGMA secure_delete = ON");
    db.exec("PRAGMA temp_store = MEMORY");
    db.exec("PRAGMA foreign_keys = ON");
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    if (!(error instanceof NewerFileError)) throw error;
    throw new NewerFileError(`Cannot use "${path}": ${error.message}`);
  }
}

/** Whether an error says that the file itself cannot be read. */
export function isBroken(error: unknown): boolean {
  return error instanceof Error && /not a database|malformed/.test(error.message);
}

/** Renames a file and what SQLite put beside it. Returns its new name. */
export function setAside(path: string, wallTime: number): string {
  const time = new Date(wallTime).toISOString().replaceAll(/[^\dTZ]/g, "");
  const aside = `${path}.broken-${time}`;
  Deno.renameSync(path, aside);
  for (const suffix of ["-wal", "-shm"]) {
    try {
      Deno.renameSync(path + suffix, aside + suffix);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return aside;
}
