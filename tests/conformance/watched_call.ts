import { Buffer } from "node:buffer";
import { assert } from "@std/assert";
import { decodeBase64 } from "@std/encoding/base64";
import { decodeMulaw } from "../../src/audio/g711.ts";
import { MulawToPcm24, Pcm24ToMulaw } from "../../src/audio/transcode.ts";
import { isObject, parseObject } from "../../src/json.ts";
import { audibleSpan } from "../../src/simulator/caller/ear.ts";
import { dial } from "../../src/model/web_socket/web_socket.ts";
import type { OpenSocket } from "../../src/simulator/caller/media_socket.ts";
import { startRehearsalModel } from "../../src/simulator/model/server.ts";
import type { WatchedEvent } from "../../src/simulator/model/wire.ts";
import { type Rehearsal, rehearse, type RehearseOptions } from "../../src/simulator/caller/rehearse.ts";

/** The stand-in model, and every event of its sessions: what it was sent, what it said, and when (ms, monotonic). */
export class WatchedModel implements AsyncDisposable {
  readonly #events: { direction: "in" | "out"; event: WatchedEvent; at: number }[] = [];
  readonly #model = startRehearsalModel({
    onEvent: (direction, event) => this.#events.push({ direction, event, at: performance.now() }),
  });

  /** @param format What its sessions are held in: everything it says is told as µ-law. */
  constructor(readonly format: "pcmu" | "pcm16" = "pcmu") {}

  get url(): string {
    return this.#model.url;
  }

  /** What it was sent of a type, in order. */
  got(type: string): WatchedEvent[] {
    return this.#of("in", type).map(({ event }) => event);
  }

  /** What it said of a type, in order. */
  said(type: string): WatchedEvent[] {
    return this.#of("out", type).map(({ event }) => event);
  }

  /** When the first event of a type about an item went out; NaN if none did. */
  saidAt(type: string, itemId: unknown): number {
    return this.#of("out", type).find(({ event }) => event.item_id === itemId)?.at ?? NaN;
  }

  /** A caller's µ-law in the format of its sessions. */
  inItsFormat(mulaw: Uint8Array): Uint8Array {
    return this.format === "pcmu" ? mulaw : new MulawToPcm24().convert(mulaw);
  }

  /** The audio it heard, in its format. */
  get heard(): Uint8Array {
    return joined(this.got("input_audio_buffer.append").map(({ audio }) => decodeBase64(String(audio))));
  }

  /** The audio it made, item by item, as the µ-law it becomes when it is converted in one piece. */
  get spoken(): { itemId: string; audio: Uint8Array }[] {
    const deltas = this.said("response.output_audio.delta");
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

/** A rehearsed call, and the µ-law audio that went over its media stream each way. */
export interface WatchedCall extends Rehearsal {
  readonly sent: Uint8Array;
  readonly received: Uint8Array;
}

/** Places a call to the server at `baseUrl`; it ends by itself within 20 s. */
export async function placeWatchedCall(options: RehearseOptions): Promise<WatchedCall> {
  const sent: Uint8Array[] = [], received: Uint8Array[] = [];
  const open: OpenSocket = async (url, headers, { onMessage, onClose }) => {
    // Not Deno's own client: it may hold a mark back for 40 ms, and what was heard would be known that much later.
    const socket = await dial(url.href, {
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

/** How much of an answer (µ-law) the caller heard without a break, in ms; the first audible sample was at `audibleAtMs`. */
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

/** Asserts that two stretches of audio are the same to the byte, and says where they part if they are not. */
export function assertSameAudio(actual: Uint8Array, expected: Uint8Array, what: string): void {
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  const difference = at < 0 ? "none" : `at byte ${at}`;
  assert(
    at < 0 && actual.length === expected.length,
    `${what}: ${actual.length} bytes, ${expected.length} expected; first difference: ${difference}`,
  );
}

/** One after the other. */
export function joined(parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Where `part` begins in `whole`; -1 if it is not in it. */
export function indexIn(whole: Uint8Array, part: Uint8Array): number {
  return Buffer.from(whole).indexOf(part);
}

function payloadOf(message: unknown): Uint8Array {
  const media = parseObject(String(message))?.media;
  return isObject(media) ? decodeBase64(String(media.payload)) : new Uint8Array();
}
