/** Bytes of µ-law per millisecond. */
const BYTES_PER_MS = 8;

/** Counts the caller's audio of a session: sent, and received by the server (ms since the session's first frame). */
export class AudioProgress {
  readonly #onAcknowledged: (audioMs: number) => void;
  #sentMs = 0;
  #acknowledgedMs = 0;

  constructor(onAcknowledged: (audioMs: number) => void) {
    this.#onAcknowledged = onAcknowledged;
  }

  get sentMs(): number {
    return this.#sentMs;
  }

  /** @param payload Base64 of µ-law. */
  sent(payload: string): void {
    const padding = payload.endsWith("==") ? 2 : payload.endsWith("=") ? 1 : 0;
    this.#sentMs += (payload.length / 4 * 3 - padding) / BYTES_PER_MS;
  }

  /** The server has received all audio before this offset. Ignores an offset that is not new, or was not sent. */
  received(audioMs: number): void {
    const ms = Math.min(audioMs, this.#sentMs);
    if (!(ms > this.#acknowledgedMs)) return;
    this.#acknowledgedMs = ms;
    this.#onAcknowledged(ms);
  }
}
