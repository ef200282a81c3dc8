/** A WAV file written while its sound is still to come. */

import { interleave, WAV_HEADER_BYTES, wavHeader } from "./wav.ts";

/** Where a WAV file goes: a `Deno.FsFile`, or anything that can go back to its beginning. */
export interface WavSink {
  /** Writes some of the bytes, at least one, and says how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Goes to the byte `offset`, counted from the beginning ({@linkcode Deno.SeekMode.Start}). */
  seek(offset: number, whence: 0): Promise<number>;
}

// A RIFF size has 32 bits and counts from the ninth byte of the file.
const MOST_DATA_BYTES = 2 ** 32 - 1 - (WAV_HEADER_BYTES - 8);

/**
 * Writes 16-bit PCM as it comes, and the header's sizes when all is there. Until then they say that as much follows as
 * can be, so that what a crash leaves behind is still played to its end by most programs.
 *
 * Calls are awaited one after the other. The sink is not closed.
 *
 * ```ts
 * using file = await Deno.open("call.wav", { write: true, create: true, truncate: true });
 * const wav = await WavWriter.begin(file, { channels: 2, sampleRate: 8000 });
 * await wav.write([caller, assistant]);
 * await wav.end();
 * ```
 */
export class WavWriter {
  readonly #sink: WavSink;
  readonly #channels: number;
  readonly #sampleRate: number;
  #dataBytes = 0;

  private constructor(sink: WavSink, channels: number, sampleRate: number) {
    this.#sink = sink;
    this.#channels = channels;
    this.#sampleRate = sampleRate;
  }

  /** Writes the header; the sink is empty and at its beginning. */
  static async begin(sink: WavSink, format: { channels: number; sampleRate: number }): Promise<WavWriter> {
    const writer = new WavWriter(sink, format.channels, format.sampleRate);
    await writer.#writeAll(wavHeader(format.channels, format.sampleRate, MOST_DATA_BYTES));
    return writer;
  }

  /**
   * Writes what comes next in each channel.
   *
   * @throws {RangeError} if there are not as many channels as in the header, or they differ in length.
   */
  async write(channels: readonly Int16Array[]): Promise<void> {
    if (channels.length !== this.#channels) {
      throw new RangeError(
        `Cannot write a WAV file: ${this.#channels} channels were expected, not ${channels.length}`,
      );
    }
    const bytes = interleave(channels);
    await this.#writeAll(bytes);
    this.#dataBytes += bytes.length;
  }

  /** Corrects the header. Nothing is written after that. Beyond 4 GiB, 37 hours of a call in stereo, it says the most it can. */
  async end(): Promise<void> {
    await this.#sink.seek(0, 0);
    const dataBytes = Math.min(this.#dataBytes, MOST_DATA_BYTES);
    await this.#writeAll(wavHeader(this.#channels, this.#sampleRate, dataBytes));
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) written += await this.#sink.write(bytes.subarray(written));
  }
}
