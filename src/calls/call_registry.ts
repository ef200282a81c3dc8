import type { Call } from "../call/call.ts";
import type { EndReason } from "../call/end_reason.ts";
import type { CallOverview } from "../records/call_record.ts";
import type { CallChange, CallInProgress, LiveCalls } from "./live_calls.ts";

/** The calls of this process that are announced or in progress, and who watches them. */
export class CallRegistry implements LiveCalls {
  /** By CallSid. */
  protected readonly calls = new Map<string, Call>();
  readonly #watchers = new Set<(change: CallChange) => void>();

  get count(): number {
    return this.calls.size;
  }

  list(): readonly CallOverview[] {
    return [...this.calls.values()].map(({ report }) => report.overview);
  }

  find(callSid: string): CallInProgress | undefined {
    return this.calls.get(callSid)?.operator;
  }

  watch(watcher: (change: CallChange) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  protected notifyWatchers(type: CallChange["type"], call: Call): void {
    // An ended call is no longer listed.
    if (call.report.state === "ended" && type !== "ended") return;
    const change = { type, call: call.report.overview };
    for (const watcher of this.#watchers) watcher(change);
  }

  /** Ends all calls with a goodbye of the assistant. */
  sayGoodbyes(): void {
    for (const call of [...this.calls.values()]) call.ending.sayGoodbye("drained");
  }

  endAll(reason: EndReason): void {
    for (const call of [...this.calls.values()]) call.ending.end(reason);
  }

  /** Calls by state, and the bytes waiting in their queues. */
  gauges() {
    const calls = { announced: 0, connected: 0, reconnecting: 0, transferring: 0, ending: 0 };
    const bytes = { playout: 0, twilio: 0, model: 0 };
    for (const call of this.calls.values()) {
      const { state } = call.report;
      if (state !== "ended") calls[state]++;
      const { playout, twilio, model } = call.bufferedBytes;
      bytes.playout += playout;
      bytes.twilio += twilio;
      bytes.model += model;
    }
    return { calls, bytes };
  }
}
