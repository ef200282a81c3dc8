import { convertRate } from "../audio/convert_rate.ts";
import { encodeMulaw } from "../audio/g711.js";
import { LINE_RATE } from "../audio/line_format.js";
import { readWav } from "../audio/wav.ts";
import { fileErrorReason } from "../file_error.ts";
import type { Path } from "../jsonc.ts";
import type { ProblemReport } from "./problem_report.ts";

const MAX_SECONDS = 30;

/** Reads the audio files of assistants. */
export interface AudioFileContext {
  /** Reads a file, relative to the assistants file. Missing: files are not read. */
  readonly readBytes: ((path: string) => Uint8Array | undefined) | undefined;
  readonly report: ProblemReport;
}

/**
 * Reads a WAV file of any sample rate; of several channels, it takes the first.
 *
 * @param path Place of the file's name in the assistants file, for problems.
 * @returns base64 of µ-law, 8 kHz, as text: configuration is frozen, which a byte array cannot be. Undefined without a
 * usable file.
 */
export function readAudioFile(
  path: Path,
  file: string | undefined,
  { readBytes, report }: AudioFileContext,
): string | undefined {
  if (file === undefined || !readBytes) return undefined;
  const onProblem = (text: string) => report.addProblem(path, `found ${JSON.stringify(file)}, which ${text}`);
  let bytes: Uint8Array | undefined;
  try {
    bytes = readBytes(file);
  } catch (error) {
    return void onProblem(`cannot be read: ${fileErrorReason(error)}`);
  }
  if (!bytes) {
    return void onProblem("does not exist; set it to an existing WAV file, relative to the assistants file");
  }
  try {
    const { sampleRate, channels: [samples = new Int16Array()] } = readWav(bytes, file);
    const seconds = samples.length / sampleRate;
    if (seconds > MAX_SECONDS) {
      return void onProblem(`lasts ${Math.ceil(seconds)} s; allowed: at most ${MAX_SECONDS} s`);
    }
    return encodeMulaw(sampleRate === LINE_RATE ? samples : convertRate(samples, sampleRate, LINE_RATE))
      .toBase64();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return void onProblem(`cannot be used: ${error.message.replace(/^Cannot read "[^"]*": /, "")}`);
  }
}
