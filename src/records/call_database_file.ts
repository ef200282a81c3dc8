import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../clock.ts";
import { messageOf } from "../error_message.ts";
import { unlessMissingSync } from "../file_error.ts";
import type { Log } from "../telemetry/log.ts";
import { isCorrupt, openCallDatabase, setAside } from "./call_database.ts";

/** Keeps the call database open. Opens it again when the file vanishes, and replaces a corrupt file by a new one. */
export class CallDatabaseFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #open: { readonly db: DatabaseSync; readonly identity: string | undefined } | undefined;

  /** @param path File, or `:memory:`. */
  constructor(path: string, clock: Clock, log: Log) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * The open database.
   *
   * @throws {NewerFileError} when a newer Parley wrote it.
   * @throws {Error} when the file can be neither opened nor created.
   */
  get database(): DatabaseSync {
    if (this.#open && this.#open.identity !== this.#identity()) {
      this.#log.error("call database vanished", { file: this.#path, remedy: "a new one was created" });
      this.close();
    }
    return this.#open?.db ?? this.replaceIfCorrupt(() => this.#reopen());
  }

  /** Runs `work`. When it finds the file corrupt, renames the file and runs it again with a new one. */
  replaceIfCorrupt<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      this.close();
      this.#log.error("call database corrupt", {
        file: this.#path,
        set_aside: setAside(this.#path, this.#clock.wallTime()),
        problem: messageOf(error),
      });
      return work();
    }
  }

  close(): void {
    this.#open?.db.close();
    this.#open = undefined;
  }

  #reopen(): DatabaseSync {
    const db = openCallDatabase(this.#path);
    // Waiting for a lock would block this thread.
    db.exec("PRAGMA busy_timeout = 0");
    this.#open = { db, identity: this.#identity() };
    return db;
  }

  /** Tells the file at this path from others; undefined when there is none. */
  #identity(): string | undefined {
    if (this.#path === ":memory:") return this.#path;
    const file = unlessMissingSync(() => Deno.statSync(this.#path));
    return file && `${file.dev} ${file.ino}`;
  }
}
