import type { RealtimeAudioFormats } from "openai/resources/realtime/realtime";
import { MulawToPcm24, Pcm24ToMulaw } from "../audio/transcode.ts";

/** Audio format of a session: `pcmu` is µ-law at 8 kHz as in the call, `pcm16` is 16-bit PCM at 24 kHz. */
export type AudioFormatName = "pcmu" | "pcm16";

/** Converts one session's audio between the call's µ-law and the wire format. */
export interface WireAudio {
  readonly format: RealtimeAudioFormats;
  /** Converts base64 of µ-law to base64 of the wire format. */
  encodeCallerAudio(payload: string): string;
  /**
   * Converts base64 of the wire format to µ-law bytes.
   *
   * @throws {SyntaxError} if `delta` is not base64.
   */
  decodeModelAudio(itemId: string, delta: string): Uint8Array;
  /** Ends an item; returns its remaining µ-law. */
  flush(itemId: string): Uint8Array;
  /** Discards the state of items that will not be flushed. */
  reset(): void;
}

/** Creates the converter of one session. */
export function createWireAudio(name: AudioFormatName): WireAudio {
  return name === "pcmu" ? new MulawAudio() : new Pcm24Audio();
}

// Media uses the engine's base64 methods, which are many times as fast as `@std/encoding` (bench/CODEC_RESULTS.md).

/** µ-law on the wire: caller payloads pass unchanged. */
class MulawAudio implements WireAudio {
  readonly format = { type: "audio/pcmu" } as const;

  encodeCallerAudio(payload: string): string {
    return payload;
  }

  decodeModelAudio(_itemId: string, delta: string): Uint8Array {
    return Uint8Array.fromBase64(delta);
  }

  flush(): Uint8Array {
    return new Uint8Array();
  }

  reset(): void {}
}

/** 16-bit PCM at 24 kHz on the wire. */
class Pcm24Audio implements WireAudio {
  readonly format = { type: "audio/pcm", rate: 24000 } as const;
  readonly #upsampler = new MulawToPcm24();
  /** One per item, so that filter state never crosses items and each item's duration stays exact. */
  readonly #downsamplers = new Map<string, Pcm24ToMulaw>();
  /** Reused for every payload. */
  #decoded = new Uint8Array(160);

  encodeCallerAudio(payload: string): string {
    return this.#upsampler.convert(this.#decode(payload)).toBase64();
  }

  decodeModelAudio(itemId: string, delta: string): Uint8Array {
    const audio = this.#decode(delta);
    let downsampler = this.#downsamplers.get(itemId);
    if (!downsampler) this.#downsamplers.set(itemId, downsampler = new Pcm24ToMulaw());
    return downsampler.convert(audio);
  }

  flush(itemId: string): Uint8Array {
    const rest = this.#downsamplers.get(itemId)?.flush() ?? new Uint8Array();
    this.#downsamplers.delete(itemId);
    return rest;
  }

  reset(): void {
    this.#downsamplers.clear();
  }

  /** The result is valid until the next call. */
  #decode(base64: string): Uint8Array {
    const maxBytes = Math.ceil(base64.length / 4) * 3;
    if (this.#decoded.length < maxBytes) this.#decoded = new Uint8Array(maxBytes);
    const { written } = this.#decoded.setFromBase64(base64);
    return this.#decoded.subarray(0, written);
  }
}
