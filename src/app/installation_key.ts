import { messageOf } from "../error_message.ts";
import type { Log } from "../telemetry/log.ts";

const KEY_BYTES = 32;

/**
 * The secret key of this installation: random, created at the first start, in `DATA_DIR/installation.key` with mode 600.
 * If it cannot be stored, a key for this process only.
 */
export function installationKey(folder: string, log: Log): Uint8Array {
  const path = `${folder}/installation.key`;
  const key = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  try {
    return readKey(path) ?? createKey(folder, path, key);
  } catch (error) {
    log.warn("installation key not stored", { file: path, problem: messageOf(error) });
    return key;
  }
}

/** Undefined when there is none, or one that a full disk cut short. */
function readKey(path: string): Uint8Array | undefined {
  try {
    const key = Deno.readFileSync(path);
    return key.length === KEY_BYTES ? key : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function createKey(folder: string, path: string, key: Uint8Array): Uint8Array {
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeFileSync(`${path}.new`, key, { mode: 0o600 });
  Deno.renameSync(`${path}.new`, path);
  return key;
}
