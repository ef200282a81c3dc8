import type { DatabaseSync } from "node:sqlite";
import type { CallRecord, EndedCall } from "./call_record.ts";
import { readCall, textOf } from "./call_rows.ts";

/** End reason of a call that was in progress when the process died. */
export const INTERRUPTED = "interrupted";

/** Notes that a call is in progress, and what is known of it. Needs an open transaction. */
export function openCall(db: DatabaseSync, call: CallRecord): void {
  db.prepare("INSERT OR REPLACE INTO open_calls (call_sid, record) VALUES (?, ?)")
    .run(call.callSid, JSON.stringify(call));
}

/** Notes that a call has ended, but is not reported. Needs an open transaction. */
export function endOpenCall(db: DatabaseSync, callSid: string): void {
  db.prepare("INSERT OR REPLACE INTO open_calls (call_sid, record) VALUES (?, NULL)").run(callSid);
}

/** Notes that a call is reported. */
export function closeCall(db: DatabaseSync, callSid: string): void {
  db.prepare("DELETE FROM open_calls WHERE call_sid = ?").run(callSid);
}

/** The calls that an earlier process did not report; those it did not end are {@linkcode INTERRUPTED}. */
export function unreportedCalls(db: DatabaseSync): EndedCall[] {
  return db.prepare("SELECT call_sid, record FROM open_calls").all().flatMap(({ call_sid, record }) =>
    (record === null ? readCall(db, textOf(call_sid)) : interruptedCall(textOf(record))) ?? []
  );
}

/** Its end is not known: until its recording says more, it ended when its row was last written. */
function interruptedCall(text: string): EndedCall {
  const record: CallRecord = JSON.parse(text);
  const endedAt = new Date(Date.parse(record.startedAt) + record.seconds * 1_000).toISOString();
  return { ...record, state: "ended", endedAt, endReason: INTERRUPTED };
}
