import type { LineTap } from "../recording/line_tap.ts";
import type { Destination } from "../assistants/assistant.ts";
import type { CallRecord } from "../records/call_record.ts";
import type { CallFeed } from "./call_feed.ts";
import type { CallRecording } from "./call_recording.ts";
import type { CallReport } from "./call_report.ts";
import type { Transfers } from "./phone/transfer.ts";
import type { CallParts } from "./call_parts.ts";

/** How long a number rings that an operator transfers a call to (s). */
const RING_SECONDS = 30;

export interface OperatorOptions extends Pick<CallParts, "model" | "timeline" | "ending"> {
  readonly report: CallReport;
  readonly feed: CallFeed;
  readonly tap: LineTap;
  readonly recording: CallRecording | undefined;
  readonly destinations: readonly Destination[];
  readonly transfers: Transfers;
}

/** An operator's view and control of one call. */
export class OperatorControls {
  readonly #options: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /** The call's record so far. */
  get record(): CallRecord {
    return this.#options.report.record;
  }

  /** Calls `watcher` for each event, until the returned function is called. */
  watch(watcher: Parameters<CallFeed["watch"]>[0]): () => void {
    return this.#options.feed.watch(watcher);
  }

  /** Calls `listener` with the audio both sides hear, about 0.5 s late, until the returned function is called. */
  listen(listener: Parameters<LineTap["listen"]>[0]): () => void {
    return this.#options.tap.listen(listener);
  }

  /** Sends the assistant a whisper, which the caller does not hear. */
  whisper(text: string): void {
    const { model, timeline } = this.#options;
    model.note(`From the people you answer for, not from the caller: ${text}`);
    timeline.add("whisper", text);
  }

  hangUp(): void {
    this.#options.ending.end("operator hung up", true);
  }

  /**
   * Transfers the caller.
   *
   * @param to Name of a destination, or a number.
   * @returns false if no caller is connected.
   */
  transfer(to: string): boolean {
    const { destinations, transfers } = this.#options;
    const named = destinations.find(({ name }) => name === to);
    return transfers.start(named ?? { name: to, number: to, about: "", ringSeconds: RING_SECONDS });
  }

  /** Pauses or resumes the recording; false if the call is not recorded. */
  setRecording(on: boolean): boolean {
    const { recording } = this.#options;
    recording?.set(on);
    return recording !== undefined;
  }
}
