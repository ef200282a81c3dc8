/** Worker for the call database and the recordings. Needs read and write permission for their folder only. */

import { systemClock } from "../clock.ts";
import { messageOf } from "../error_message.ts";
import { createLog, type LogOptions } from "../telemetry/log.ts";
import { CallStore } from "./call_store.ts";
import { Recordings, type RecordingsOptions } from "../recording/recordings.ts";
import { serveCallStore } from "./remote_call_store.ts";

/** First message to the worker. */
export interface RecordsStart {
  /** The call database. */
  readonly path: string;
  readonly recordings: RecordingsOptions;
  readonly log: Omit<LogOptions, "write">;
  /** For the requests of a `RemoteCallStore`. */
  readonly port: MessagePort;
  /** Receives one `RecordsStarted`. */
  readonly report: MessagePort;
}

/** Whether the database could be opened. */
export type RecordsStarted = { readonly opened: true } | { readonly opened: false; readonly problem: string };

globalThis.addEventListener("message", (event) => {
  if (!(event instanceof MessageEvent)) return;
  const { path, recordings, log: options, port, report }: RecordsStart = event.data;
  let started: RecordsStarted = { opened: true };
  try {
    const log = createLog({ ...options, write: console.log });
    const store = new CallStore(path, systemClock, log, (status) => port.postMessage({ status }));
    serveCallStore(store, new Recordings(recordings, systemClock, log), port);
  } catch (error) {
    started = { opened: false, problem: messageOf(error) };
  }
  report.postMessage(started);
  report.close();
});
