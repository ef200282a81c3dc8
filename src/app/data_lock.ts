import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../error_message.ts";
import { isDiskFull } from "../file_error.ts";
import { StartError } from "./confined_worker.ts";

/**
 * Locks DATA_DIR for this process: two services would overwrite each other's budgets and deliver webhooks twice. The system
 * releases the lock when the process dies. Reading, as `parley calls` does, needs no lock.
 *
 * The lock is SQLite's on an empty file, because Deno before 2.7 has no lock that does not wait.
 *
 * @returns a function that releases it; further calls do nothing.
 * @throws {StartError} when another process has it.
 */
export function lockDataDir(folder: string): () => void {
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(`${folder}/lock`, { timeout: 0 });
    lock.exec("BEGIN EXCLUSIVE");
    return () => {
      lock?.close();
      lock = undefined;
    };
  } catch (error) {
    lock?.close();
    const problem = messageOf(error);
    if (/locked/.test(problem)) {
      throw new StartError(
        `DATA_DIR: another Parley uses ${
          JSON.stringify(folder)
        }; stop it, or set another DATA_DIR for this one`,
      );
    }
    // A full disk must not keep the phone from being answered.
    if (isDiskFull(error)) return () => {};
    throw new StartError(`DATA_DIR: cannot lock ${JSON.stringify(folder)}: ${problem}`);
  }
}
