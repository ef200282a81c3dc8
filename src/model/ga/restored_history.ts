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
  readonly #items: HistoryItem[] = [];
  #asText = false;

  constructor(client: HistoryEvents) {
    this.#client = client;
  }

  add(items: readonly HistoryItem[]): void {
    const first = this.#items.length + 1;
    this.#items.push(...items);
    if (this.#asText) return this.#sendText(items, undefined);
    items.forEach((item, at) => this.#client.createHistoryItem(`${ITEM_PREFIX}${first + at}`, item));
  }

  /** Whether an item was created here; such an item is not news. */
  has(itemId: string): boolean {
    return itemId.startsWith(ITEM_PREFIX);
  }

  /** Handles a server error. Returns whether it was about the history. */
  handleError(eventId: string | undefined): boolean {
    if (eventId === TEXT_EVENT_ID) {
      // A server that cannot insert at the start.
      this.#sendText(this.#items, undefined);
      return true;
    }
    if (eventId === undefined || !this.has(eventId)) return false;
    if (this.#asText) return true;
    this.#asText = true;
    this.#items.forEach((_, at) => this.#client.deleteItem(`${ITEM_PREFIX}${at + 1}`));
    // The conversation may have gone on in the meantime.
    this.#sendText(this.#items, { eventId: TEXT_EVENT_ID, previousItemId: "root" });
    return true;
  }

  #sendText(items: readonly HistoryItem[], place: Parameters<HistoryEvents["addSystemMessage"]>[1]): void {
    this.#client.addSystemMessage(describeHistory(items), place);
  }
}
