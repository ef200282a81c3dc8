import type { Config } from "../config/config.ts";
import type { RecordsStart, RecordsStarted } from "../records/records_worker.ts";
import { recordingsFolder } from "../recording/stored_recordings.ts";
import { confined, StartError } from "./confined.ts";

/** The thread that keeps the file of calls, apart from the service's: no disk may hold up a call. */
export interface RecordsThread {
  /** Where it is asked; see `RemoteCallStore`. */
  readonly port: MessagePort;
  /** Ends it. What it was given is on the disk once `RemoteCallStore.close` has resolved. */
  end(): void;
}

/**
 * Starts it. It may read and write `DATA_DIR`, and nothing else.
 *
 * @throws {StartError} when the file cannot be used, or lies where this program may not go.
 */
export async function startRecords(config: Config): Promise<RecordsThread> {
  const { DATA_DIR, LOG_LEVEL, LOG_FORMAT, secrets } = config;
  const folder = [DATA_DIR];
  const program = new URL("../records/records_worker.ts", import.meta.url);
  const worker = confined(program, { net: [], read: folder, write: folder });
  const [asks, says] = [new MessageChannel(), new MessageChannel()];
  const started = Promise.withResolvers<RecordsStarted>();
  says.port1.onmessage = ({ data }) => started.resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    started.resolve({ opened: false, problem: `the thread of the call records broke: ${event.message}` });
  };
  const start: RecordsStart = {
    path: `${DATA_DIR}/calls.db`,
    recordings: {
      folder: recordingsFolder(DATA_DIR),
      days: recordingDays(config),
      megabytes: config.RECORDING_MEGABYTES,
    },
    log: { level: LOG_LEVEL, format: LOG_FORMAT, secrets },
    port: asks.port2,
    report: says.port2,
  };
  worker.postMessage(start, [start.port, start.report]);
  const opened = await started.promise;
  says.port1.close();
  const end = () => {
    asks.port1.close();
    worker.terminate();
  };
  if (opened.opened) return { port: asks.port1, end };
  end();
  throw new StartError(`DATA_DIR: ${opened.problem}`);
}

/** No recording outlives the record of its call. */
function recordingDays({ RECORDING_DAYS, RECORD_DAYS }: Config): number | undefined {
  const days = Math.min(RECORDING_DAYS ?? Infinity, RECORD_DAYS ?? Infinity);
  return days === Infinity ? undefined : days;
}
