import { Buffer } from "node:buffer";
import { assert } from "@std/assert";
import { decodeBase64 } from "@std/encoding/base64";
import { decodeMulaw } from "../../src/audio/g711.js";
import { MulawToPcm24, Pcm24ToMulaw } from "../../src/audio/transcode.ts";
import { systemClock } from "../../src/clock.ts";
import { isObject, parseObject } from "../../src/json.ts";
import { audibleSpan } from "../../src/simulator/caller/speech_tracker.ts";
import { connectWebSocket } from "../../src/model/web_socket/web_socket.ts";
import type { OpenSocket } from "../../src/simulator/twilio/stream_runner.js";
import { type SimulatedModel, startSimulatedModel } from "../../src/simulator/model/model_server.ts";
import type { WireEvent } from "../../src/simulator/model/server_events.ts";
import { type Rehearsal, rehearse, type RehearseOptions } from "../../src/simulator/caller/rehearse.ts";

/** The simulated model with every event of its sessions. */
export class WatchedModel implements AsyncDisposable {
  readonly #events: { direction: "in" | "out"; event: WireEvent; at: number }[] = [];
  readonly #model: SimulatedModel;

  /** @param format Of its sessions. */
  constructor(readonly format: "pcmu" | "pcm16" = "pcmu", clock = systemClock) {
    this.#model = startSimulatedModel({
      clock,
      onEvent: (direction, event) => this.#events.push({ direction, event, at: clock.now() }),
    });
  }

  get url(): string {
    return this.#model.url;
  }

  /** The events of a type it received, in order. */
  received(type: string): WireEvent[] {
    return this.#of("in", type).map(({ event }) => event);
  }

  /** The events of a type it sent, in order. */
  sent(type: string): WireEvent[] {
    return this.#of("out", type).map(({ event }) => event);
  }

  /** When it sent the first event of a type about an item (ms of its clock); NaN if it did not. */
  sentAt(type: string, itemId: unknown): number {
    return this.#of("out", type).find(({ event }) => event.item_id === itemId)?.at ?? NaN;
  }

  /** Converts µ-law to the format of its sessions. */
  inSessionFormat(mulaw: Uint8Array): Uint8Array {
    return this.format === "pcmu" ? mulaw : new MulawToPcm24().convert(mulaw);
  }

  /** The audio it received, in the format of its sessions. */
  get inputAudio(): Uint8Array {
    return joined(this.received("input_audio_buffer.append").map(({ audio }) => decodeBase64(String(audio))));
  }

  /** The audio it sent, by item, as µ-law converted in one chunk. */
  get outputAudio(): { itemId: string; audio: Uint8Array }[] {
    const deltas = this.sent("response.output_audio.delta");
    return [...Map.groupBy(deltas, ({ item_id }) => String(item_id))].map(([itemId, deltas]) => ({
      itemId,
      audio: this.#asMulaw(joined(deltas.map(({ delta }) => decodeBase64(String(delta))))),
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#model.close();
  }

  #asMulaw(audio: Uint8Array): Uint8Array {
    if (this.format === "pcmu") return audio;
    const down = new Pcm24ToMulaw();
    return joined([down.convert(audio), down.flush()]);
  }

  #of(direction: "in" | "out", type: string) {
    return this.#events.filter((entry) => entry.direction === direction && entry.event.type === type);
  }
}

/** A rehearsed call with the µ-law audio of its media stream in each direction. */
export interface WatchedCall extends Rehearsal {
  readonly sent: Uint8Array;
  readonly received: Uint8Array;
}

/** Places a call to the server at `baseUrl`, of at most 15 s. */
export async function placeWatchedCall(options: RehearseOptions): Promise<WatchedCall> {
  const sent: Uint8Array[] = [], received: Uint8Array[] = [];
  const open: OpenSocket = async (url, headers, { onMessage, onClose }) => {
    // Deno's WebSocket may delay a mark by 40 ms, and with it what is known to be heard.
    const socket = await connectWebSocket(url.href, {
      headers,
      handlers: {
        onMessage(data) {
          received.push(payloadOf(data));
          onMessage(data);
        },
        onClose,
      },
    });
    return {
      send(message) {
        sent.push(payloadOf(message));
        socket.send(message);
      },
      close: (code) => socket.close(code),
    };
  };
  const rehearsal = await rehearse({ maxSeconds: 15, open, ...options });
  return { ...rehearsal, sent: joined(sent), received: joined(received) };
}

/** How much of an answer (µ-law) the caller heard without a break (ms); its first audible sample was at `audibleAtMs`. */
export function heardMs(
  { recording }: WatchedCall,
  answer: Uint8Array,
  audibleAtMs: number | undefined,
): number {
  const [firstAudible] = audibleSpan(answer) ?? [NaN];
  const start = Math.round(Number(audibleAtMs) * 8) - firstAudible;
  const samples = decodeMulaw(answer);
  const wrong = samples.findIndex((sample, index) => sample !== recording.heard[start + index]);
  return (wrong < 0 ? samples.length : wrong) / 8;
}

/** Asserts that two audio buffers are the same to the byte; the message has the first difference. */
export function assertSameAudio(actual: Uint8Array, expected: Uint8Array, what: string): void {
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  const difference = at < 0 ? "none" : `at byte ${at}`;
  assert(
    at < 0 && actual.length === expected.length,
    `${what}: ${actual.length} bytes, ${expected.length} expected; first difference: ${difference}`,
  );
}

export function joined(parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** The index of `part` in `whole`, or -1. */
export function indexIn(whole: Uint8Array, part: Uint8Array): number {
  return Buffer.from(whole).indexOf(part);
}

function payloadOf(message: unknown): Uint8Array {
  const media = parseObject(String(message))?.media;
  return isObject(media) ? decodeBase64(String(media.payload)) : new Uint8Array();
}
