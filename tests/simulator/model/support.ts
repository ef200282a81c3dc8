import { type NativeWebSocketOptions, openNativeWebSocket } from "../../support/native_web_socket.ts";
import { TIMEOUT_MS } from "../../support/wait_until.ts";
import { encodeBase64 } from "@std/encoding/base64";
import { encodeMulaw } from "../../../src/audio/g711.js";
import {
  type SimulatedModel,
  type SimulatedModelOptions,
  startSimulatedModel,
} from "../../../src/simulator/model/model_server.ts";
import type { WireEvent } from "../../../src/simulator/model/server_events.ts";

/** A plain WebSocket client that keeps every event. */
export class WireClient implements AsyncDisposable {
  readonly events: WireEvent[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  /** A model of this client alone, closed with it. */
  #model: SimulatedModel | undefined;
  #read = 0;
  #wake: () => void = () => {};

  constructor(url: string | URL, options: NativeWebSocketOptions = {}) {
    this.#socket = openNativeWebSocket(url, options);
    this.#socket.onmessage = ({ data }) => {
      this.events.push(JSON.parse(data));
      this.#wake();
    };
    this.closed = new Promise((resolve) => {
      this.#socket.onclose = ({ code, reason }) => resolve({ code, reason });
    });
  }

  /** Connects, and configures the session if settings are given. */
  static async open(url: string, session?: Record<string, unknown>): Promise<WireClient> {
    const client = new WireClient(`${url}?model=gpt-realtime-2.1`);
    await client.next("session.created");
    if (session) {
      client.send({ type: "session.update", session: { type: "realtime", ...session } });
      await client.next("session.updated");
    }
    return client;
  }

  /** Starts a model, and connects to it. */
  static async start(
    session?: Record<string, unknown>,
    options?: SimulatedModelOptions,
  ): Promise<WireClient> {
    const model = startSimulatedModel(options);
    const client = await WireClient.open(model.url, session);
    client.#model = model;
    return client;
  }

  send(event: Record<string, unknown>): void {
    this.#socket.send(JSON.stringify(event));
  }

  sendRaw(frame: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(frame);
  }

  /** The next unread event of this type; events before it are skipped. */
  async next(type: string): Promise<WireEvent> {
    const late = Promise.withResolvers<void>();
    const deadline = setTimeout(() => late.reject(new Error(`no "${type}" came`)), TIMEOUT_MS);
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

  /** The types of all events from the last one of type `since` on. */
  typesSince(since: string): string[] {
    const types = this.events.map(({ type }) => type);
    return types.slice(types.lastIndexOf(since));
  }

  async close(): Promise<void> {
    this.#socket.close(1000);
    await this.closed;
    await this.#model?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The settings of a phone call, without transcription. */
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

/** White noise at a level in dBFS, always the same. */
export function noise(ms: number, levelDb: number, rate = 8000): Int16Array {
  const random = seeded();
  // Uniform noise has a root mean square of its peak over the root of three.
  const peak = 32768 * 10 ** (levelDb / 20) * Math.sqrt(3);
  return Int16Array.from({ length: ms * rate / 1000 }, () => peak * (2 * random() - 1));
}

/** Noise at -20 dBFS that rises and falls four times a second, like speech. */
export function speechLike(ms: number, rate = 8000): Int16Array {
  const random = seeded();
  return Int16Array.from({ length: ms * rate / 1000 }, (_, index) => {
    const syllable = Math.sin(Math.PI * ((index / rate * 4) % 1));
    return 8000 * (0.1 + 0.9 * syllable) * (2 * random() - 1);
  });
}

export function joined(...parts: Int16Array[]): Int16Array {
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

/** Appends samples as µ-law in frames of 20 ms. */
export function speakInto(
  client: { send(event: { type: "input_audio_buffer.append"; audio: string }): void },
  samples: Int16Array,
): Uint8Array {
  const bytes = encodeMulaw(samples);
  for (let at = 0; at < bytes.length; at += 160) {
    client.send({ type: "input_audio_buffer.append", audio: encodeBase64(bytes.slice(at, at + 160)) });
  }
  return bytes;
}

/** Repeatable random numbers (Mulberry32). */
function seeded(): () => number {
  let state = 20261121;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
