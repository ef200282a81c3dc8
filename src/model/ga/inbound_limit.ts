import type { Clock } from "../../clock.ts";

/** Maximum of what a server may send (bytes) in {@linkcode WINDOW_MS}: five times PCM at 24 kHz for a minute. */
const MAX_BYTES = 20 * 1024 * 1024;
/** Maximum number of its events: three minutes of audio in pieces of 20 ms, each with its text. */
const MAX_EVENTS = 20_000;
/** Maximum number of items its events are about. A conversation has a few; each costs time at every later event. */
const MAX_ITEMS = 500;
const WINDOW_MS = 10_000;
/** Malformed events in a row after which a server is given up. */
const MAX_MALFORMED = 20;

/** An event of the server. */
export interface InboundEvent {
  readonly bytes: number;
  readonly malformed: boolean;
  /** The item it is about, if any. */
  readonly itemId?: string | undefined;
}

/** Finds a server that floods its client, or does not speak the protocol. */
export class InboundLimit {
  readonly #clock: Clock;
  readonly #items = new Set<string>();
  #windowStart: number;
  #bytes = 0;
  #events = 0;
  #malformed = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#windowStart = clock.now();
  }

  /** Counts an event. Returns the problem if it is one too many. */
  add(event: InboundEvent): { readonly code: string; readonly message: string } | undefined {
    const now = this.#clock.now();
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#bytes = this.#events = 0;
      this.#items.clear();
    }
    this.#bytes += event.bytes;
    this.#events++;
    if (event.itemId !== undefined) this.#items.add(event.itemId);
    this.#malformed = event.malformed ? this.#malformed + 1 : 0;
    const excess = this.#excess();
    if (excess !== undefined) {
      return { code: "flood", message: `The model sent more than ${excess} in ${WINDOW_MS / 1000} s` };
    }
    if (this.#malformed < MAX_MALFORMED) return undefined;
    return { code: "malformed", message: `The model sent ${MAX_MALFORMED} malformed events in a row` };
  }

  #excess(): string | undefined {
    if (this.#bytes > MAX_BYTES) return `${MAX_BYTES / 1024 / 1024} MiB`;
    if (this.#events > MAX_EVENTS) return `${MAX_EVENTS} events`;
    if (this.#items.size > MAX_ITEMS) return `${MAX_ITEMS} items`;
    return undefined;
  }
}
