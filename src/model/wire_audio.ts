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

// Base64 by the engine's own methods: many times as fast as tables, or as `@std/encoding`, which is for all that is not
// media (bench/CODEC_RESULTS.md). Into an array that is kept where the bytes are not.

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
  #decoded = new Uint8Array(160);

  fromCaller(payload: string): string {
    return this.#up.convert(this.#decode(payload)).toBase64();
  }

  toCaller(itemId: string, delta: string): Uint8Array {
    const audio = this.#decode(delta);
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

  /** Good until the next one. */
  #decode(base64: string): Uint8Array {
    const most = Math.ceil(base64.length / 4) * 3;
    if (this.#decoded.length < most) this.#decoded = new Uint8Array(most);
    const { written } = this.#decoded.setFromBase64(base64);
    return this.#decoded.subarray(0, written);
  }
}
