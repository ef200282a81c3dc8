import type { z } from "zod";
import type { Cancel, Clock } from "../clock.ts";
import { messageOf } from "../error_message.ts";
import { parseObject } from "../json.ts";
import type { Log } from "../telemetry/log.ts";

/** Minimum interval between writes of the file (ms). A killed process loses this much at most. */
const WRITE_INTERVAL_MS = 10_000;

/** A file that keeps state across restarts. Its errors are logged, and calls continue. */
export interface StateFile {
  /** Undefined if the file does not exist. */
  read(): string | undefined;
  /** Replaces the file atomically. */
  write(text: string): Promise<void>;
  /** Renames a corrupt file. */
  quarantine(): void;
}

export interface SavedStateOptions<State> {
  readonly file: StateFile;
  /** Names the state in the log. */
  readonly name: string;
  readonly schema: z.ZodType<State>;
  /** The state to be written. */
  readonly current: () => State;
  readonly clock: Clock;
  readonly log: Log;
}

/** Keeps state across restarts in a file that is written some seconds after a change. */
export class SavedState<State> {
  readonly #options: SavedStateOptions<State>;
  #changed = false;
  /** Cancels the pending write, if any. */
  #cancelWrite: Cancel | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: SavedStateOptions<State>) {
    this.#options = options;
  }

  /** The state of an earlier process; undefined if there is none, or none that can be read. */
  read(): State | undefined {
    const { file, name, schema, log } = this.#options;
    try {
      const text = file.read();
      if (text === undefined) return undefined;
      const { success, data } = schema.safeParse(parseObject(text));
      if (success) return data;
      log.warn(`${name} file corrupt`, { remedy: "it was renamed, and a new one begins" });
      file.quarantine();
    } catch (error) {
      log.warn(`${name} file not read`, { problem: messageOf(error) });
    }
    return undefined;
  }

  /** The state has changed: it is written within 10 s. */
  changed(): void {
    this.#changed = true;
    this.#writeLater();
  }

  /** Writes a change at once, or after the write in progress. */
  async save(): Promise<void> {
    this.#changed = true;
    await this.#writing;
    if (!this.#changed) return;
    this.#cancelWrite?.();
    this.#writing = this.#write();
    await this.#writing;
  }

  /** Writes pending changes. Nothing is written afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelWrite?.();
    await this.#writing;
    if (this.#changed) await this.#write();
  }

  #writeLater(): void {
    if (this.#closed) return;
    this.#cancelWrite ??= this.#options.clock.after(WRITE_INTERVAL_MS, () => {
      this.#writing = this.#write();
    });
  }

  async #write(): Promise<void> {
    const { file, name, current, log } = this.#options;
    this.#changed = false;
    try {
      await file.write(JSON.stringify(current()));
    } catch (error) {
      log.warn(`${name} file not written`, { problem: messageOf(error) });
      this.#changed = true;
    }
    this.#cancelWrite = undefined;
    if (this.#changed) this.#writeLater();
  }
}
