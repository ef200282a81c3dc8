import type { CallEvents } from "../call/call_events.ts";
import type { LineTap } from "./line_tap.ts";
import type { Stretch } from "./heard_audio.ts";
import { MULAW_SILENCE } from "../audio/g711.ts";

/** µ-law at 8 kHz. */
const BYTES_PER_MS = 8;

/** Where a recording goes. Neither throws. */
export interface Recorder {
  record(callSid: string, stretch: Stretch): void;
  endRecording(callSid: string): void;
}

/** What of a call is recorded: all that is heard, but for pauses, which are silence. */
export class CallRecording {
  readonly #recorder: Recorder;
  readonly #callSid: string;
  readonly #events: CallEvents;
  /** On the call's time line (ms). What is heard comes late, so a pause is known before its sound. */
  #pauses: { readonly fromMs: number; toMs: number }[] = [];

  constructor(recorder: Recorder, callSid: string, events: CallEvents) {
    this.#recorder = recorder;
    this.#callSid = callSid;
    this.#events = events;
  }

  get state(): "on" | "paused" {
    return this.#pauses.at(-1)?.toMs === Infinity ? "paused" : "on";
  }

  /** Begins; the first stream of the call is about to be attached. */
  start(tap: Pick<LineTap, "listen">): void {
    tap.listen((stretch) => this.#hear(stretch));
  }

  pause(): void {
    if (this.state === "paused") return;
    this.#pauses.push({ fromMs: this.#events.atMs, toMs: Infinity });
    this.#events.add("recording", "paused");
  }

  resume(): void {
    const pause = this.#pauses.at(-1);
    if (!pause || this.state === "on") return;
    pause.toMs = this.#events.atMs;
    this.#events.add("recording", "on");
  }

  /** All that was heard has been handed over. */
  end(): void {
    this.#recorder.endRecording(this.#callSid);
  }

  #hear({ atMs, caller, assistant }: Stretch): void {
    this.#pauses = this.#pauses.filter(({ toMs }) => toMs > atMs);
    for (const { fromMs, toMs } of this.#pauses) {
      const from = Math.max(0, Math.floor((fromMs - atMs) * BYTES_PER_MS));
      const to = Math.ceil((toMs - atMs) * BYTES_PER_MS);
      // Others listen to the same bytes.
      caller = caller.slice().fill(MULAW_SILENCE, from, to);
      assistant = assistant.slice().fill(MULAW_SILENCE, from, to);
    }
    this.#recorder.record(this.#callSid, { atMs, caller, assistant });
  }
}
