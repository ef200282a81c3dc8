import type { Stretch } from "./heard_audio.ts";
import type { RecordedPiece } from "./recording_file.ts";

/** One side of a piece: a second of µ-law at 8 kHz. */
const SIDE_BYTES = 8_000;
const BYTES_PER_MS = 8;
const FRAME_BYTES = 160;
/** Pieces that may be on their way: 32 MB. A disk that hangs for longer costs the recording, and not our memory. */
const MOST_UNDERWAY = 2_000;
/** Pieces that are used again. */
const MOST_SPARE = 64;

interface Batch {
  atMs: number;
  sides: Uint8Array<ArrayBuffer>;
  /** Of each side. */
  filled: number;
  /** It goes when so much of each side is there (bytes). */
  full: number;
  lostMs: number;
}

/**
 * Puts what is heard of calls together to pieces of a second, for another thread to write. They are handed over, not copied.
 * A call's first piece is shorter, by its CallSid, or all calls that began at once would come to the disk at once.
 */
export class RecordingBatches {
  readonly #post: (piece: RecordedPiece) => void;
  readonly #batches = new Map<string, Batch>();
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #underway = 0;

  /** @param post Sends a piece and its buffer to the other thread, which gives that back to {@linkcode RecordingBatches.written}. */
  constructor(post: (piece: RecordedPiece) => void) {
    this.#post = post;
  }

  add(callSid: string, { atMs, caller, assistant }: Stretch): void {
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

  /** Sends the rest. @returns how much of it could not be sent (ms). */
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

  /** A piece is on the disk. */
  written(sides: Uint8Array<ArrayBuffer>): void {
    this.#underway--;
    if (this.#spare.length < MOST_SPARE && sides.length === 2 * SIDE_BYTES) this.#spare.push(sides);
  }

  /** A batch with room whose next byte belongs at this moment. */
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
    if (this.#underway >= MOST_UNDERWAY) {
      batch.lostMs += filled / BYTES_PER_MS;
      return;
    }
    let { sides } = batch;
    if (filled < SIDE_BYTES) {
      sides = new Uint8Array(2 * filled);
      sides.set(batch.sides.subarray(0, filled));
      sides.set(batch.sides.subarray(SIDE_BYTES, SIDE_BYTES + filled), filled);
    }
    this.#underway++;
    this.#post({ callSid, atMs, sides });
  }

  #sides(): Uint8Array<ArrayBuffer> {
    return this.#spare.pop() ?? new Uint8Array(2 * SIDE_BYTES);
  }
}

/** 20 ms to a second; random, as the ends of CallSids are. */
function firstBytes(callSid: string): number {
  return FRAME_BYTES * (1 + Number.parseInt(callSid.slice(-2), 16) % (SIDE_BYTES / FRAME_BYTES));
}
