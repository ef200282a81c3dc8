import type { KeptRecording } from "./stored_recordings.ts";

const DAY_MS = 86_400_000;

/** How long recordings are kept. */
export interface RecordingLimits {
  /** Days after their end. */
  readonly days?: number | undefined;
  /** Megabytes of them all together. */
  readonly megabytes?: number | undefined;
}

/** Those that are to go, the oldest first: too old, or the oldest of too many. What is being written counts, and stays. */
export function expired(
  kept: readonly KeptRecording[],
  { days, megabytes }: RecordingLimits,
  now: number,
  isOpen: (path: string) => boolean,
): KeptRecording[] {
  let bytes = kept.reduce((sum, recording) => sum + recording.bytes, 0);
  const room = (megabytes ?? Infinity) * 1_000_000;
  const oldest = now - (days ?? Infinity) * DAY_MS;
  const gone: KeptRecording[] = [];
  for (const recording of kept.toSorted((a, b) => a.endedAt - b.endedAt)) {
    if (recording.endedAt >= oldest && bytes <= room) break;
    if (isOpen(recording.path)) continue;
    gone.push(recording);
    bytes -= recording.bytes;
  }
  return gone;
}
