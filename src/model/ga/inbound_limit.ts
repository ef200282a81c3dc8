import type { Clock } from "../../clock.ts";

/** Maximum of what a server may send (bytes) in {@linkcode WINDOW_MS}: five times PCM at 24 kHz for a minute. */
const MAX_BYTES = 20 * 1024 * 1024;
const WINDOW_MS = 10_000;
/** Malformed events in a row after which a server is given up. */
const MAX_MALFORMED = 20;

/** Finds a server that floods its client, or does not speak the protocol. */
export class InboundLimit {
  readonly #clock: Clock;
  #windowStart: number;
  #bytes = 0;
  #malformed = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#windowStart = clock.now();
  }

  /** Counts an event. Returns the problem if it is one too many. */
  add(bytes: number, malformed: boolean): { readonly code: string; readonly message: string } | undefined {
    const now = this.#clock.now();
    if (now - this.#windowStart >= WINDOW_MS) {
      this.#windowStart = now;
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    this.#malformed = malformed ? this.#malformed + 1 : 0;
    if (this.#bytes > MAX_BYTES) {
      return {
        code: "flood",
        message: `The model sent more than ${MAX_BYTES / 1024 / 1024} MiB in ${WINDOW_MS / 1000} s`,
      };
    }
    if (this.#malformed < MAX_MALFORMED) return undefined;
    return { code: "malformed", message: `The model sent ${MAX_MALFORMED} malformed events in a row` };
  }
}
