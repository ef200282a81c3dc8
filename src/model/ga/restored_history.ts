import type { HistoryItem } from "../model_interface.ts";
import type { GaClientEvents } from "./ga_client_events.ts";
import { describeHistory } from "../history_text.ts";

/** Prefix of the items' IDs, and of the events that create them. */
const ITEM_PREFIX = "parley_h";
const TEXT_EVENT_ID = "parley_history_text";

type HistoryEvents = Pick<GaClientEvents, "createHistoryItem" | "deleteItem" | "addSystemMessage">;

/**
 * Gives a session the conversation of another one as items. A server that refuses an item gets all of it as one system
 * message instead.
 */
export class RestoredHistory {
  readonly #client: HistoryEvents;
  readonly #items: { readonly id: string; readonly item: HistoryItem }[] = [];
  #count = 0;
  #asText = false;

  constructor(client: HistoryEvents) {
    this.#client = client;
  }

  add(items: readonly HistoryItem[]): void {
    if (this.#asText) return this.#sendText(items, undefined);
    for (const item of items) this.#add({ id: `${ITEM_PREFIX}${++this.#count}`, item });
  }

  /** Whether an item was created here; such an item is not news. */
  has(itemId: string): boolean {
    return itemId.startsWith(ITEM_PREFIX);
  }

  /** Handles a server error. Returns whether it was about the history. */
  handleError(eventId: string | undefined): boolean {
    if (eventId === TEXT_EVENT_ID) {
      // A server that cannot insert at the start.
      this.#sendText(this.#all, undefined);
      return true;
    }
    if (eventId === undefined || !this.has(eventId)) return false;
    if (this.#asText) return true;
    this.#asText = true;
    for (const { id } of this.#items) this.#client.deleteItem(id);
    // The conversation may have gone on in the meantime.
    this.#sendText(this.#all, { eventId: TEXT_EVENT_ID, previousItemId: "root" });
    return true;
  }

  #add(added: { readonly id: string; readonly item: HistoryItem }): void {
    const name = nameOf(added.item);
    const at = name === undefined ? -1 : this.#items.findIndex(({ item }) => nameOf(item) === name);
    const replaced = this.#items[at];
    if (!replaced) {
      this.#items.push(added);
      return this.#client.createHistoryItem(added.id, added.item);
    }
    // The conversation may have gone on in the meantime.
    const isEmpty = added.item.type === "assistant" && added.item.text === "";
    if (!isEmpty) this.#client.createHistoryItem(added.id, added.item, replaced.id);
    this.#client.deleteItem(replaced.id);
    this.#items.splice(at, 1, ...(isEmpty ? [] : [added]));
  }

  get #all(): HistoryItem[] {
    return this.#items.map(({ item }) => item);
  }

  #sendText(items: readonly HistoryItem[], place: Parameters<HistoryEvents["addSystemMessage"]>[1]): void {
    this.#client.addSystemMessage(describeHistory(items), place);
  }
}

function nameOf(item: HistoryItem): string | undefined {
  return "name" in item ? item.name : undefined;
}
