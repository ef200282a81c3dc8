import type { Ear } from "./ear.ts";

/** What the caller does on a stream, asked frame by frame. */
export interface Part {
  /** What the caller is at, for a line of progress. */
  readonly doing: string;
  /** Why the caller hung up; undefined while it has not. */
  readonly hangUpReason: string | undefined;
  /** The frame of `bytes` bytes that the caller utters from `nowMs` of the stream on; undefined: the caller hangs up. */
  next(nowMs: number, bytes: number): Uint8Array | undefined;
}

/** What a caller has to hand on a stream. */
export interface Handset {
  /** Hears the assistant. */
  readonly ear: Ear;
  /** When the stream began, by the clock. */
  readonly startedAt: number;
  /** Presses a key: 0 to 9, *, #, A to D. */
  press(key: string): void;
}
