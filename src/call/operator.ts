import type { LineTap } from "../recording/line_tap.ts";
import type { Destination } from "../assistants/assistant.ts";
import type { CallRecord } from "../records/call_record.ts";
import type { CallFeed } from "./call_feed.ts";
import type { CallReport } from "./call_report.ts";
import type { Transfers } from "./phone/transfer.ts";
import type { CallParts } from "./call_parts.ts";

/** How long a number rings that an operator transfers a call to (s). */
const RING_SECONDS = 30;

export interface OperatorOptions extends Pick<CallParts, "model" | "timeline" | "ending"> {
  readonly report: CallReport;
  readonly feed: CallFeed;
  readonly tap: LineTap;
  readonly recorded: boolean;
  readonly destinations: readonly Destination[];
  readonly transfers: Transfers;
}

/** An operator's view and control of one call. */
export function createOperatorControls(options: OperatorOptions) {
  const { report, feed, tap, recorded, destinations, transfers, model, timeline, ending } = options;
  return {
    /** The call's record so far. */
    get record(): CallRecord {
      return report.record;
    },
    /** Calls `watcher` for each event, until the returned function is called. */
    watch: (watcher: Parameters<CallFeed["watch"]>[0]) => feed.watch(watcher),
    /** Calls `listener` with the audio both sides hear, about 0.5 s late, until the returned function is called. */
    listen: (listener: Parameters<LineTap["listen"]>[0]) => tap.listen(listener),
    /** Sends the assistant a whisper, which the caller does not hear. */
    whisper(text: string): void {
      const recordable = timeline.recordable(text);
      const note = "From the people you work for, not from the caller: ";
      model.addNote(note + text, note + recordable);
      timeline.add("whisper", recordable);
    },
    hangUp: () => ending.end("operator hung up", true),
    /**
     * Transfers the caller.
     *
     * @param to Name of a destination, or a number.
     * @returns false if no caller is connected.
     */
    transfer(to: string): boolean {
      const named = destinations.find(({ name }) => name === to);
      return transfers.start(named ?? { name: to, number: to, about: "", ringSeconds: RING_SECONDS });
    },
    /** Pauses or resumes the recording and the transcript; false if the call is not recorded. */
    setRecording(on: boolean): boolean {
      if (recorded) timeline.setPaused(!on);
      return recorded;
    },
  };
}
