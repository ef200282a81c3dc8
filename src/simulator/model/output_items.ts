/** Messages and function calls of a response, each sent over time. */

import { encodeBase64 } from "@std/encoding/base64";
import type { Cancel } from "../../clock.ts";
import type { StoredItem } from "./conversation_items.ts";
import { type AudioFormat, bytesPerMs } from "./model_audio.ts";
import type { McpTools } from "./mcp_tools.ts";
import type { FunctionCall, Speech } from "./model_behavior.ts";
import type { WireItem } from "./server_events.ts";
import type { SessionParts } from "./session_parts.ts";

export interface ItemContext extends SessionParts {
  readonly responseId: string;
  readonly itemId: string;
  readonly outputIndex: number;
  readonly mcpTools: McpTools;
  /** Output format of the response. */
  readonly format: AudioFormat;
  /** Called when everything was sent and `end` is due; never by the constructor. */
  readonly onFinished: () => void;
}

export type EndStatus = "completed" | "incomplete";

/** Arguments of a function call are sent in this many deltas. */
const ARGUMENT_DELTAS = 4;
const BURST_EVERY_MS = 40;
/** The vendor's audio deltas differ in size and are not multiples of 20 ms (ms). */
const BURST_AUDIO_MS = [200, 325, 250, 400, 275];

/** One item of a response in progress. */
export abstract class OutputItem {
  readonly stored: StoredItem;
  protected readonly context: ItemContext;
  /** Fields of the events about the item's parts. */
  protected readonly at: { response_id: string; item_id: string; output_index: number };
  #cancel: Cancel = () => {};

  /** Adds the item to the conversation and sends the events of its start. */
  protected constructor(item: WireItem, id: string, context: ItemContext) {
    const { send, conversation, responseId: response_id, outputIndex: output_index } = context;
    this.context = context;
    this.stored = { id, wire: item, audioMs: 0 };
    this.at = { response_id, item_id: id, output_index };
    send({ type: "response.output_item.added", response_id, output_index, item });
    send({ type: "conversation.item.added", previous_item_id: conversation.insert(this.stored), item });
  }

  /** The text, or the function's name and arguments, sent so far. */
  abstract readonly text: string;

  /** Sends the last events of the item's parts and returns the finished item. */
  protected abstract complete(status: EndStatus): WireItem;

  end(status: EndStatus): void {
    const item = this.finish(status);
    const { send, conversation } = this.context;
    send({ type: "conversation.item.done", previous_item_id: conversation.previousOf(this.stored), item });
    this.sendDone();
  }

  protected finish(status: EndStatus): WireItem {
    this.#cancel();
    return this.stored.wire = this.complete(status);
  }

  protected sendDone(): void {
    const { response_id, output_index } = this.at;
    this.context.send({
      type: "response.output_item.done",
      response_id,
      output_index,
      item: this.stored.wire,
    });
  }

  protected schedule(ms: number, then: () => void): void {
    this.#cancel = this.context.after(ms, then);
  }
}

/** A message. Audio is sent in bursts, much faster than it plays, with its text. */
export class SpeechItem extends OutputItem {
  text = "";
  readonly #speech: Speech;
  readonly #at = { ...this.at, content_index: 0 as const };
  #bursts = 0;
  #sentBytes = 0;

  constructor(speech: Speech, context: ItemContext) {
    super(message(context.itemId, "in_progress", []), context.itemId, context);
    this.#speech = speech;
    context.send({ type: "response.content_part.added", ...this.#at, part: this.#part() });
    this.schedule(BURST_EVERY_MS, () => this.#burst());
  }

  protected complete(status: EndStatus): WireItem {
    const { text, context: { itemId, send } } = this;
    const part = this.#part();
    if (this.#speech.audio) {
      send({ type: "response.output_audio.done", ...this.#at });
      send({ type: "response.output_audio_transcript.done", ...this.#at, transcript: text });
    } else {
      send({ type: "response.output_text.done", ...this.#at, text });
    }
    send({ type: "response.content_part.done", ...this.#at, part });
    return message(itemId, status, [
      part.type === "audio" ? { type: "output_audio", transcript: text } : { type: "output_text", text },
    ]);
  }

  #burst(): void {
    const { audio, transcript } = this.#speech;
    const { send, format, onFinished } = this.context;
    if (!audio) {
      this.text = transcript;
      send({ type: "response.output_text.delta", ...this.#at, delta: transcript });
      return onFinished();
    }
    const ms = BURST_AUDIO_MS[this.#bursts++ % BURST_AUDIO_MS.length] ?? BURST_EVERY_MS;
    const chunk = audio.subarray(this.#sentBytes, this.#sentBytes + ms * bytesPerMs(format));
    this.#sentBytes += chunk.length;
    this.stored.audioMs += chunk.length / bytesPerMs(format);
    // The text keeps pace with the audio.
    const text = transcript.slice(0, Math.ceil(transcript.length * this.#sentBytes / audio.length));
    const delta = text.slice(this.text.length);
    this.text = text;
    if (delta) send({ type: "response.output_audio_transcript.delta", ...this.#at, delta });
    send({ type: "response.output_audio.delta", ...this.#at, delta: encodeBase64(chunk) });
    if (this.#sentBytes < audio.length) this.schedule(BURST_EVERY_MS, () => this.#burst());
    else onFinished();
  }

  #part(): { type: "audio"; transcript: string } | { type: "text"; text: string } {
    const { text } = this;
    return this.#speech.audio ? { type: "audio", transcript: text } : { type: "text", text };
  }
}

/** A function call. Its arguments are sent in deltas and may be cut off. */
export class FunctionCallItem extends OutputItem {
  readonly #call: FunctionCall;
  #sent = "";

  constructor(call: FunctionCall, context: ItemContext) {
    super(functionCall(call, context.itemId, "in_progress", ""), context.itemId, context);
    this.#call = call;
    this.schedule(call.durationMs / ARGUMENT_DELTAS, () => this.#delta());
  }

  get text(): string {
    return this.#call.name + this.#sent;
  }

  protected complete(status: EndStatus): WireItem {
    const { itemId, send } = this.context;
    const { callId: call_id, name } = this.#call;
    // The vendor also sends it for a call that was cut off.
    const type = "response.function_call_arguments.done";
    send({ type, ...this.at, call_id, name, arguments: this.#sent });
    return functionCall(this.#call, itemId, status, this.#sent);
  }

  #delta(): void {
    const { callId: call_id, arguments: text, durationMs } = this.#call;
    const { send, onFinished } = this.context;
    const step = Math.max(1, Math.ceil(text.length / ARGUMENT_DELTAS));
    const delta = text.slice(this.#sent.length, this.#sent.length + step);
    this.#sent += delta;
    if (delta) send({ type: "response.function_call_arguments.delta", ...this.at, call_id, delta });
    if (this.#sent.length < text.length) this.schedule(durationMs / ARGUMENT_DELTAS, () => this.#delta());
    else onFinished();
  }
}

type Content = { type: "output_audio"; transcript: string } | { type: "output_text"; text: string };

function message(id: string, status: EndStatus | "in_progress", content: Content[]): WireItem {
  return { id, object: "realtime.item", type: "message", status, role: "assistant", content };
}

function functionCall(
  { callId, name }: FunctionCall,
  id: string,
  status: EndStatus | "in_progress",
  text: string,
): WireItem {
  const object = "realtime.item";
  return { id, object, type: "function_call", status, call_id: callId, name, arguments: text };
}
