import { decodeMulaw } from "../audio/g711.js";
import { LINE_RATE } from "../audio/line_format.js";
import { interleave, WAV_HEADER_BYTES, wavHeader } from "../audio/wav.ts";

const CHANNELS = 2;
/** One 16-bit sample of each side. */
const SAMPLE_BYTES = 2 * CHANNELS;
const FILE_BYTES_PER_MS = LINE_RATE / 1_000 * SAMPLE_BYTES;
/** The size field of a WAV file has 32 bits: 37 hours. */
const MAX_DATA_BYTES = 2 ** 32 - 2 ** 16;

/** The length and size of a recording file. */
export interface RecordingInfo {
  readonly ms: number;
  /** Size of the whole file. */
  readonly bytes: number;
}

/** A part of a recording, up to one second. */
export interface RecordingChunk {
  readonly callSid: string;
  /** Its position (ms since the call's first stream began). */
  readonly atMs: number;
  /** µ-law at 8 kHz: the first half is the caller's side, the second half the assistant's. */
  readonly sides: Uint8Array<ArrayBuffer>;
}

/** The file of a call's recording; undefined if `callSid` is not a Twilio CallSid, and so perhaps a path. */
export function recordingPath(folder: string, callSid: string): string | undefined {
  return /^CA[0-9a-f]{32}$/.test(callSid) ? `${folder}/${callSid}.wav` : undefined;
}

/** The length of the recording in a file of `bytes` bytes. */
export function recordingInfo(bytes: number): RecordingInfo {
  return { ms: Math.floor(Math.max(0, bytes - WAV_HEADER_BYTES) / FILE_BYTES_PER_MS), bytes };
}

/** The byte offset in the file of a moment of the call. */
export function fileOffset(ms: number): number {
  return WAV_HEADER_BYTES + ms * FILE_BYTES_PER_MS;
}

/**
 * Writes one recording: WAV, 8 kHz, 16-bit PCM, stereo, the caller left and the assistant right. The file is playable after
 * every chunk. Each chunk has its position, so a chunk that the disk rejects leaves silence and shifts nothing.
 */
export class RecordingFile {
  readonly #path: string;
  #file: Deno.FsFile | undefined;
  /** Bytes of audio from before the call was resumed: a second part is appended. */
  #earlierBytes: number | undefined;
  #dataBytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Size of the file. */
  get bytes(): number {
    return WAV_HEADER_BYTES + this.#dataBytes;
  }

  /** @throws {Error} if the disk fails. Later chunks may still be written. */
  write({ atMs, sides }: RecordingChunk): void {
    const half = sides.length / 2;
    const bytes = interleave([decodeMulaw(sides.subarray(0, half)), decodeMulaw(sides.subarray(half))]);
    const file = this.#open();
    const from = Math.round(atMs * FILE_BYTES_PER_MS / SAMPLE_BYTES) * SAMPLE_BYTES;
    const at = (this.#earlierBytes ?? 0) + from;
    if (from < 0 || at + bytes.length > MAX_DATA_BYTES) return;
    writeAt(file, WAV_HEADER_BYTES + at, bytes);
    const dataBytes = Math.max(this.#dataBytes, at + bytes.length);
    // The header is written last, so it never claims more audio than the file has.
    writeAt(file, 0, wavHeader(CHANNELS, LINE_RATE, dataBytes));
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
      mode: 0o600,
    });
    this.#earlierBytes ??=
      Math.floor(Math.max(0, this.#file.statSync().size - WAV_HEADER_BYTES) / SAMPLE_BYTES) *
      SAMPLE_BYTES;
    return this.#file;
  }
}

/**
 * Corrects the sizes in the header after a crash between writing a chunk and its header.
 *
 * @returns Whether the file was changed.
 */
export async function repairHeader(path: string): Promise<boolean> {
  using file = await Deno.open(path, { read: true, write: true });
  const { size, atime, mtime } = await file.stat();
  const dataBytes = Math.max(0, size - WAV_HEADER_BYTES);
  const whole = dataBytes - dataBytes % SAMPLE_BYTES;
  const header = wavHeader(CHANNELS, LINE_RATE, whole);
  const oldHeader = new Uint8Array(WAV_HEADER_BYTES);
  await file.read(oldHeader);
  if (size === WAV_HEADER_BYTES + whole && oldHeader.every((byte, at) => byte === header[at])) return false;
  await file.truncate(WAV_HEADER_BYTES + whole);
  writeAt(file, 0, header);
  // Retention goes by the modification time.
  if (atime && mtime) await file.utime(atime, mtime);
  return true;
}

function writeAt(file: Deno.FsFile, at: number, bytes: Uint8Array): void {
  file.seekSync(at, Deno.SeekMode.Start);
  for (let written = 0; written < bytes.length;) written += file.writeSync(bytes.subarray(written));
}
