import { messageOf } from "../error_message.ts";
import { unlessMissingSync } from "../file_error.ts";
import type { Log } from "../telemetry/log.ts";

const KEY_BYTES = 32;

/**
 * The secret key of this installation: random, created at the first start, and stored in
 * `DATA_DIR/installation.key` with mode 600. If it cannot be stored, the key is valid for this process only.
 */
export function installationKey(folder: string, log: Log): Uint8Array {
  const path = `${folder}/installation.key`;
  const created = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  try {
    const key = unlessMissingSync(() => Deno.readFileSync(path));
    // A full disk may have truncated it.
    if (key?.length === KEY_BYTES) return key;
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeFileSync(`${path}.new`, created, { mode: 0o600 });
    Deno.renameSync(`${path}.new`, path);
  } catch (error) {
    log.warn("installation key not stored", { file: path, problem: messageOf(error) });
  }
  return created;
}
