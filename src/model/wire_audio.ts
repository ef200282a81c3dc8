import type { RealtimeAudioFormats } from "openai/resources/realtime/realtime";
import { MulawToPcm24, Pcm24ToMulaw } from "../audio/mod.ts";

/** The audio formats a session can be held in: the call's own µ-law, or PCM of 16 bits at 24 kHz. */
export type AudioFormatName = "pcmu" | "pcm16";

/** How one session's audio looks on the wire, and how it becomes the call's µ-law. Base64 on either side of the wire. */
export interface WireAudio {
  readonly format: RealtimeAudioFormats;
  /** Caller audio, base64 of µ-law, for the wire. */
  fromCaller(payload: string): string;
  /**
   * Model audio off the wire, as µ-law.
   *
   * @throws {SyntaxError} if it is not base64.
   */
  toCaller(itemId: string, delta: string): Uint8Array;
  /** The rest of an item that has come to its end. */
  finish(itemId: string): Uint8Array;
  /** Forgets items that will not come to their end. */
  forget(): void;
}

/** Makes the converter of one session. */
export function wireAudio(name: AudioFormatName): WireAudio {
  return name === "pcmu" ? new MulawAudio() : new Pcm24Audio();
}

// `fromBase64` and `toBase64` of the engine are the fastest there are (bench/codec_bench.ts); elsewhere `@std/encoding`.

/** µ-law on the wire too: the caller's payloads pass as they are. */
class MulawAudio implements WireAudio {
  readonly format = { type: "audio/pcmu" } as const;

  fromCaller(payload: string): string {
    return payload;
  }

  toCaller(_itemId: string, delta: string): Uint8Array {
    return Uint8Array.fromBase64(delta);
  }

  finish(): Uint8Array {
    return new Uint8Array();
  }

  forget(): void {}
}

/** PCM on the wire, 16 bits at 24 kHz. */
class Pcm24Audio implements WireAudio {
  readonly format = { type: "audio/pcm", rate: 24000 } as const;
  readonly #up = new MulawToPcm24();
  /** One for each item being made: its sound begins and ends in silence, and so its milliseconds are exact. */
  readonly #down = new Map<string, Pcm24ToMulaw>();

  fromCaller(payload: string): string {
    return this.#up.convert(Uint8Array.fromBase64(payload)).toBase64();
  }

  toCaller(itemId: string, delta: string): Uint8Array {
    const audio = Uint8Array.fromBase64(delta);
    let down = this.#down.get(itemId);
    if (!down) this.#down.set(itemId, down = new Pcm24ToMulaw());
    return down.convert(audio);
  }

  finish(itemId: string): Uint8Array {
    const rest = this.#down.get(itemId)?.flush() ?? new Uint8Array();
    this.#down.delete(itemId);
    return rest;
  }

  forget(): void {
    this.#down.clear();
  }
}
