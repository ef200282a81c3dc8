import { factsOf, type RecordingFacts, recordingPath } from "./recording_file.ts";

/** Where recordings lie in `DATA_DIR`. */
export function recordingsFolder(dataDir: string): string {
  return `${dataDir}/recordings`;
}

/** A recording on the disk. */
export interface KeptRecording {
  readonly path: string;
  readonly bytes: number;
  /** When it ended, ms since 1970. */
  readonly endedAt: number;
}

/** All recordings of a folder; none, where there is no folder yet. */
export async function recordingsIn(folder: string): Promise<KeptRecording[]> {
  const kept: KeptRecording[] = [];
  await orNothing((async () => {
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (!isFile || !name.endsWith(".wav")) continue;
      const path = `${folder}/${name}`;
      // Another may have deleted it meanwhile.
      const found = await orNothing(Deno.stat(path));
      if (found) kept.push({ path, bytes: found.size, endedAt: found.mtime?.getTime() ?? 0 });
    }
  })());
  return kept;
}

/** The recording of a call; undefined when there is none. */
export async function findRecording(
  folder: string,
  callSid: string,
): Promise<RecordingFacts & { readonly path: string } | undefined> {
  const path = recordingPath(folder, callSid);
  const found = path === undefined ? undefined : await orNothing(Deno.stat(path));
  return found && path !== undefined ? { path, ...factsOf(found.size) } : undefined;
}

/** Deletes the recordings of these calls, those that there are. @throws {Error} when one cannot be deleted. */
export async function deleteRecordings(folder: string, callSids: readonly string[]): Promise<void> {
  for (const callSid of callSids) {
    const path = recordingPath(folder, callSid);
    if (path !== undefined) await orNothing(Deno.remove(path));
  }
}

/** What is not there any more is nothing; anything else that is wrong is. */
export async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
