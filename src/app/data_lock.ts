import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../error_message.ts";
import { fileErrorReason, isDiskFull } from "../file_error.ts";
import { StartError } from "./confined_worker.ts";

/**
 * Creates DATA_DIR where needed, and locks it for this process: two services would overwrite each other's
 * budgets and deliver webhooks twice. The system releases the lock when the process dies. Reading, as `parley
 * calls` does, needs no lock.
 *
 * The lock is SQLite's on an empty file, because Deno before 2.7 has no lock that does not wait. On a full
 * disk there is no lock, because that must not keep the phone from being answered.
 *
 * @returns a function that releases it; further calls do nothing.
 * @throws {StartError} when another process has it, or the folder cannot be written.
 */
export function lockDataDir(folder: string): () => void {
  const path = `${folder}/lock`;
  try {
    Deno.mkdirSync(folder, { recursive: true });
    Deno.openSync(path, { append: true, create: true }).close();
  } catch (error) {
    if (isDiskFull(error)) return () => {};
    const reason = fileErrorReason(error, "write");
    throw new StartError(
      `DATA_DIR: cannot create ${JSON.stringify(folder)}: ${reason}; name a folder that this user may write`,
    );
  }
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path, { timeout: 0 });
    lock.exec("BEGIN EXCLUSIVE");
    return () => {
      lock?.close();
      lock = undefined;
    };
  } catch (error) {
    lock?.close();
    if (isDiskFull(error)) return () => {};
    const problem = messageOf(error);
    throw new StartError(
      /locked/.test(problem)
        ? `DATA_DIR: another Parley uses ${
          JSON.stringify(folder)
        }; stop it, or set another DATA_DIR for this one`
        : `DATA_DIR: cannot lock ${JSON.stringify(folder)}: ${problem}`,
    );
  }
}
