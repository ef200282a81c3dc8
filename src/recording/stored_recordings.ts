import { unlessMissing } from "../file_error.ts";
import { type RecordingInfo, recordingInfo, recordingPath } from "./recording_file.ts";

/** The folder of the recordings in `DATA_DIR`. */
export function recordingsFolder(dataDir: string): string {
  return `${dataDir}/recordings`;
}

/** A recording file. */
export interface StoredRecording {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly endedAt: number;
}

/** All recordings of a folder. Empty if the folder does not exist. */
export async function listRecordings(folder: string): Promise<StoredRecording[]> {
  const recordings: StoredRecording[] = [];
  await unlessMissing((async () => {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile || !name.endsWith(".wav")) continue;
      const path = `${folder}/${name}`;
      // Another process may have deleted it.
      const file = await unlessMissing(Deno.stat(path));
      if (file) recordings.push({ path, bytes: file.size, endedAt: file.mtime?.getTime() ?? 0 });
    }
  })());
  return recordings;
}

/** The recording of a call; undefined if there is none. */
export async function findRecording(
  folder: string,
  callSid: string,
): Promise<RecordingInfo & { readonly path: string } | undefined> {
  const path = recordingPath(folder, callSid);
  const file = path === undefined ? undefined : await unlessMissing(Deno.stat(path));
  return file && path !== undefined ? { path, ...recordingInfo(file.size) } : undefined;
}

/**
 * Deletes the recordings of these calls. Calls without a recording are skipped.
 *
 * @throws {Error} if a recording cannot be deleted.
 */
export async function deleteRecordings(folder: string, callSids: readonly string[]): Promise<void> {
  for (const callSid of callSids) {
    const path = recordingPath(folder, callSid);
    if (path !== undefined) await unlessMissing(Deno.remove(path));
  }
}
