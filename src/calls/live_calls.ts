import type { LiveEvent } from "../call/call_feed.ts";
import type { AudioSlice } from "../recording/audio_aligner.ts";
import type { CallOverview, CallRecord } from "../records/call_record.ts";

/** A change of a call's summary. */
export interface CallChange {
  readonly type: "announced" | "connected" | "changed" | "ended";
  readonly call: CallOverview;
}

/** The calls of this process. */
export interface LiveCalls {
  list(): readonly CallOverview[];
  /** Calls `listener` for each change, until the returned function is called. */
  watch(listener: (change: CallChange) => void): () => void;
  /** Returns a call in progress. */
  find(callSid: string): CallInProgress | undefined;
}

/** One call in progress, as an operator sees and controls it. */
export interface CallInProgress {
  /** The call's record so far. */
  readonly record: CallRecord;
  /** Calls `watcher` for each event, until the returned function is called. */
  watch(watcher: (event: LiveEvent) => void): () => void;
  /** Calls `listener` with the audio both sides hear, about 0.5 s late, until the returned function is called. */
  listen(listener: (slice: AudioSlice) => void): () => void;
  /** Sends the assistant a whisper, which the caller does not hear. */
  whisper(text: string): void;
  hangUp(): void;
  /** Transfers the caller to a destination by name, or to a number; false if no caller is connected. */
  transfer(to: string): boolean;
  /** Pauses or resumes the recording; false if the call is not recorded. */
  setRecording(on: boolean): boolean;
}
