import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { unlessMissingSync } from "../file_error.ts";
import { migrate, NewerFileError } from "./migrations.ts";

/** How long a write waits for the lock of another process (ms). */
const BUSY_MS = 5_000;

/**
 * Opens a call database and migrates it to the current schema. Creates a missing file, readable by its owner only.
 *
 * @param path File, or `:memory:`.
 * @throws {NewerFileError} naming the file, when a newer Parley wrote it.
 * @throws {Error} when SQLite cannot use it; see {@linkcode isCorrupt}.
 */
export function openCallDatabase(path: string): DatabaseSync {
  if (path !== ":memory:") {
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // SQLite creates the -wal and -shm files with the same mode.
    Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
    Deno.chmodSync(path, 0o600);
  }
  const db = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    // auto_vacuum takes effect in an empty file only.
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

/** Whether SQLite reports that the file is corrupt. */
export function isCorrupt(error: unknown): boolean {
  return error instanceof Error && /not a database|malformed/.test(error.message);
}

/** Renames a corrupt database with its -wal and -shm files. Returns the new path. */
export function setAside(path: string, wallTime: number): string {
  const time = new Date(wallTime).toISOString().replaceAll(/[^\dTZ]/g, "");
  const aside = `${path}.broken-${time}`;
  Deno.renameSync(path, aside);
  for (const suffix of ["-wal", "-shm"]) {
    unlessMissingSync(() => Deno.renameSync(path + suffix, aside + suffix));
  }
  return aside;
}
