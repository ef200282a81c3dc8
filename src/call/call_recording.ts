import { MULAW_SILENCE } from "../audio/g711.js";
import { BYTES_PER_MS } from "../audio/line_format.js";
import type { AudioSlice } from "../recording/audio_aligner.ts";
import type { LineTap } from "../recording/line_tap.ts";
import type { CallParts } from "./call_parts.ts";

/** Storage for recordings. Its methods do not throw. */
export interface Recorder {
  record(callSid: string, slice: AudioSlice): void;
  /** Calls `handler` once if audio of this call cannot be stored. */
  watchRecording?(callSid: string, handler: (problem: string) => void): void;
  endRecording(callSid: string): void;
}

export interface CallRecordingOptions extends Pick<CallParts, "timeline" | "events"> {
  readonly recorder: Recorder;
  readonly callSid: string;
  readonly tap: Pick<LineTap, "listen">;
}

/** Records what both sides of a call hear, with silence for the time it is paused. */
export function recordCall({ recorder, callSid, tap, timeline, events }: CallRecordingOptions): void {
  tap.listen(({ atMs, caller, assistant }) => {
    // Audio arrives late, so a pause is known before its audio.
    for (const { fromMs, toMs } of timeline.pauses) {
      if (toMs <= atMs) continue;
      const from = Math.max(0, Math.floor((fromMs - atMs) * BYTES_PER_MS));
      const to = Math.ceil((toMs - atMs) * BYTES_PER_MS);
      // Copied, because other listeners get the same arrays.
      caller = caller.slice().fill(MULAW_SILENCE, from, to);
      assistant = assistant.slice().fill(MULAW_SILENCE, from, to);
    }
    recorder.record(callSid, { atMs, caller, assistant });
  });
  recorder.watchRecording?.(callSid, (detail) => timeline.add("recording", "incomplete", { detail }));
  events.on("call ended", () => recorder.endRecording(callSid));
}
