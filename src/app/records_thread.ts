import type { ServiceConfig } from "./service_config.ts";
import type { RecordsStart, RecordsStarted } from "../records/records_worker.ts";
import { recordingsFolder } from "../recording/stored_recordings.ts";
import { startConfinedWorker, StartError } from "./confined_worker.ts";
import { lockDataDir } from "./data_lock.ts";

/**
 * The records worker: the thread of the call store. It is separate from the service worker, so that a slow
 * disk cannot delay audio.
 */
export interface RecordsThread {
  /** Port for a `RemoteCallStore`. */
  readonly port: MessagePort;
  /** Ends the thread. Close the `RemoteCallStore` first, so that everything is on disk. */
  terminate(): void;
}

/**
 * Creates DATA_DIR where needed, locks it, and starts the call store. Its thread may read and write DATA_DIR
 * and nothing else.
 *
 * @throws {StartError} when DATA_DIR or the store's file cannot be used.
 */
export async function startRecordsThread(config: ServiceConfig): Promise<RecordsThread> {
  const { DATA_DIR, LOG_LEVEL, LOG_FORMAT, secrets } = config;
  const program = new URL("../records/records_worker.ts", import.meta.url);
  const worker = startConfinedWorker(program, { net: [], read: [DATA_DIR], write: [DATA_DIR] }, config);
  const [requests, reports] = [new MessageChannel(), new MessageChannel()];
  let unlock = () => {};
  const terminate = () => {
    requests.port1.close();
    worker.terminate();
    unlock();
  };
  try {
    unlock = lockDataDir(DATA_DIR);
    const started = Promise.withResolvers<RecordsStarted>();
    reports.port1.onmessage = ({ data }) => started.resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      started.reject(new StartError(`The records worker failed: ${event.message}`));
    };
    const start: RecordsStart = {
      path: `${DATA_DIR}/calls.db`,
      recordings: {
        folder: recordingsFolder(DATA_DIR),
        days: recordingDays(config),
        megabytes: config.RECORDING_MEGABYTES,
      },
      log: { level: LOG_LEVEL, format: LOG_FORMAT, secrets },
      port: requests.port2,
      report: reports.port2,
    };
    worker.postMessage(start, [start.port, start.report]);
    const result = await started.promise;
    if (!result.opened) throw new StartError(`DATA_DIR: ${result.problem}`);
    return { port: requests.port1, terminate };
  } catch (error) {
    terminate();
    throw error;
  } finally {
    reports.port1.close();
  }
}

/** A recording is deleted with its call's record, or earlier. */
function recordingDays({ RECORDING_DAYS, RECORD_DAYS }: ServiceConfig): number | undefined {
  const days = Math.min(RECORDING_DAYS ?? Infinity, RECORD_DAYS ?? Infinity);
  return days === Infinity ? undefined : days;
}
