import type { Destination } from "./call_assistant.ts";
import type { CallEvents } from "./call_events.ts";
import type { CallFeed, Cost } from "./call_feed.ts";
import type { CallRecording } from "../recording/call_recording.ts";
import type { Conversation } from "./conversation/conversation.ts";
import type { CallInProgress, CallState } from "../calls/live_calls.ts";
import type { LineTap } from "../recording/line_tap.ts";
import type { Transcript } from "./conversation/transcript.ts";

/** How long a number rings that an operator takes a call over to (s). */
const RING_SECONDS = 30;

export interface OperatorOptions {
  readonly conversation: Conversation;
  readonly transcript: Transcript;
  readonly events: CallEvents;
  readonly feed: CallFeed;
  readonly tap: LineTap;
  readonly recording: CallRecording | undefined;
  readonly destinations: readonly Destination[];
  readonly cost: () => Cost;
  readonly hangUp: () => void;
  /** Passes the caller on at once; false when nobody is on the line. */
  readonly handOver: (destination: Destination) => boolean;
  /** What a list shows of it is another. */
  readonly changed: () => void;
}

/** What a person at the console may see and do in a call in progress. */
export class Operator implements CallInProgress {
  readonly #options: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  get state(): CallState {
    const { events, transcript, feed, cost } = this.#options;
    return {
      atMs: events.atMs,
      said: transcript.all(),
      events: events.all,
      turns: feed.turns,
      ...cost(),
    };
  }

  watch(watcher: Parameters<CallFeed["watch"]>[0]): () => void {
    return this.#options.feed.watch(watcher);
  }

  listen(listener: Parameters<LineTap["listen"]>[0]): () => void {
    return this.#options.tap.listen(listener);
  }

  whisper(text: string): void {
    const { conversation, events } = this.#options;
    conversation.note(`From the people you answer for, not from the caller: ${text}`);
    events.add("whisper", text);
  }

  hangUp(): void {
    this.#options.hangUp();
  }

  transfer(to: string): boolean {
    const { destinations, handOver } = this.#options;
    const named = destinations.find(({ name }) => name === to);
    return handOver(named ?? { name: to, number: to, about: "", ringSeconds: RING_SECONDS });
  }

  record(on: boolean): boolean {
    const { recording, changed } = this.#options;
    if (!recording) return false;
    if (on) recording.resume();
    else recording.pause();
    changed();
    return true;
  }
}
