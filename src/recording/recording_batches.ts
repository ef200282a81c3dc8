import { BYTES_PER_MS, FRAME_BYTES, LINE_RATE } from "../audio/line_format.js";
import type { AudioSlice } from "./audio_aligner.ts";
import type { RecordingChunk } from "./recording_file.ts";

/** One side of a chunk: one second of µ-law. */
const SIDE_BYTES = LINE_RATE;
/** Maximum chunks posted and not yet written: 32 MB. If the disk hangs for longer, audio is dropped to save memory. */
const MAX_PENDING = 2_000;
/** Buffers kept for reuse. */
const MAX_SPARE = 64;

interface Batch {
  atMs: number;
  sides: Uint8Array<ArrayBuffer>;
  /** Bytes of each side. */
  filled: number;
  /** Bytes of each side at which the chunk is sent. */
  full: number;
  /** Audio of the call that could not be sent (ms). */
  lostMs: number;
}

/**
 * Collects the audio of calls into chunks of one second, which another thread writes. Buffers are transferred, not copied. A
 * call's first chunk is shorter, depending on its CallSid; otherwise calls that start together would reach the disk together.
 */
export class RecordingBatches {
  readonly #post: (chunk: RecordingChunk) => void;
  readonly #batches = new Map<string, Batch>();
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #pending = 0;

  /** @param post Transfers a chunk to the other thread, which returns its buffer to {@linkcode chunkWritten}. */
  constructor(post: (chunk: RecordingChunk) => void) {
    this.#post = post;
  }

  add(callSid: string, { atMs, caller, assistant }: AudioSlice): void {
    for (let from = 0; from < caller.length;) {
      const batch = this.#batchAt(callSid, atMs + from / BYTES_PER_MS);
      const length = Math.min(caller.length - from, batch.full - batch.filled);
      batch.sides.set(caller.subarray(from, from + length), batch.filled);
      batch.sides.set(assistant.subarray(from, from + length), SIDE_BYTES + batch.filled);
      batch.filled += length;
      from += length;
      if (batch.filled === batch.full) this.#next(callSid, batch, atMs + from / BYTES_PER_MS);
    }
  }

  /**
   * Sends the call's last chunk.
   *
   * @returns Audio of the call that could not be sent (ms).
   */
  end(callSid: string): number {
    const batch = this.#batches.get(callSid);
    this.#batches.delete(callSid);
    if (!batch) return 0;
    this.#send(callSid, batch);
    return batch.lostMs;
  }

  endAll(): void {
    for (const callSid of [...this.#batches.keys()]) this.end(callSid);
  }

  /** The other thread wrote a chunk and returns its buffer. */
  chunkWritten(sides: Uint8Array<ArrayBuffer>): void {
    this.#pending--;
    if (this.#spare.length < MAX_SPARE && sides.length === 2 * SIDE_BYTES) this.#spare.push(sides);
  }

  /** A batch with room whose next byte is at `atMs`. */
  #batchAt(callSid: string, atMs: number): Batch {
    let batch = this.#batches.get(callSid);
    if (!batch) {
      batch = { atMs, sides: this.#sides(), filled: 0, full: firstBytes(callSid), lostMs: 0 };
      this.#batches.set(callSid, batch);
    } else if (batch.atMs + batch.filled / BYTES_PER_MS !== atMs) this.#next(callSid, batch, atMs);
    return batch;
  }

  #next(callSid: string, batch: Batch, atMs: number): void {
    this.#send(callSid, batch);
    batch.atMs = atMs;
    if (batch.filled === SIDE_BYTES) batch.sides = this.#sides();
    batch.filled = 0;
    batch.full = SIDE_BYTES;
  }

  #send(callSid: string, batch: Batch): void {
    const { atMs, filled } = batch;
    if (filled === 0) return;
    if (this.#pending >= MAX_PENDING) {
      batch.lostMs += filled / BYTES_PER_MS;
      return;
    }
    let { sides } = batch;
    if (filled < SIDE_BYTES) {
      sides = new Uint8Array(2 * filled);
      sides.set(batch.sides.subarray(0, filled));
      sides.set(batch.sides.subarray(SIDE_BYTES, SIDE_BYTES + filled), filled);
    }
    this.#pending++;
    this.#post({ callSid, atMs, sides });
  }

  #sides(): Uint8Array<ArrayBuffer> {
    return this.#spare.pop() ?? new Uint8Array(2 * SIDE_BYTES);
  }
}

/** 20 ms to 1 s, derived from the random end of the CallSid. */
function firstBytes(callSid: string): number {
  return FRAME_BYTES * (1 + Number.parseInt(callSid.slice(-2), 16) % (SIDE_BYTES / FRAME_BYTES));
}
