/** The thread of the file of calls and of their recordings. It needs the permission to read and write its folder, and no other. */

import { systemClock } from "../clock.ts";
import { createLog, type LogOptions } from "../telemetry/log.ts";
import { CallStore } from "./call_store.ts";
import { Recordings, type RecordingsOptions } from "../recording/recordings.ts";
import { serveStore } from "./store_port.ts";

/** What the thread is started with. */
export interface RecordsStart {
  /** The file. */
  readonly path: string;
  readonly recordings: RecordingsOptions;
  readonly log: Omit<LogOptions, "write">;
  /** Where it is asked; see `RemoteCallStore`. */
  readonly port: MessagePort;
  /** Where it says whether it could open the file. */
  readonly report: MessagePort;
}

/** What it says there. */
export type RecordsStarted = { readonly opened: true } | { readonly opened: false; readonly problem: string };

globalThis.addEventListener("message", (event) => {
  if (!(event instanceof MessageEvent)) return;
  const { path, recordings, log: options, port, report }: RecordsStart = event.data;
  let started: RecordsStarted = { opened: true };
  try {
    const log = createLog({ ...options, write: console.log });
    const store = new CallStore(path, systemClock, log);
    serveStore(store, new Recordings(recordings, systemClock, log), port);
  } catch (error) {
    started = { opened: false, problem: error instanceof Error ? error.message : String(error) };
  }
  report.postMessage(started);
  report.close();
});
