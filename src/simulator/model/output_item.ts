import type { Clock } from "../../clock.ts";
import type { AudioFormat } from "./audio.ts";
import type { Conversation, StoredItem } from "./conversation.ts";
import type { Draft } from "./wire.ts";

/** One item of a response, as it is being given. */
export interface OutputItem {
  readonly stored: StoredItem;
  /** What it has said or written so far. */
  readonly text: string;
  /** Ends it: whole, or where it is. */
  end(status: "completed" | "incomplete"): void;
  /** Stops without a word. */
  drop(): void;
}

/** What an item needs of the response it belongs to. */
export interface ItemSurroundings {
  readonly clock: Clock;
  readonly conversation: Conversation;
  readonly send: (event: Draft) => void;
  readonly responseId: string;
  readonly itemId: string;
  readonly outputIndex: number;
  /** The audio of the response. */
  readonly format: AudioFormat;
  /** All of it has been sent; it is to be ended. */
  readonly finished: () => void;
}

/** Says that an item has begun, and puts it into the conversation. */
export function announce(stored: StoredItem, around: ItemSurroundings): void {
  const { send, conversation, responseId, outputIndex } = around;
  const item = stored.wire;
  send({ type: "response.output_item.added", response_id: responseId, output_index: outputIndex, item });
  send({ type: "conversation.item.added", previous_item_id: conversation.insert(stored), item });
}

/** Says that an item is as it will stay. */
export function conclude(stored: StoredItem, around: ItemSurroundings): void {
  const { send, conversation, responseId, outputIndex } = around;
  const item = stored.wire;
  send({ type: "conversation.item.done", previous_item_id: conversation.previousOf(stored), item });
  send({ type: "response.output_item.done", response_id: responseId, output_index: outputIndex, item });
}
