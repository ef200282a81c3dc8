/** A body without an end. It is over when the reader goes, reads too slowly, or it is closed; that is told once. */
export class BoundedStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #ended: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  /**
   * @param maxWaitingBytes Most that waits for a slow reader.
   * @param ended Called when it is over.
   */
  constructor(maxWaitingBytes: number, ended: () => void) {
    this.#ended = ended;
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.#end(),
    }, new ByteLengthQueuingStrategy({ highWaterMark: maxWaitingBytes }));
  }

  /** Whether it is not over. */
  get open(): boolean {
    return this.#controller !== undefined;
  }

  /** A reader who is too slow may ask again: it is over, and nothing is taken any more. */
  write(bytes: Uint8Array): void {
    if (!this.#controller) return;
    if ((this.#controller.desiredSize ?? 0) <= 0) return this.close();
    this.#controller.enqueue(bytes);
  }

  close(): void {
    if (!this.#controller) return;
    this.#controller.close();
    this.#end();
  }

  #end(): void {
    this.#controller = undefined;
    this.#ended();
  }
}
