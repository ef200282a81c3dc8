import { writeWav } from "../audio/wav.ts";
import type { Progress, RehearseOptions } from "../simulator/caller/rehearse.ts";

/** What the command needs of the world. */
export interface RehearseIo {
  out(text: string): void;
  err(text: string): void;
  /** Whether `err` writes to a terminal, where a line can be overwritten. */
  errIsTerminal: boolean;
  readFile(path: string): Promise<Uint8Array>;
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /**
   * Starts a server for a call without `--url`: with this audio format, if one is given, and the Realtime API at this
   * address, if one is given.
   */
  serve(audioFormat?: "pcmu" | "pcm16", modelUrl?: string): Promise<{ url: string; close(): Promise<void> }>;
  /** What the environment says of the account. */
  account?: Pick<RehearseOptions, "authToken" | "accountSid" | "publicUrl">;
  /** Opens the media stream's socket; Deno's own without it. */
  open?: RehearseOptions["open"];
  /** Hangs up when it aborts. */
  signal?: AbortSignal;
}

/** Writes both sides of a call: a stereo WAV; without a recording, an empty one. */
export async function writeRecording(
  path: string,
  { spoken, heard }: { spoken: Int16Array; heard: Int16Array } = {
    spoken: new Int16Array(),
    heard: new Int16Array(),
  },
  io: RehearseIo,
): Promise<void> {
  const wav = writeWav([spoken, heard], 8000);
  await io.writeFile(path, wav).catch((error) => withReason("write", path, error));
}

/** @throws {TypeError} with what could not be done to which file, and why. */
export function withReason(verb: string, path: string, error: unknown): never {
  throw new TypeError(`Cannot ${verb} "${path}": ${error instanceof Error ? error.message : error}`);
}

/** On a terminal one line that changes; elsewhere a line whenever the caller turns to something else. */
export function progressPrinter({ err, errIsTerminal }: RehearseIo): (progress: Progress) => void {
  let last = "";
  return ({ elapsedMs, doing, bufferedMs }) => {
    const line = `${(elapsedMs / 1000).toFixed(1).padStart(6)} s  the caller ${doing}`;
    if (errIsTerminal) err(`\r\x1b[K${line}, ${Math.round(bufferedMs)} ms of audio ahead`);
    else if (doing !== last) err(line + "\n");
    last = doing;
  };
}
