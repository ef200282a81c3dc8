import type { CallEventStream } from "../call/call_event_stream.ts";
import type { Cancel, Clock } from "../clock.ts";
import type { CallRecord } from "../records/call_record.ts";

/** Interval of the reports (ms): what a killed process may lose of a call. */
const REPORT_EVERY_MS = 10_000;

export interface ProgressReportsOptions {
  readonly events: CallEventStream;
  readonly clock: Clock;
  readonly record: () => CallRecord;
  readonly report: (record: CallRecord) => void;
}

/** Reports the record of a call in progress: when its first stream starts, and every 10 s from then on. */
export function reportProgress({ events, clock, record, report }: ProgressReportsOptions): void {
  let cancel: Cancel | undefined;
  const next = () => {
    report(record());
    cancel = clock.after(REPORT_EVERY_MS, next);
  };
  events.on("stream attached", () => cancel ?? next());
  events.on("call ended", () => cancel?.());
}
