import type { StateFile } from "../../src/calls/saved_state.ts";

/** A state file in memory that records what was done to it. */
export class MemoryFile implements StateFile {
  text: string | undefined;
  corrupt: string[] = [];
  writes = 0;
  /** Whether a write began before another had ended. */
  overlapped = false;
  #writing = false;
  /** Error thrown by the next reads and writes. */
  failure: Error | undefined;
  /** Writes wait for this promise. */
  gate: Promise<void> = Promise.resolve();

  constructor(text?: string) {
    this.text = text;
  }

  read(): string | undefined {
    if (this.failure) throw this.failure;
    return this.text;
  }

  async write(text: string): Promise<void> {
    this.writes++;
    this.overlapped ||= this.#writing;
    this.#writing = true;
    await this.gate;
    this.#writing = false;
    if (this.failure) throw this.failure;
    this.text = text;
  }

  quarantine(): void {
    this.corrupt.push(this.text ?? "");
    this.text = undefined;
  }
}
