import type { StoredRecording } from "./stored_recordings.ts";

const DAY_MS = 86_400_000;

/** How long recordings are kept. Undefined means no limit. */
export interface RecordingLimits {
  /** Days after the end of the recording. */
  readonly days?: number | undefined;
  /** Total size of all recordings (MB). */
  readonly megabytes?: number | undefined;
}

/**
 * Decides which recordings to delete: those past `days`, then the oldest until the rest fits in `megabytes`. It gets the
 * recordings of the folder once and each one that ends later, so the work for an ended call does not depend on their number.
 */
export class RecordingRetention {
  readonly #limits: RecordingLimits;
  /** By path, the oldest first. */
  readonly #recordings = new Map<string, StoredRecording>();
  #bytes = 0;

  constructor(limits: RecordingLimits) {
    this.#limits = limits;
  }

  get limited(): boolean {
    return this.#limits.days !== undefined || this.#limits.megabytes !== undefined;
  }

  /** Replaces the known recordings by those of the folder. */
  load(recordings: readonly StoredRecording[]): void {
    this.#recordings.clear();
    this.#bytes = 0;
    for (const recording of recordings.toSorted((a, b) => a.endedAt - b.endedAt)) this.add(recording);
  }

  /** Adds a recording that has ended after all others. */
  add(recording: StoredRecording): void {
    this.remove(recording.path);
    this.#recordings.set(recording.path, recording);
    this.#bytes += recording.bytes;
  }

  remove(path: string): void {
    this.#bytes -= this.#recordings.get(path)?.bytes ?? 0;
    this.#recordings.delete(path);
  }

  /**
   * Removes and returns the recordings to delete, oldest first.
   *
   * @param now Milliseconds since 1970.
   * @param openBytes Size of the recordings that have not ended: they count, and are never returned.
   */
  takeExpired(now: number, openBytes: number): StoredRecording[] {
    const { days = Infinity, megabytes = Infinity } = this.#limits;
    const expired: StoredRecording[] = [];
    for (const recording of this.#recordings.values()) {
      const tooOld = recording.endedAt < now - days * DAY_MS;
      if (!tooOld && this.#bytes + openBytes <= megabytes * 1_000_000) break;
      expired.push(recording);
      this.remove(recording.path);
    }
    return expired;
  }
}
