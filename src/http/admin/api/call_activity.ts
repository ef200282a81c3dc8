import type { LiveEvent } from "../../../call/call_feed.ts";
import type { LiveCalls } from "../../../calls/live_calls.ts";
import type { Cancel, Clock } from "../../../clock.ts";
import type { Turn } from "../../../records/call_record.ts";

/** Current speech in one call. */
export interface CallActivity {
  readonly callSid: string;
  /** The highest peaks since the event before, from 0 to 255. */
  readonly caller: number;
  readonly assistant: number;
  /** The end of the turn that changed last; absent before the first. */
  readonly speaker?: Turn["speaker"];
  readonly text?: string;
}

/** Time between two events (ms). */
const PERIOD_MS = 500;
/** Maximum length of the text (characters). */
const MAX_TEXT = 120;

interface WatchedCall {
  activity: CallActivity;
  changed: boolean;
  readonly unwatch: () => void;
}

/** Current speech in all calls in progress. Watches the calls only while somebody subscribes. */
export class CallActivityFeed {
  readonly #calls: LiveCalls;
  readonly #clock: Clock;
  readonly #subscribers = new Set<(activity: readonly CallActivity[]) => void>();
  readonly #watched = new Map<string, WatchedCall>();
  #stop = () => {};

  constructor(calls: LiveCalls, clock: Clock) {
    this.#calls = calls;
    this.#clock = clock;
  }

  /**
   * Calls `subscriber` now with all calls, then with those that changed, until the returned function is
   * called.
   */
  subscribe(subscriber: (activity: readonly CallActivity[]) => void): () => void {
    this.#subscribers.add(subscriber);
    if (this.#subscribers.size === 1) this.#start();
    subscriber([...this.#watched.values()].map(({ activity }) => activity));
    return () => {
      if (this.#subscribers.delete(subscriber) && this.#subscribers.size === 0) this.#stop();
    };
  }

  #start(): void {
    for (const { callSid } of this.#calls.list()) this.#watch(callSid);
    const unwatchCalls = this.#calls.watch(({ type, call: { callSid } }) => {
      if (type === "ended") this.#unwatch(callSid);
      else this.#watch(callSid);
    });
    let cancelTimer: Cancel;
    const schedule = () => {
      cancelTimer = this.#clock.after(PERIOD_MS, () => {
        this.#publish();
        schedule();
      });
    };
    schedule();
    this.#stop = () => {
      cancelTimer();
      unwatchCalls();
      for (const callSid of [...this.#watched.keys()]) this.#unwatch(callSid);
    };
  }

  #watch(callSid: string): void {
    const call = this.#watched.has(callSid) ? undefined : this.#calls.find(callSid);
    if (!call) return;
    const last = call.record.turns.findLast(({ text }) => text);
    const watched: WatchedCall = {
      activity: { callSid, caller: 0, assistant: 0, ...(last ? wordsOf(last) : {}) },
      changed: false,
      unwatch: call.watch((event) => update(watched, event)),
    };
    this.#watched.set(callSid, watched);
  }

  #unwatch(callSid: string): void {
    this.#watched.get(callSid)?.unwatch();
    this.#watched.delete(callSid);
  }

  #publish(): void {
    const changed = [...this.#watched.values()].filter((call) => call.changed);
    const activity = changed.map((call) => call.activity);
    for (const call of changed) {
      const { caller, assistant } = call.activity;
      // A last event says that both are silent again.
      call.changed = caller > 0 || assistant > 0;
      call.activity = { ...call.activity, caller: 0, assistant: 0 };
    }
    if (activity.length > 0) { for (const send of this.#subscribers) send(activity); }
  }
}

function update(watched: WatchedCall, { type, data }: LiveEvent): void {
  if (type === "turn" && data.text) {
    watched.activity = { ...watched.activity, ...wordsOf(data) };
    watched.changed = true;
  } else if (type === "level") {
    const { caller, assistant } = watched.activity;
    const peaks = {
      caller: Math.max(caller, ...data.caller),
      assistant: Math.max(assistant, ...data.assistant),
    };
    watched.activity = { ...watched.activity, ...peaks };
    watched.changed ||= peaks.caller > 0 || peaks.assistant > 0;
  }
}

function wordsOf({ speaker, text = "" }: Turn): Pick<CallActivity, "speaker" | "text"> {
  const end = text.length > MAX_TEXT ? `…${text.slice(-MAX_TEXT).replace(/^\S*\s/, "")}` : text;
  return { speaker, text: end };
}
