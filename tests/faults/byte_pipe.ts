import { Buffer } from "node:buffer";
import type { Socket } from "node:net";

/** Interval of a slow line (ms). */
const TICK_MS = 50;
/** Bytes that a slow line holds before it stops reading. */
const SLOW_BUFFER_BYTES = 16_384;

/** What a pipe does with the bytes it reads. */
export type PipeMode =
  | { readonly kind: "forward" }
  /** Reads nothing. */
  | { readonly kind: "stall" }
  /** Reads and discards. */
  | { readonly kind: "swallow" }
  | { readonly kind: "delay"; readonly ms: number }
  | { readonly kind: "throttle"; readonly bytesPerSecond: number };

/** Carries the bytes of one direction of a connection. */
export class BytePipe {
  /** Changes the bytes before they are sent. */
  edit: (chunk: Uint8Array) => Uint8Array = (chunk) => chunk;
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #mode: PipeMode = { kind: "forward" };
  #queue: Uint8Array[] = [];
  #queued = 0;

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
    from.on("data", (chunk: Uint8Array) => this.#receive(chunk));
    from.on("end", () => this.#endLater());
    to.on("drain", () => this.#mode.kind !== "stall" && from.resume());
  }

  /** Changes what happens to later bytes; a stalled pipe delivers what it held back. */
  set mode(mode: PipeMode) {
    this.#mode = mode;
    if (mode.kind === "stall") this.#from.pause();
    else this.#from.resume();
    if (mode.kind === "throttle") this.#tick(mode.bytesPerSecond * TICK_MS / 1000);
  }

  /** Sends bytes of the proxy's own. */
  inject(bytes: Uint8Array): void {
    if (this.#to.writable) this.#to.write(Buffer.from(bytes));
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#queue = [];
  }

  #endLater(): void {
    const mode = this.#mode;
    if (mode.kind === "forward") this.#to.end();
    if (mode.kind === "delay") this.#after(mode.ms, () => this.#to.end());
  }

  #receive(chunk: Uint8Array): void {
    const mode = this.#mode;
    switch (mode.kind) {
      case "swallow":
        return;
      case "delay":
        return this.#after(mode.ms, () => this.#send(chunk));
      case "throttle":
        this.#queue.push(chunk);
        this.#queued += chunk.length;
        if (this.#queued > SLOW_BUFFER_BYTES) this.#from.pause();
        return;
      default:
        this.#send(chunk);
    }
  }

  #send(chunk: Uint8Array): void {
    if (!this.#to.writable) return;
    const isFlowing = this.#to.write(Buffer.from(this.edit(chunk)));
    if (!isFlowing) this.#from.pause();
  }

  #tick(bytes: number): void {
    this.#after(TICK_MS, () => {
      this.#sendQueued(bytes);
      if (this.#queued <= SLOW_BUFFER_BYTES) this.#from.resume();
      this.#tick(bytes);
    });
  }

  #sendQueued(bytes: number): void {
    for (let left = bytes; left > 0;) {
      const chunk = this.#queue.shift();
      if (!chunk) return;
      if (chunk.length > left) this.#queue.unshift(chunk.subarray(left));
      const part = chunk.subarray(0, left);
      this.#queued -= part.length;
      left -= part.length;
      this.#send(part);
    }
  }

  #after(ms: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }
}
