import { EXIT } from "./exit_code.ts";

/** A command's output streams. */
export interface Terminal {
  /** Prints results. */
  out(text: string): void;
  /** Prints errors and progress. */
  err(text: string): void;
  /** Whether `err` can overwrite a line. */
  readonly errIsTerminal: boolean;
}

export const processTerminal: Terminal = {
  out: (text) => writeAll(Deno.stdout, text),
  err: (text) => writeAll(Deno.stderr, text),
  errIsTerminal: Deno.stderr.isTerminal(),
};

/** Pause while a pipe is full (ms). */
const FULL_PIPE_MS = 5;
/** Erases the current line of a terminal. */
export const ERASE_LINE = "\r\x1b[K";

/**
 * Writes all of `text`. `writeSync` may write only a part, and nothing to a full non-blocking pipe.
 * When the reader of a pipe has gone, as `head` does, the process ends like any other program: without a
 * message.
 */
export function writeAll(file: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(file.writeSync(bytes));
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) Deno.exit(EXIT.ok);
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_MS);
    }
  }
}
