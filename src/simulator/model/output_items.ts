/** The items of a response, each sent over time. */

import { encodeBase64 } from "@std/encoding/base64";
import type { Cancel, Clock } from "../../clock.ts";
import type { ConversationItems, StoredItem } from "./conversation_items.ts";
import { type AudioFormat, bytesPerMs } from "./model_audio.ts";
import { mcpCall, type McpTools } from "./mcp_tools.ts";
import type { ApprovalRequest, FunctionCall, McpToolCall, Speech } from "./model_behavior.ts";
import type { ServerEvent, WireItem } from "./server_events.ts";

export interface ItemContext {
  readonly clock: Clock;
  readonly conversation: ConversationItems;
  readonly send: (event: ServerEvent) => void;
  readonly responseId: string;
  readonly itemId: string;
  readonly outputIndex: number;
  readonly mcpTools: McpTools;
  readonly newItemId: () => string;
  /** Output format of the response. */
  readonly format: AudioFormat;
  /** Called when everything was sent and `end` is due; never by the constructor. */
  readonly onFinished: () => void;
}

type EndStatus = "completed" | "incomplete";

/** Arguments of a function call are sent in this many deltas. */
const ARGUMENT_DELTAS = 4;
const BURST_EVERY_MS = 40;
/** The vendor's audio deltas differ in size and are not multiples of 20 ms (ms). */
const BURST_AUDIO_MS = [200, 325, 250, 400, 275];

/** One item of a response in progress. */
export abstract class OutputItem {
  readonly stored: StoredItem;
  protected readonly context: ItemContext;
  #cancel: Cancel = () => {};

  /** Adds the item to the conversation and sends the events of its start. */
  protected constructor(id: string, wire: WireItem, context: ItemContext) {
    this.context = context;
    this.stored = { id, wire, audioMs: 0 };
    const { send, conversation, responseId, outputIndex } = context;
    send({
      type: "response.output_item.added",
      response_id: responseId,
      output_index: outputIndex,
      item: wire,
    });
    send({ type: "conversation.item.added", previous_item_id: conversation.insert(this.stored), item: wire });
  }

  /** The text, or the function's name and arguments, sent so far. */
  abstract readonly text: string;

  /** Sends the last events of the item's parts and returns the finished item. */
  protected abstract complete(status: EndStatus): WireItem;

  end(status: EndStatus): void {
    this.cancel();
    const item = this.stored.wire = this.complete(status);
    const { send, conversation, responseId, outputIndex } = this.context;
    send({ type: "conversation.item.done", previous_item_id: conversation.previousOf(this.stored), item });
    send({ type: "response.output_item.done", response_id: responseId, output_index: outputIndex, item });
  }

  /** Stops without an event. */
  cancel(): void {
    this.#cancel();
  }

  protected schedule(ms: number, then: () => void): void {
    this.#cancel = this.context.clock.after(ms, then);
  }
}

/** A message. Audio is sent in bursts, much faster than it plays, with its text. */
export class SpeechItem extends OutputItem {
  text = "";
  readonly #speech: Speech;
  readonly #at: { response_id: string; item_id: string; output_index: number; content_index: 0 };
  #bursts = 0;
  #sentBytes = 0;

  constructor(speech: Speech, context: ItemContext) {
    super(context.itemId, message(context.itemId, "in_progress", []), context);
    const { responseId, itemId, outputIndex, send } = context;
    this.#speech = speech;
    this.#at = { response_id: responseId, item_id: itemId, output_index: outputIndex, content_index: 0 };
    send({ type: "response.content_part.added", ...this.#at, part: this.#part() });
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
  readonly #at: { response_id: string; item_id: string; output_index: number; call_id: string };
  #sent = "";

  constructor(call: FunctionCall, context: ItemContext) {
    super(context.itemId, functionCall(call, context.itemId, "in_progress", ""), context);
    const { responseId, itemId, outputIndex } = context;
    this.#call = call;
    this.#at = { response_id: responseId, item_id: itemId, output_index: outputIndex, call_id: call.callId };
    this.schedule(call.durationMs / ARGUMENT_DELTAS, () => this.#delta());
  }

  get text(): string {
    return this.#call.name + this.#sent;
  }

  protected complete(status: EndStatus): WireItem {
    const { itemId, send } = this.context;
    const { name } = this.#call;
    // The vendor also sends it for a call that was cut off.
    send({ type: "response.function_call_arguments.done", ...this.#at, name, arguments: this.#sent });
    return functionCall(this.#call, itemId, status, this.#sent);
  }

  #delta(): void {
    const { arguments: text, durationMs } = this.#call;
    const { send, onFinished } = this.context;
    const step = Math.max(1, Math.ceil(text.length / ARGUMENT_DELTAS));
    const delta = text.slice(this.#sent.length, this.#sent.length + step);
    this.#sent += delta;
    if (delta) send({ type: "response.function_call_arguments.delta", ...this.#at, delta });
    if (this.#sent.length < text.length) this.schedule(durationMs / ARGUMENT_DELTAS, () => this.#delta());
    else onFinished();
  }
}

/** A call of a remote server's tool. The tool runs when the item has ended, and may outlast the response. */
export class McpCallItem extends OutputItem {
  readonly text: string;
  readonly #call: McpToolCall;
  #sent = "";

  constructor(call: McpToolCall, context: ItemContext) {
    super(context.itemId, mcpCall(context.itemId, call, ""), context);
    this.#call = call;
    this.text = call.name + call.arguments;
    this.schedule(0, () => {
      this.#sent = call.arguments;
      sendMcpArguments(call.arguments, context.itemId, context);
      context.onFinished();
    });
  }

  override end(status: EndStatus): void {
    if (status === "incomplete") return super.end(status);
    this.cancel();
    const { itemId, outputIndex, responseId, send, mcpTools } = this.context;
    const item = this.stored.wire = this.complete();
    send({ type: "response.output_item.done", response_id: responseId, output_index: outputIndex, item });
    mcpTools.run({ itemId, outputIndex, tool: this.#call });
  }

  protected complete(): WireItem {
    return mcpCall(this.context.itemId, this.#call, this.#sent);
  }
}

/** A request to approve a tool of a remote server. It is complete at once. */
export class ApprovalItem extends OutputItem {
  readonly text: string;

  constructor(request: ApprovalRequest, context: ItemContext) {
    const { id, server, name, arguments: text } = request;
    const { mcpTools, newItemId, outputIndex } = context;
    const itemId = newItemId();
    sendMcpArguments(text, itemId, context);
    super(id, { id, type: "mcp_approval_request", server_label: server, name, arguments: text }, context);
    this.text = name + text;
    mcpTools.awaitApproval(id, { itemId, outputIndex, tool: request });
    this.schedule(0, context.onFinished);
  }

  protected complete(): WireItem {
    return this.stored.wire;
  }
}

function sendMcpArguments(
  text: string,
  itemId: string,
  { responseId, outputIndex, send }: ItemContext,
): void {
  const at = { response_id: responseId, item_id: itemId, output_index: outputIndex };
  // The vendor's agents client requires the padding that its types make optional.
  send({ type: "response.mcp_call_arguments.delta", ...at, delta: text, obfuscation: "" });
  send({ type: "response.mcp_call_arguments.done", ...at, arguments: text });
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
