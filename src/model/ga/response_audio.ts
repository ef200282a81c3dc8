import type { WireAudio } from "../wire_audio.ts";

/** Bytes of µ-law per millisecond. */
const BYTES_PER_MS = 8;

/** Decodes the audio of responses. Drops late audio of an interrupted response. */
export class ResponseAudio {
  readonly #wire: WireAudio;
  readonly #emit: (itemId: string, audio: Uint8Array) => void;
  /** Bytes received of each item. */
  readonly #received = new Map<string, number>();
  readonly #truncated = new Set<string>();
  #discardedResponse: string | undefined;
  #hasAudio = false;

  /** @param emit Receives µ-law audio. */
  constructor(wire: WireAudio, emit: (itemId: string, audio: Uint8Array) => void) {
    this.#wire = wire;
    this.#emit = emit;
  }

  /** Whether any audio of the current response has arrived. */
  get hasAudio(): boolean {
    return this.#hasAudio;
  }

  /**
   * Where to truncate an item of which the caller heard `heardMs`: never after what was received.
   *
   * @returns undefined for an item of another session, and for one that was truncated before.
   */
  truncate(itemId: string, heardMs: number): number | undefined {
    const received = this.#received.get(itemId);
    if (received === undefined || this.#truncated.has(itemId)) return undefined;
    this.#truncated.add(itemId);
    return Math.min(heardMs, Math.floor(received / BYTES_PER_MS));
  }

  startResponse(): void {
    this.#hasAudio = false;
    this.#wire.reset();
  }

  /** @returns false if `delta` cannot be decoded. */
  addDelta(responseId: string, itemId: string, delta: string): boolean {
    let audio: Uint8Array;
    try {
      audio = this.#wire.decodeModelAudio(itemId, delta);
    } catch {
      return false;
    }
    this.#pass(responseId, itemId, audio);
    return true;
  }

  endItem(responseId: string, itemId: string): void {
    this.#pass(responseId, itemId, this.#wire.flush(itemId));
  }

  discard(responseId: string): void {
    this.#discardedResponse = responseId;
  }

  #pass(responseId: string, itemId: string, audio: Uint8Array): void {
    if (responseId === this.#discardedResponse || audio.length === 0) return;
    this.#hasAudio = true;
    this.#received.set(itemId, (this.#received.get(itemId) ?? 0) + audio.length);
    this.#emit(itemId, audio);
  }
}
