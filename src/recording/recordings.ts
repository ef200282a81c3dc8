import { fileErrorReason, isDiskFull, unlessMissing } from "../file_error.ts";
import type { Cancel, Clock } from "../clock.ts";
import { messageOf } from "../error_message.ts";
import type { Log } from "../telemetry/log.ts";
import { type Levels, measureLevels } from "./levels.ts";
import {
  type RecordingChunk,
  RecordingFile,
  type RecordingInfo,
  recordingPath,
  repairHeader,
} from "./recording_file.ts";
import { type RecordingLimits, RecordingRetention } from "./recording_retention.ts";
import { deleteRecordings, findRecording, listRecordings } from "./stored_recordings.ts";

const DAY_MS = 86_400_000;
/** Maximum bytes per read. */
const MAX_READ_BYTES = 262_144;

export interface RecordingsOptions extends RecordingLimits {
  /** Created when the first recording starts. */
  readonly folder: string;
}

/**
 * The recordings of calls, one WAV file each. Writing does not throw: when the disk fails, the audio is lost and the failure
 * is logged once.
 */
export class Recordings {
  readonly #options: RecordingsOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #open = new Map<string, RecordingFile>();
  readonly #retention: RecordingRetention;
  #failing = false;
  #cancelDailyDeletion: Cancel | undefined;
  #closed = false;
  /** Repairs and deletions, which run one after another. */
  #maintenance: Promise<void>;

  /** Repairs files left by a crash, and deletes expired recordings now and every day. */
  constructor(options: RecordingsOptions, clock: Clock, log: Log) {
    this.#options = options;
    this.#retention = new RecordingRetention(options);
    this.#clock = clock;
    this.#log = log;
    this.#maintenance = this.#repairAll();
    this.#deleteDaily();
  }

  /** Writes a chunk. The file is created with the first one. @returns why it was not written. */
  write(chunk: RecordingChunk): string | undefined {
    const { callSid } = chunk;
    try {
      this.#fileOf(callSid)?.write(chunk);
      if (this.#failing) this.#log.info("recording writes recovered");
      this.#failing = false;
      return undefined;
    } catch (error) {
      if (!this.#failing) {
        this.#log.error("recording write failed", { call: callSid, problem: messageOf(error) });
      }
      this.#failing = true;
      return isDiskFull(error) ? "the disk is full" : fileErrorReason(error, "write");
    }
  }

  /**
   * Closes the file of a call.
   *
   * @param lostMs Audio that never arrived here (ms).
   */
  end(callSid: string, lostMs: number): void {
    const path = this.#pathOf(callSid);
    const file = this.#open.get(callSid);
    if (path === undefined) {
      const problem = "its CallSid is not CA and 32 hexadecimal digits";
      this.#log.warn("call not recorded", { call: callSid, problem });
    }
    if (path === undefined || !file) return;
    this.#open.delete(callSid);
    file.close();
    if (lostMs > 0) this.#log.error("recording incomplete", { call: callSid, lost_s: lostMs / 1_000 });
    const recording = { path, bytes: file.bytes, endedAt: this.#clock.wallTime() };
    this.#queue(() => {
      this.#retention.add(recording);
      return this.#deleteExpired();
    });
  }

  /** The length and size of a recording; undefined if there is none. */
  async find(callSid: string): Promise<RecordingInfo | undefined> {
    const info = await findRecording(this.#options.folder, callSid);
    return info && { ms: info.ms, bytes: info.bytes };
  }

  /**
   * Reads up to `length` bytes of a recording's file from offset `from` on, at most 256 KiB.
   *
   * @throws {Error} if there is no such recording.
   */
  async read(callSid: string, from: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const path = this.#pathOf(callSid);
    if (path === undefined) throw new Error(`Cannot read a recording of "${callSid}": it is not a CallSid`);
    using file = await Deno.open(path, { read: true });
    await file.seek(from, Deno.SeekMode.Start);
    const bytes = new Uint8Array(Math.min(length, MAX_READ_BYTES));
    return bytes.subarray(0, await file.read(bytes) ?? 0);
  }

  /** The waveforms of a recording; undefined if there is none. */
  async levels(callSid: string): Promise<Levels | undefined> {
    const path = this.#pathOf(callSid);
    return path === undefined ? undefined : await unlessMissing(measureLevels(path));
  }

  /**
   * Deletes the recordings of these calls. Calls without a recording are skipped.
   *
   * @throws {Error} if the disk fails.
   */
  async delete(callSids: readonly string[]): Promise<void> {
    for (const callSid of callSids) {
      this.#open.get(callSid)?.close();
      this.#open.delete(callSid);
      const path = this.#pathOf(callSid);
      if (path !== undefined) this.#retention.remove(path);
    }
    await deleteRecordings(this.#options.folder, callSids);
  }

  /** Closes all files. Resolves when repairs and deletions have stopped. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelDailyDeletion?.();
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
    await this.#maintenance;
  }

  #pathOf(callSid: string): string | undefined {
    return recordingPath(this.#options.folder, callSid);
  }

  /** The open file of a call; undefined if `callSid` is not a CallSid. */
  #fileOf(callSid: string): RecordingFile | undefined {
    const open = this.#open.get(callSid);
    const path = this.#pathOf(callSid);
    if (open || path === undefined || this.#closed) return open;
    Deno.mkdirSync(this.#options.folder, { recursive: true, mode: 0o700 });
    const file = new RecordingFile(path);
    this.#open.set(callSid, file);
    return file;
  }

  #deleteDaily(): void {
    this.#queue(async () => {
      await this.#scan();
      await this.#deleteExpired();
    });
    this.#cancelDailyDeletion = this.#clock.after(DAY_MS, () => this.#deleteDaily());
  }

  #queue(work: () => Promise<void>): void {
    if (!this.#retention.limited) return;
    this.#maintenance = this.#maintenance.then(async () => {
      if (!this.#closed) await work();
    }).catch((error) => this.#log.error("recording deletion failed", { problem: messageOf(error) }));
  }

  async #repairAll(): Promise<void> {
    try {
      for (const { path } of await listRecordings(this.#options.folder)) {
        if (this.#closed) return;
        if (!this.#isOpen(path) && await unlessMissing(repairHeader(path))) {
          this.#log.warn("recording repaired", { file: path });
        }
      }
    } catch (error) {
      this.#log.error("recording repair failed", { problem: messageOf(error) });
    }
  }

  /** Lists the recordings again every day, because other processes also delete some. */
  async #scan(): Promise<void> {
    const recordings = await listRecordings(this.#options.folder);
    this.#retention.load(recordings.filter(({ path }) => !this.#isOpen(path)));
  }

  async #deleteExpired(): Promise<void> {
    let openBytes = 0;
    for (const { bytes } of this.#open.values()) openBytes += bytes;
    const expired = this.#retention.takeExpired(this.#clock.wallTime(), openBytes);
    for (const { path } of expired) {
      // A recording may have started meanwhile.
      if (!this.#isOpen(path)) await unlessMissing(Deno.remove(path));
    }
    if (expired.length > 0) this.#log.info("expired recordings deleted", { recordings: expired.length });
  }

  #isOpen(path: string): boolean {
    return this.#open.has(path.slice(this.#options.folder.length + 1, -".wav".length));
  }
}
