import type { WireAudio } from "../wire_audio.ts";

/** Decodes the audio of responses. Drops late audio of an interrupted response. */
export class ResponseAudio {
  readonly #wire: WireAudio;
  readonly #emit: (itemId: string, audio: Uint8Array) => void;
  readonly #items = new Set<string>();
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

  hasItem(itemId: string): boolean {
    return this.#items.has(itemId);
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
    this.#items.add(itemId);
    this.#emit(itemId, audio);
  }
}
