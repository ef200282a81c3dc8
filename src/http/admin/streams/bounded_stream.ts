/** An endless response body. It ends when the reader leaves, reads too slowly, or `close()` is called. */
export class BoundedStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #onEnd: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  /**
   * @param maxQueuedBytes Most bytes queued for a slow reader.
   * @param onEnd Called once, when the stream ends.
   */
  constructor(maxQueuedBytes: number, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      cancel: () => this.#end(),
    }, new ByteLengthQueuingStrategy({ highWaterMark: maxQueuedBytes }));
  }

  /** Whether the stream has not ended. */
  get open(): boolean {
    return this.#controller !== undefined;
  }

  /** Queues bytes; when the queue is full, ends the stream instead. The client may reconnect. */
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
    this.#onEnd();
  }
}
