import type { Cancel, Clock } from "../clock.ts";
import { messageOf } from "../error_message.ts";
import { unlessMissingSync } from "../file_error.ts";
import type { Log } from "../telemetry/log.ts";

const KEY_BYTES = 32;
/** Delay before the key is stored again, after the disk was full (ms). */
const RETRY_MS = 60_000;

/** The installation's key, and what stops the attempts to store it. */
export interface InstallationKey {
  readonly key: Uint8Array;
  readonly stop: Cancel;
}

/**
 * The secret key of this installation: random, created at the first start, and stored in
 * `DATA_DIR/installation.key` with mode 600. If it cannot be stored, it is stored later: sums stored meanwhile name
 * callers by it.
 */
export function installationKey(folder: string, clock: Clock, log: Log): InstallationKey {
  const path = `${folder}/installation.key`;
  const created = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  let cancel: Cancel = () => {};
  const store = () => {
    try {
      Deno.mkdirSync(folder, { recursive: true });
      Deno.writeFileSync(`${path}.new`, created, { mode: 0o600 });
      Deno.renameSync(`${path}.new`, path);
    } catch (error) {
      log.warn("installation key not stored", { file: path, problem: messageOf(error) });
      cancel = clock.after(RETRY_MS, store);
    }
  };
  try {
    const key = unlessMissingSync(() => Deno.readFileSync(path));
    // A full disk may have truncated it.
    if (key?.length === KEY_BYTES) return { key, stop() {} };
  } catch (error) {
    // A key that cannot be read now is not replaced.
    log.warn("installation key not read", { file: path, problem: messageOf(error) });
    return { key: created, stop() {} };
  }
  store();
  return { key: created, stop: () => cancel() };
}
