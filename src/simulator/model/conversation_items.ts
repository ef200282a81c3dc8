import { encodeBase64 } from "@std/encoding/base64";
import { type AudioFormat, bytesPerMs, fromBase64 } from "./model_audio.ts";
import type { NewItem } from "./client_events.ts";
import type { TurnAudio } from "./input_audio_buffer.ts";
import { ClientEventError, invalidValue, type WireItem } from "./server_events.ts";

/** An item of the conversation, with its audio. */
export interface StoredItem {
  readonly id: string;
  /** The item as sent in events, without audio. */
  wire: WireItem;
  /** Length of the caller's audio, or of the assistant's audio sent so far (ms). */
  audioMs: number;
  readonly turnAudio?: TurnAudio;
}

/** The items of one session, in order. */
export class ConversationItems {
  #items: StoredItem[] = [];

  get items(): readonly StoredItem[] {
    return this.#items;
  }

  /**
   * Inserts an item after `previousId`, at the start for `"root"`, at the end without `previousId`. Returns
   * the id of the item before it.
   *
   * @throws {ClientEventError} `invalid_value` for an unknown `previousId` or a duplicate id;
   * `invalid_tool_call_id` for the output of an unknown function call.
   */
  insert(item: StoredItem, previousId?: string | null): string | null {
    if (this.#has(item.id)) throw invalidValue(`Error adding item: the id '${item.id}' is taken.`, "item.id");
    this.#checkCalled(item.wire);
    let at = this.#items.length;
    if (previousId === "root") at = 0;
    else if (typeof previousId === "string") {
      at = 1 + this.#items.findIndex((other) => other.id === previousId);
      if (at === 0) throw invalidValue(missingItemMessage("adding", previousId), "previous_item_id");
    }
    this.#items.splice(at, 0, item);
    return this.previousOf(item);
  }

  /** The id of the item before `item`. */
  previousOf(item: StoredItem): string | null {
    return this.#items[this.#items.indexOf(item) - 1]?.id ?? null;
  }

  /** @throws {ClientEventError} `item_retrieve_invalid_item_id`. */
  retrieve(id: string): StoredItem {
    return this.#find(id, "item_retrieve_invalid_item_id", "retrieving");
  }

  /** @throws {ClientEventError} `item_delete_invalid_item_id`. */
  delete(id: string): void {
    const item = this.#find(id, "item_delete_invalid_item_id", "deleting");
    this.#items = this.#items.filter((other) => other !== item);
  }

  /**
   * Truncates an assistant message's audio at `audioEndMs` and removes its transcript, as the vendor's server
   * does.
   *
   * @throws {ClientEventError} `item_truncate_invalid_item_id`; `invalid_value` for anything but assistant audio, and
   * beyond its end.
   */
  truncate(id: string, audioEndMs: number): void {
    const item = this.#find(id, "item_truncate_invalid_item_id", "truncating");
    const { wire } = item;
    if (wire.type !== "message" || wire.role !== "assistant" || wire.content[0]?.type !== "output_audio") {
      throw invalidValue("Only model output audio messages can be truncated.", "item_id");
    }
    if (audioEndMs > item.audioMs) {
      const ms = Math.floor(item.audioMs);
      throw invalidValue(`Audio content of ${ms}ms is already shorter than ${audioEndMs}ms`, "audio_end_ms");
    }
    item.audioMs = audioEndMs;
    item.wire = { ...wire, content: [{ type: "output_audio" }] };
  }

  /** The caller's last message, if the assistant has not spoken since. */
  unanswered(): StoredItem | undefined {
    const last = this.#items.findLast(({ wire }) => wire.type === "message" && wire.role !== "system");
    return last?.wire.type === "message" && last.wire.role === "user" ? last : undefined;
  }

  #checkCalled(wire: WireItem): void {
    if (wire.type === "function_call_output") {
      const { call_id } = wire;
      const isCalled = this.#items.some((item) =>
        item.wire.type === "function_call" && item.wire.call_id === call_id
      );
      if (isCalled) return;
      const message = `Tool call ID '${call_id}' not found in conversation.`;
      throw new ClientEventError("invalid_tool_call_id", message);
    }
    if (wire.type === "mcp_approval_response") {
      const { approval_request_id: id } = wire;
      if (this.#items.some((item) => item.wire.type === "mcp_approval_request" && item.id === id)) return;
      throw invalidValue(missingItemMessage("answering", id), "item.approval_request_id");
    }
  }

  #has(id: string): boolean {
    return this.#items.some((item) => item.id === id);
  }

  #find(id: string, code: string, doing: string): StoredItem {
    const item = this.#items.find((other) => other.id === id);
    if (!item) throw new ClientEventError(code, missingItemMessage(doing, id), "item_id");
    return item;
  }
}

/**
 * Completes an item created by a client; its audio is in the session's input `format`.
 *
 * @throws {ClientEventError} `invalid_value` for invalid audio.
 */
export function createItem(newItem: NewItem, id: string, format: AudioFormat): StoredItem {
  if (newItem.type === "mcp_approval_response") return { id, wire: { ...newItem, id }, audioMs: 0 };
  const wire: WireItem = { ...newItem, id, object: "realtime.item", status: newItem.status ?? "completed" };
  if (wire.type !== "message" || wire.role !== "user") return { id, wire, audioMs: 0 };
  let audio: Uint8Array | undefined;
  wire.content = wire.content.map(({ audio: base64, ...part }, index) => {
    if (typeof base64 === "string") audio = fromBase64(format, base64, `item.content[${index}].audio`);
    return part;
  });
  if (!audio) return { id, wire, audioMs: 0 };
  const turnAudio = { format, audio, speech: audio };
  return { id, wire, audioMs: audio.length / bytesPerMs(format), turnAudio };
}

/** An item with the caller's audio, for `conversation.item.retrieved`. */
export function withAudio({ wire, turnAudio }: StoredItem): WireItem {
  if (!turnAudio || wire.type !== "message" || wire.role !== "user") return wire;
  const audio = encodeBase64(turnAudio.audio);
  const content = wire.content.map((part) => part.type === "input_audio" ? { ...part, audio } : part);
  return { ...wire, content };
}

function missingItemMessage(doing: string, id: string): string {
  return `Error ${doing} item: the item with id '${id}' does not exist.`;
}
