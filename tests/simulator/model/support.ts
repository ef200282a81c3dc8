import { encodeBase64 } from "@std/encoding/base64";
import { encodeMulaw } from "../../../src/audio/g711.ts";
import type { WatchedEvent } from "../../../src/simulator/model/wire.ts";

/** A bare client of the wire: keeps every event, and waits for the next of a kind. */
export class WireClient {
  readonly events: WatchedEvent[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  #read = 0;
  #wake: () => void = () => {};

  constructor(url: string | URL, options: { headers?: Record<string, string>; protocols?: string[] } = {}) {
    this.#socket = new WebSocket(url, options);
    this.#socket.onmessage = ({ data }) => {
      this.events.push(JSON.parse(data));
      this.#wake();
    };
    this.closed = new Promise((resolve) => {
      this.#socket.onclose = ({ code, reason }) => resolve({ code, reason });
    });
  }

  /** Connected, with `session.created` read. */
  static async open(url: string, session?: Record<string, unknown>): Promise<WireClient> {
    const client = new WireClient(`${url}?model=gpt-realtime-2.1`);
    await client.next("session.created");
    if (session) {
      client.send({ type: "session.update", session: { type: "realtime", ...session } });
      await client.next("session.updated");
    }
    return client;
  }

  send(event: Record<string, unknown>): void {
    this.#socket.send(JSON.stringify(event));
  }

  sendRaw(frame: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(frame);
  }

  /** The next event of this type that has not been read; what comes before it counts as read. */
  async next(type: string): Promise<WatchedEvent> {
    const late = Promise.withResolvers<void>();
    const deadline = setTimeout(() => late.reject(new Error(`No "${type}" came`)), 5000);
    try {
      for (;;) {
        while (this.#read < this.events.length) {
          const event = this.events[this.#read++];
          if (event?.type === type) return event;
        }
        await Promise.race([late.promise, new Promise<void>((resolve) => this.#wake = resolve)]);
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  /** The types of all events since the last one of type `since`, that one included. */
  typesSince(since: string): string[] {
    const types = this.events.map(({ type }) => type);
    return types.slice(types.lastIndexOf(since));
  }

  async close(): Promise<void> {
    this.#socket.close(1000);
    await this.closed;
  }
}

/** The settings of a telephone call; the transcription off. */
export function telephone(detection: Record<string, unknown> | null = {}): Record<string, unknown> {
  return {
    audio: {
      input: {
        format: { type: "audio/pcmu" },
        turn_detection: detection && { type: "server_vad", silence_duration_ms: 500, ...detection },
      },
      output: { format: { type: "audio/pcmu" } },
    },
  };
}

/** Silence, 16-bit PCM. */
export function silence(ms: number, rate = 8000): Int16Array {
  return new Int16Array(ms * rate / 1000);
}

/** White noise of a level in dBFS, the same every time. */
export function noise(ms: number, levelDb: number, rate = 8000): Int16Array {
  const random = seeded();
  // Uniform noise has a root mean square of its peak over the root of three.
  const peak = 32768 * 10 ** (levelDb / 20) * Math.sqrt(3);
  return Int16Array.from({ length: ms * rate / 1000 }, () => peak * (2 * random() - 1));
}

/** What a voice looks like to a level meter: noise at -20 dBFS that swells and sinks four times a second. */
export function speechLike(ms: number, rate = 8000): Int16Array {
  const random = seeded();
  return Int16Array.from({ length: ms * rate / 1000 }, (_, index) => {
    const syllable = Math.sin(Math.PI * ((index / rate * 4) % 1));
    return 8000 * (0.1 + 0.9 * syllable) * (2 * random() - 1);
  });
}

/** One after the other. */
export function joined(...parts: Int16Array[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

/** Appends samples as µ-law in frames of 20 ms, as a telephone does. */
export function speakInto(client: WireClient, samples: Int16Array): Uint8Array {
  const bytes = encodeMulaw(samples);
  for (let at = 0; at < bytes.length; at += 160) {
    client.send({ type: "input_audio_buffer.append", audio: encodeBase64(bytes.slice(at, at + 160)) });
  }
  return bytes;
}

/** A small random generator (Mulberry32), so that a test is the same every time. */
function seeded(): () => number {
  let state = 20261121;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
