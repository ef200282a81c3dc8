import type { Clock } from "../clock.ts";
import type { CallEvent } from "../records/call_record.ts";

/** What happened in a call, and when. */
export class CallEvents {
  readonly #clock: Clock;
  readonly #events: CallEvent[] = [];
  readonly #happened: (event: CallEvent) => void;
  #startedAt: number | undefined;

  /** @param happened Told of each. */
  constructor(clock: Clock, happened: (event: CallEvent) => void = () => {}) {
    this.#clock = clock;
    this.#happened = happened;
  }

  /** The stream has started: times count from here. */
  start(): void {
    this.#startedAt ??= this.#clock.now();
  }

  /** From the start of the stream until now (ms); 0 before. */
  get atMs(): number {
    return Math.round(this.#clock.now() - (this.#startedAt ?? this.#clock.now()));
  }

  add(kind: CallEvent["kind"], name: string, more: Pick<CallEvent, "ok" | "ms" | "detail"> = {}): void {
    const event = { atMs: this.atMs, kind, name, ...more };
    this.#events.push(event);
    this.#happened(event);
  }

  get all(): readonly CallEvent[] {
    return this.#events;
  }
}
