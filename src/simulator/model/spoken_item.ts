import { encodeBase64 } from "@std/encoding/base64";
import type { Cancel } from "../../clock.ts";
import { bytesPerMs } from "./audio.ts";
import type { StoredItem } from "./conversation.ts";
import { announce, conclude, type ItemSurroundings, type OutputItem } from "./output_item.ts";
import type { Speech } from "./plan.ts";
import type { WireItem } from "./wire.ts";

const BURST_EVERY_MS = 40;
// The vendor's deltas are of no even size and of no whole number of telephone frames.
const BURST_AUDIO_MS = [200, 325, 250, 400, 275];

/** A message being said: its audio in bursts much faster than it plays, its text along with it. */
export class SpokenItem implements OutputItem {
  readonly stored: StoredItem;
  readonly #speech: Speech;
  readonly #around: ItemSurroundings;
  readonly #at: { response_id: string; item_id: string; output_index: number; content_index: 0 };
  #cancelBurst: Cancel = () => {};
  #bursts = 0;
  #sentBytes = 0;
  #sentText = "";

  /** Begins at once; the first audio follows a burst later. */
  constructor(speech: Speech, around: ItemSurroundings) {
    this.#speech = speech;
    this.#around = around;
    const { responseId, itemId, outputIndex } = around;
    this.#at = { response_id: responseId, item_id: itemId, output_index: outputIndex, content_index: 0 };
    this.stored = { id: itemId, wire: this.#message("in_progress"), audioMs: 0 };
    announce(this.stored, around);
    around.send({ type: "response.content_part.added", ...this.#at, part: this.#part() });
    this.#scheduleBurst();
  }

  get text(): string {
    return this.#sentText;
  }

  end(status: "completed" | "incomplete"): void {
    this.drop();
    const { send } = this.#around;
    if (this.#speech.audio) {
      send({ type: "response.output_audio.done", ...this.#at });
      send({ type: "response.output_audio_transcript.done", ...this.#at, transcript: this.#sentText });
    } else {
      send({ type: "response.output_text.done", ...this.#at, text: this.#sentText });
    }
    send({ type: "response.content_part.done", ...this.#at, part: this.#part() });
    this.stored.wire = this.#message(status);
    conclude(this.stored, this.#around);
  }

  drop(): void {
    this.#cancelBurst();
  }

  #scheduleBurst(): void {
    this.#cancelBurst = this.#around.clock.after(BURST_EVERY_MS, () => this.#burst());
  }

  #burst(): void {
    const { audio, transcript } = this.#speech;
    const { send, format, finished } = this.#around;
    if (!audio) {
      this.#sentText = transcript;
      send({ type: "response.output_text.delta", ...this.#at, delta: transcript });
      return finished();
    }
    const ms = BURST_AUDIO_MS[this.#bursts++ % BURST_AUDIO_MS.length] ?? BURST_EVERY_MS;
    const piece = audio.subarray(this.#sentBytes, this.#sentBytes + ms * bytesPerMs(format));
    this.#sentBytes += piece.length;
    // The text runs along with the audio, and is whole when the audio is.
    const text = transcript.slice(0, Math.ceil(transcript.length * this.#sentBytes / audio.length));
    const delta = text.slice(this.#sentText.length);
    this.#sentText = text;
    this.stored.audioMs += piece.length / bytesPerMs(format);
    if (delta) send({ type: "response.output_audio_transcript.delta", ...this.#at, delta });
    send({ type: "response.output_audio.delta", ...this.#at, delta: encodeBase64(piece) });
    if (this.#sentBytes < audio.length) this.#scheduleBurst();
    else finished();
  }

  #message(status: "in_progress" | "completed" | "incomplete"): WireItem {
    const content = status === "in_progress"
      ? []
      : this.#speech.audio
      ? [{ type: "output_audio" as const, transcript: this.#sentText }]
      : [{ type: "output_text" as const, text: this.#sentText }];
    return {
      id: this.#around.itemId,
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
}
