import { encodeBase64 } from "@std/encoding/base64";
import { type AudioFormat, bytesPerMs, fromBase64 } from "./audio.ts";
import type { NewItem } from "./events.ts";
import type { HeardTurn } from "./input.ts";
import { ModelFault, type WireItem } from "./wire.ts";

/** An item of the conversation, and what the wire does not show of it. */
export interface StoredItem {
  readonly id: string;
  /** As the wire shows it; without audio. */
  wire: WireItem;
  /** How much audio it holds, in ms: the caller's, or what has been said of the assistant's. */
  audioMs: number;
  /** The caller's audio itself. */
  readonly heard?: HeardTurn;
}

/** The items of one session, in order. */
export class Conversation {
  #items: StoredItem[] = [];

  /** Every item, oldest first. */
  get items(): readonly StoredItem[] {
    return this.#items;
  }

  /**
   * Puts an item after `previousId`, at the end without one, first for `"root"`; answers what it comes after.
   *
   * @throws {ModelFault} `invalid_value` when there is no such item, or already one with this id;
   * `invalid_tool_call_id` for the output of a function that was not called.
   */
  insert(item: StoredItem, previousId?: string | null): string | null {
    if (this.#items.some((other) => other.id === item.id)) {
      throw new ModelFault("invalid_value", `Error adding item: the id '${item.id}' is taken.`, "item.id");
    }
    this.#checkCalled(item.wire);
    let at = this.#items.length;
    if (previousId === "root") at = 0;
    else if (typeof previousId === "string") {
      at = 1 + this.#items.findIndex((other) => other.id === previousId);
      if (at === 0) {
        throw new ModelFault("invalid_value", missing("adding", previousId), "previous_item_id");
      }
    }
    this.#items.splice(at, 0, item);
    return this.previousOf(item);
  }

  /** The id of the item before `item`. */
  previousOf(item: StoredItem): string | null {
    return this.#items[this.#items.indexOf(item) - 1]?.id ?? null;
  }

  /**
   * The item with this id.
   *
   * @throws {ModelFault} `item_retrieve_invalid_item_id`.
   */
  retrieve(id: string): StoredItem {
    return this.#find(id, "item_retrieve_invalid_item_id", "retrieving");
  }

  /**
   * Takes an item out.
   *
   * @throws {ModelFault} `item_delete_invalid_item_id`.
   */
  delete(id: string): void {
    const item = this.#find(id, "item_delete_invalid_item_id", "deleting");
    this.#items = this.#items.filter((other) => other !== item);
  }

  /**
   * Cuts the audio of an assistant message after `audioEndMs`, and with it the whole transcript: nobody knows how
   * much of the text was heard.
   *
   * @throws {ModelFault} `item_truncate_invalid_item_id`; `invalid_value` for anything but the assistant's audio and
   * for a cut beyond its end.
   */
  truncate(id: string, audioEndMs: number): void {
    const item = this.#find(id, "item_truncate_invalid_item_id", "truncating");
    const { wire } = item;
    if (wire.type !== "message" || wire.role !== "assistant" || wire.content[0]?.type !== "output_audio") {
      throw new ModelFault("invalid_value", "Only model output audio messages can be truncated.", "item_id");
    }
    if (audioEndMs > item.audioMs) {
      const ms = Math.floor(item.audioMs);
      const message = `Audio content of ${ms}ms is already shorter than ${audioEndMs}ms`;
      throw new ModelFault("invalid_value", message, "audio_end_ms");
    }
    item.audioMs = audioEndMs;
    item.wire = { ...wire, content: [{ type: "output_audio" }] };
  }

  /** What the caller said since the assistant last spoke, if that was anything. */
  unanswered(): StoredItem | undefined {
    const last = this.#items.findLast(({ wire }) => wire.type === "message" && wire.role !== "system");
    return last?.wire.type === "message" && last.wire.role === "user" ? last : undefined;
  }

  #checkCalled(wire: WireItem): void {
    if (wire.type === "function_call_output") {
      const { call_id } = wire;
      if (this.#items.some((item) => item.wire.type === "function_call" && item.wire.call_id === call_id)) {
        return;
      }
      throw new ModelFault("invalid_tool_call_id", `Tool call ID '${call_id}' not found in conversation.`);
    }
    if (wire.type === "mcp_approval_response") {
      const { approval_request_id: id } = wire;
      if (this.#items.some((item) => item.wire.type === "mcp_approval_request" && item.id === id)) return;
      throw new ModelFault("invalid_value", missing("answering", id), "item.approval_request_id");
    }
  }

  #find(id: string, code: string, doing: string): StoredItem {
    const item = this.#items.find((other) => other.id === id);
    if (!item) throw new ModelFault(code, missing(doing, id), "item_id");
    return item;
  }
}

/**
 * An item as a client made it, with what the server adds; its audio is of the session's input `format`.
 *
 * @throws {ModelFault} `invalid_value` for audio that is none.
 */
export function itemOf(made: NewItem, id: string, format: AudioFormat): StoredItem {
  if (made.type === "mcp_approval_response") return { id, wire: { ...made, id }, audioMs: 0 };
  const wire: WireItem = { ...made, id, object: "realtime.item", status: made.status ?? "completed" };
  if (wire.type !== "message" || wire.role !== "user") return { id, wire, audioMs: 0 };
  let audio: Uint8Array | undefined;
  wire.content = wire.content.map(({ audio: base64, ...part }, index) => {
    if (typeof base64 === "string") audio = fromBase64(format, base64, `item.content[${index}].audio`);
    return part;
  });
  if (!audio) return { id, wire, audioMs: 0 };
  return { id, wire, audioMs: audio.length / bytesPerMs(format), heard: { format, audio, speech: audio } };
}

/** An item as the wire shows it to who asks for it by name: with the caller's audio. */
export function asRetrieved({ wire, heard }: StoredItem): WireItem {
  if (!heard || wire.type !== "message" || wire.role !== "user") return wire;
  const audio = encodeBase64(heard.audio);
  return {
    ...wire,
    content: wire.content.map((part) => part.type === "input_audio" ? { ...part, audio } : part),
  };
}

function missing(doing: string, id: string): string {
  return `Error ${doing} item: the item with id '${id}' does not exist.`;
}
