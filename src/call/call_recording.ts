import { MULAW_SILENCE } from "../audio/g711.js";
import { BYTES_PER_MS } from "../audio/line_format.js";
import type { AudioSlice } from "../recording/audio_aligner.ts";
import type { LineTap } from "../recording/line_tap.ts";
import type { CallParts } from "./call_parts.ts";

/** Storage for recordings. Its methods do not throw. */
export interface Recorder {
  record(callSid: string, slice: AudioSlice): void;
  endRecording(callSid: string): void;
}

export interface CallRecordingOptions extends Pick<CallParts, "timeline" | "events"> {
  readonly recorder: Recorder;
  readonly callSid: string;
  readonly tap: Pick<LineTap, "listen">;
}

/** Records what both sides of a call hear, with silence for the time it is paused. */
export class CallRecording {
  readonly #options: CallRecordingOptions;
  /** On the call's time line (ms). Audio arrives late, so a pause is known before its audio. */
  #pauses: { readonly fromMs: number; toMs: number }[] = [];

  constructor(options: CallRecordingOptions) {
    this.#options = options;
    const { recorder, callSid, tap, events } = options;
    tap.listen((slice) => this.#record(slice));
    events.on("call ended", () => recorder.endRecording(callSid));
  }

  get state(): "on" | "paused" {
    return this.#pauses.at(-1)?.toMs === Infinity ? "paused" : "on";
  }

  /** Pauses the recording, or resumes it. */
  set(on: boolean): void {
    if (on === (this.state === "on")) return;
    const { events, timeline } = this.#options;
    const { atMs } = timeline;
    const pause = this.#pauses.at(-1);
    if (!on) this.#pauses.push({ fromMs: atMs, toMs: Infinity });
    else if (pause) pause.toMs = atMs;
    timeline.add("recording", on ? "on" : "paused");
    events.emit({ type: "state changed" });
  }

  #record({ atMs, caller, assistant }: AudioSlice): void {
    this.#pauses = this.#pauses.filter(({ toMs }) => toMs > atMs);
    for (const { fromMs, toMs } of this.#pauses) {
      const from = Math.max(0, Math.floor((fromMs - atMs) * BYTES_PER_MS));
      const to = Math.ceil((toMs - atMs) * BYTES_PER_MS);
      // Copied, because other listeners get the same arrays.
      caller = caller.slice().fill(MULAW_SILENCE, from, to);
      assistant = assistant.slice().fill(MULAW_SILENCE, from, to);
    }
    const { recorder, callSid } = this.#options;
    recorder.record(callSid, { atMs, caller, assistant });
  }
}
