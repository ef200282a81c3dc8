import { encodeBase64 } from "@std/encoding/base64";
import type { RealtimeResponse } from "openai/resources/realtime/realtime";
import type { Cancel, Clock } from "../../clock.ts";
import { type AudioFormat, bytesPerMs } from "./audio.ts";
import type { Conversation, StoredItem } from "./conversation.ts";
import type { UsageMeter } from "./usage.ts";
import type { Draft, Wire, WireItem } from "./wire.ts";

/** What a response says: bytes of the output format, and their text. Without audio it is written, not said. */
export interface Speech {
  readonly audio: Uint8Array | undefined;
  readonly transcript: string;
}

/** How a response is given. */
export interface ResponseSettings {
  readonly id: string;
  readonly itemId: string;
  readonly conversationId: string;
  readonly format: AudioFormat;
  readonly voice: string | { readonly id: string };
  readonly instructions: string;
  readonly maxOutputTokens: number | "inf";
  readonly metadata: Record<string, string> | null;
}

/** What a response needs of its session. */
export interface ResponseSurroundings {
  readonly clock: Clock;
  readonly conversation: Conversation;
  readonly meter: UsageMeter;
  readonly send: (event: Draft) => void;
  /** Called once, before `response.done` goes out. */
  readonly ended: () => void;
}

/** How a response ended. */
export type Outcome =
  | { readonly type: "completed" }
  | { readonly type: "cancelled"; readonly reason: "turn_detected" | "client_cancelled" };

const BURST_EVERY_MS = 40;
// The vendor's deltas are of no even size and of no whole number of telephone frames.
const BURST_AUDIO_MS = [200, 325, 250, 400, 275];
const TOKENS_PER_MINUTE = 200_000;

/** One response being given: the order of its events, and its audio in bursts much faster than it plays. */
export class ModelResponse {
  readonly #speech: Speech;
  readonly #settings: ResponseSettings;
  readonly #around: ResponseSurroundings;
  readonly #context: readonly StoredItem[];
  readonly #item: StoredItem;
  readonly #at: { response_id: string; item_id: string; output_index: 0; content_index: 0 };
  #cancelBurst: Cancel = () => {};
  #bursts = 0;
  #sentBytes = 0;
  #sentText = "";

  /** Begins at once; the first audio follows a burst later. */
  constructor(speech: Speech, settings: ResponseSettings, around: ResponseSurroundings) {
    this.#speech = speech;
    this.#settings = settings;
    this.#around = around;
    this.#context = [...around.conversation.items];
    this.#item = { id: settings.itemId, wire: this.#message("in_progress"), audioMs: 0 };
    this.#at = { response_id: settings.id, item_id: settings.itemId, output_index: 0, content_index: 0 };

    const { send, conversation } = around;
    send({ type: "response.created", response: this.#wire("in_progress") });
    send({
      type: "response.output_item.added",
      response_id: this.id,
      output_index: 0,
      item: this.#item.wire,
    });
    const previous = conversation.insert(this.#item);
    send({ type: "conversation.item.added", previous_item_id: previous, item: this.#item.wire });
    send({ type: "response.content_part.added", ...this.#at, part: this.#part() });
    this.#scheduleBurst();
  }

  get id(): string {
    return this.#settings.id;
  }

  /** How much audio has been sent, in ms. */
  get audioMs(): number {
    return this.#sentBytes / bytesPerMs(this.#settings.format);
  }

  /** Ends the response where it is. */
  end(outcome: Outcome): void {
    this.drop();
    this.#around.ended();
    const { send, conversation, meter } = this.#around;
    if (this.#speech.audio) {
      send({ type: "response.output_audio.done", ...this.#at });
      send({ type: "response.output_audio_transcript.done", ...this.#at, transcript: this.#sentText });
    } else {
      send({ type: "response.output_text.done", ...this.#at, text: this.#sentText });
    }
    send({ type: "response.content_part.done", ...this.#at, part: this.#part() });

    const item = this.#item.wire = this.#message(outcome.type === "completed" ? "completed" : "incomplete");
    send({ type: "conversation.item.done", previous_item_id: conversation.previousOf(this.#item), item });
    send({ type: "response.output_item.done", response_id: this.id, output_index: 0, item });

    const usage = meter.count(this.#settings.instructions, this.#context, this.#sentText, this.audioMs);
    const details = outcome.type === "completed" ? null : outcome;
    send({
      type: "response.done",
      response: { ...this.#wire(outcome.type), status_details: details, output: [item], usage },
    });
    const used = usage.total_tokens ?? 0;
    send({
      type: "rate_limits.updated",
      rate_limits: [{
        name: "tokens",
        limit: TOKENS_PER_MINUTE,
        remaining: TOKENS_PER_MINUTE - used,
        reset_seconds: 60 * used / TOKENS_PER_MINUTE,
      }],
    });
  }

  /** Stops without a word, as when the socket is gone. */
  drop(): void {
    this.#cancelBurst();
  }

  #scheduleBurst(): void {
    this.#cancelBurst = this.#around.clock.after(BURST_EVERY_MS, () => this.#burst());
  }

  #burst(): void {
    const { audio, transcript } = this.#speech;
    const { send } = this.#around;
    if (!audio) {
      this.#sentText = transcript;
      send({ type: "response.output_text.delta", ...this.#at, delta: transcript });
      return this.end({ type: "completed" });
    }
    const ms = BURST_AUDIO_MS[this.#bursts++ % BURST_AUDIO_MS.length] ?? BURST_EVERY_MS;
    const piece = audio.subarray(this.#sentBytes, this.#sentBytes + ms * bytesPerMs(this.#settings.format));
    this.#sentBytes += piece.length;
    // The text runs along with the audio, and is whole when the audio is.
    const text = transcript.slice(0, Math.ceil(transcript.length * this.#sentBytes / audio.length));
    const delta = text.slice(this.#sentText.length);
    this.#sentText = text;
    this.#item.audioMs += piece.length / bytesPerMs(this.#settings.format);
    if (delta) send({ type: "response.output_audio_transcript.delta", ...this.#at, delta });
    send({ type: "response.output_audio.delta", ...this.#at, delta: encodeBase64(piece) });
    if (this.#sentBytes < audio.length) this.#scheduleBurst();
    else this.end({ type: "completed" });
  }

  #message(status: "in_progress" | "completed" | "incomplete"): WireItem {
    const content = status === "in_progress"
      ? []
      : this.#speech.audio
      ? [{ type: "output_audio" as const, transcript: this.#sentText }]
      : [{ type: "output_text" as const, text: this.#sentText }];
    return {
      id: this.#settings.itemId,
      object: "realtime.item",
      type: "message",
      status,
      role: "assistant",
      content,
    };
  }

  #part(): { type: "audio"; transcript: string } | { type: "text"; text: string } {
    return this.#speech.audio
      ? { type: "audio", transcript: this.#sentText }
      : { type: "text", text: this.#sentText };
  }

  #wire(status: "in_progress" | Outcome["type"]): Wire<RealtimeResponse> {
    const { id, conversationId, format, voice, maxOutputTokens, metadata } = this.#settings;
    return {
      object: "realtime.response",
      id,
      status,
      status_details: null,
      output: [],
      conversation_id: conversationId,
      output_modalities: [this.#speech.audio ? "audio" : "text"],
      max_output_tokens: maxOutputTokens,
      audio: { output: { format, voice: typeof voice === "string" ? voice : voice.id } },
      usage: null,
      metadata,
    };
  }
}
