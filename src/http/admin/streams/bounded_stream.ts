/** An endless response body. It ends when the reader leaves, reads too slowly, or `close()` is called. */
export class BoundedStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #ended = new AbortController();
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  /** @param maxQueuedBytes Most bytes queued for a slow reader. */
  constructor(maxQueuedBytes: number) {
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      cancel: () => this.#ended.abort(),
    }, new ByteLengthQueuingStrategy({ highWaterMark: maxQueuedBytes }));
  }

  /** Whether the stream has not ended. */
  get open(): boolean {
    return !this.#ended.signal.aborted;
  }

  /** Runs a clean-up function at the end; immediately if the stream has ended. */
  onEnd(run: () => void): void {
    if (this.open) this.#ended.signal.addEventListener("abort", run, { once: true });
    else run();
  }

  /** Queues bytes; when the queue is full, ends the stream instead. The client may reconnect. */
  write(bytes: Uint8Array): void {
    if (!this.open) return;
    if ((this.#controller?.desiredSize ?? 0) <= 0) this.close();
    else this.#controller?.enqueue(bytes);
  }

  close(): void {
    if (!this.open) return;
    this.#controller?.close();
    this.#ended.abort();
  }
}
