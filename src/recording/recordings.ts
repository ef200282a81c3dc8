import type { Cancel, Clock } from "../clock.ts";
import type { Log } from "../telemetry/log.ts";
import { type Levels, levelsOf } from "./levels.ts";
import { deleteRecordings, findRecording, orNothing, recordingsIn } from "./stored_recordings.ts";
import {
  mend,
  type RecordedPiece,
  type RecordingFacts,
  RecordingFile,
  recordingPath,
} from "./recording_file.ts";
import { expired, type RecordingLimits } from "./recording_retention.ts";

const DAY_MS = 86_400_000;
/** Most bytes read at once. */
const MOST_READ_BYTES = 262_144;

export interface RecordingsOptions extends RecordingLimits {
  /** It is made when it is needed. */
  readonly folder: string;
}

/**
 * The recordings of calls, one WAV file each. Writing never throws: a disk that fails is told of once, and costs what was
 * to be written.
 */
export class Recordings {
  readonly #options: RecordingsOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #open = new Map<string, RecordingFile>();
  #failing = false;
  #cancel: Cancel | undefined;
  #closed = false;
  /** Mending and deleting, one after the other. */
  #tidying: Promise<void>;

  /** Mends what a crash left behind, deletes what is too old, and looks again every day. */
  constructor(options: RecordingsOptions, clock: Clock, log: Log) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#tidying = this.#mendAll();
    this.#tidyDaily();
  }

  write(piece: RecordedPiece): void {
    const { callSid } = piece;
    try {
      this.#fileOf(callSid)?.write(piece);
      if (this.#failing) this.#log.info("recordings are written again");
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) {
        this.#log.error("recording not written", { call: callSid, problem: messageOf(error) });
      }
      this.#failing = true;
    }
  }

  /** @param lostMs What did not get here in time. */
  end(callSid: string, lostMs: number): void {
    const file = this.#open.get(callSid);
    if (this.#pathOf(callSid) === undefined) {
      this.#log.warn("not recorded", {
        call: callSid,
        problem: "CA and 32 hexadecimal digits were expected",
      });
    }
    if (!file) return;
    this.#open.delete(callSid);
    file.close();
    if (lostMs > 0) this.#log.error("recording has holes", { call: callSid, lost_s: lostMs / 1_000 });
    this.#tidy();
  }

  /** One recording; undefined when there is none. */
  async find(callSid: string): Promise<RecordingFacts | undefined> {
    const found = await findRecording(this.#options.folder, callSid);
    return found && { ms: found.ms, bytes: found.bytes };
  }

  /** So many bytes of its file from a place on, or fewer. @throws {Error} when there is no such recording. */
  async read(callSid: string, from: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const path = this.#pathOf(callSid);
    if (path === undefined) throw new Error(`There is no recording of ${callSid}`);
    using file = await Deno.open(path, { read: true });
    await file.seek(from, Deno.SeekMode.Start);
    const bytes = new Uint8Array(Math.min(length, MOST_READ_BYTES));
    return bytes.subarray(0, await file.read(bytes) ?? 0);
  }

  /** How loud it is; undefined when there is none. */
  async levels(callSid: string): Promise<Levels | undefined> {
    const path = this.#pathOf(callSid);
    return path === undefined ? undefined : await orNothing(levelsOf(path));
  }

  /** Deletes those of these calls that there are. @throws {Error} when the disk fails. */
  async delete(callSids: readonly string[]): Promise<void> {
    for (const callSid of callSids) {
      this.#open.get(callSid)?.close();
      this.#open.delete(callSid);
    }
    await deleteRecordings(this.#options.folder, callSids);
  }

  /** Closes all files. Resolves when nothing is at work any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
    await this.#tidying;
  }

  #pathOf(callSid: string): string | undefined {
    return recordingPath(this.#options.folder, callSid);
  }

  /** The file that is being written; undefined for what is no call. */
  #fileOf(callSid: string): RecordingFile | undefined {
    const open = this.#open.get(callSid);
    const path = this.#pathOf(callSid);
    if (open || path === undefined || this.#closed) return open;
    Deno.mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 });
    const file = new RecordingFile(path);
    this.#open.set(callSid, file);
    return file;
  }

  #tidyDaily(): void {
    this.#tidy();
    this.#cancel = this.#clock.after(DAY_MS, () => this.#tidyDaily());
  }

  #tidy(): void {
    this.#tidying = this.#tidying.then(() => this.#deleteExpired());
  }

  async #mendAll(): Promise<void> {
    try {
      for (const { path } of await recordingsIn(this.#options.folder)) {
        if (this.#closed) return;
        if (!this.#isOpen(path) && await orNothing(mend(path))) {
          this.#log.warn("recording mended", { file: path });
        }
      }
    } catch (error) {
      this.#log.error("recordings not mended", { problem: messageOf(error) });
    }
  }

  async #deleteExpired(): Promise<void> {
    const { folder, days, megabytes } = this.#options;
    if (this.#closed || (days === undefined && megabytes === undefined)) return;
    try {
      const kept = await recordingsIn(folder);
      const gone = expired(kept, this.#options, this.#clock.wallTime(), (path) => this.#isOpen(path));
      for (const { path } of gone) {
        // A call may have begun meanwhile.
        if (!this.#isOpen(path)) await orNothing(Deno.remove(path));
      }
      if (gone.length > 0) this.#log.info("old recordings deleted", { recordings: gone.length });
    } catch (error) {
      this.#log.error("old recordings not deleted", { problem: messageOf(error) });
    }
  }

  #isOpen(path: string): boolean {
    return this.#open.has(path.slice(this.#options.folder.length + 1, -".wav".length));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
