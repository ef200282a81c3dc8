import { decodeMulaw } from "../audio/g711.ts";
import { interleave, WAV_HEADER_BYTES, wavHeader } from "../audio/wav.ts";

const CHANNELS = 2;
const SAMPLE_RATE = 8_000;
/** One sample of each side. */
const FRAME_BYTES = 2 * CHANNELS;
const BYTES_PER_MS = SAMPLE_RATE / 1_000 * FRAME_BYTES;
/** A WAV says its size in 32 bits: 37 hours. */
const MOST_DATA_BYTES = 2 ** 32 - 2 ** 16;

/** What a recording is, by its length. */
export interface RecordingFacts {
  readonly ms: number;
  /** Of the whole file. */
  readonly bytes: number;
}

/** A part of a recording. */
export interface RecordedPiece {
  readonly callSid: string;
  /** Where it belongs (ms since the call's first stream began). */
  readonly atMs: number;
  /** µ-law at 8 kHz: the caller's side, and in the second half the assistant's. */
  readonly sides: Uint8Array<ArrayBuffer>;
}

/** Where the recording of a call lies; undefined where a name is none that Twilio gives to a call, and may be a path. */
export function recordingPath(folder: string, callSid: string): string | undefined {
  return /^CA[0-9a-f]{32}$/.test(callSid) ? `${folder}/${callSid}.wav` : undefined;
}

/** What a file of so many bytes holds. */
export function factsOf(bytes: number): RecordingFacts {
  return { ms: Math.floor(Math.max(0, bytes - WAV_HEADER_BYTES) / BYTES_PER_MS), bytes };
}

/** Where in the file a moment of the call lies (bytes). */
export function placeOf(ms: number): number {
  return WAV_HEADER_BYTES + ms * BYTES_PER_MS;
}

/**
 * One recording while it is being written: stereo PCM of 16 bits at 8 kHz, the caller left. It can be played after every
 * piece. Each piece knows its place, so that what the disk did not take is silence and moves nothing.
 */
export class RecordingFile {
  readonly #path: string;
  #file: Deno.FsFile | undefined;
  #begun = false;
  #dataBytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws {Error} when the disk fails; another piece may be tried. */
  write({ atMs, sides }: RecordedPiece): void {
    const half = sides.length / 2;
    const bytes = interleave([decodeMulaw(sides.subarray(0, half)), decodeMulaw(sides.subarray(half))]);
    const at = Math.round(atMs * BYTES_PER_MS / FRAME_BYTES) * FRAME_BYTES;
    if (at < 0 || at + bytes.length > MOST_DATA_BYTES) return;
    const file = this.#open();
    writeAt(file, WAV_HEADER_BYTES + at, bytes);
    const dataBytes = Math.max(this.#dataBytes, at + bytes.length);
    // The header comes last: it never promises what is not there.
    writeAt(file, 0, wavHeader(CHANNELS, SAMPLE_RATE, dataBytes));
    this.#dataBytes = dataBytes;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #open(): Deno.FsFile {
    this.#file ??= Deno.openSync(this.#path, {
      write: true,
      create: true,
      truncate: !this.#begun,
      mode: 0o600,
    });
    this.#begun = true;
    return this.#file;
  }
}

/**
 * Makes the header say what is there, after a crash between a piece and its header.
 *
 * @returns whether anything had to be mended.
 */
export async function mend(path: string): Promise<boolean> {
  using file = await Deno.open(path, { read: true, write: true });
  const { size, atime, mtime } = await file.stat();
  const dataBytes = Math.max(0, size - WAV_HEADER_BYTES);
  const whole = dataBytes - dataBytes % FRAME_BYTES;
  const header = wavHeader(CHANNELS, SAMPLE_RATE, whole);
  const found = new Uint8Array(WAV_HEADER_BYTES);
  await file.read(found);
  if (size === WAV_HEADER_BYTES + whole && found.every((byte, at) => byte === header[at])) return false;
  await file.truncate(WAV_HEADER_BYTES + whole);
  writeAt(file, 0, header);
  // It is as old as it was.
  if (atime && mtime) await file.utime(atime, mtime);
  return true;
}

function writeAt(file: Deno.FsFile, at: number, bytes: Uint8Array): void {
  file.seekSync(at, Deno.SeekMode.Start);
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
}
