import type { Turn } from "../records/call_record.ts";
import type { TurnHops } from "../telemetry/turn_hops.ts";

interface Item {
  who: Turn["who"] | undefined;
  atMs: number;
  text?: string;
  heardMs?: number;
  totalMs?: number;
  cut?: true;
  latency?: TurnHops;
}

/**
 * What was said in a call, in the order of the conversation and not in that of arrival: transcripts come late, and the
 * caller's often after the answer. `docs/design/records.md` has the rules.
 */
export class Transcript {
  readonly #items = new Map<string, Item>();
  /** Names of all items of the conversation, also of those nobody said. */
  readonly #order: string[] = [];

  /**
   * The model's server has put an item into the conversation.
   *
   * @param previous The one before it, where there is one.
   * @param who Who said it; nobody, for a note or a function's call.
   */
  added(itemId: string, previous: string | undefined, who: Turn["who"] | undefined, atMs: number): void {
    const known = this.#order.indexOf(itemId);
    if (known >= 0) this.#order.splice(known, 1);
    const place = previous === undefined ? -1 : this.#order.indexOf(previous);
    this.#order.splice(place < 0 ? this.#order.length : place + 1, 0, itemId);
    const item = this.#items.get(itemId);
    if (item) item.who = who;
    else this.#items.set(itemId, { who, atMs });
  }

  /** The words of an item. */
  said(itemId: string, who: Turn["who"], text: string, atMs: number): void {
    this.#item(itemId, who, atMs).text = text.trim();
  }

  /** How much of an answer was heard (ms), and how much there was; `cut` when the caller interrupted it. */
  heard(itemId: string, heardMs: number, totalMs: number, cut: boolean, atMs: number): void {
    const item = this.#item(itemId, "assistant", atMs);
    item.heardMs = heardMs;
    item.totalMs = totalMs;
    if (cut) item.cut = true;
  }

  /** How long an answer took. */
  timed(itemId: string, latency: TurnHops, atMs: number): void {
    this.#item(itemId, "assistant", atMs).latency = latency;
  }

  /** All that was said, in order. Answers of which nothing was heard were not said. */
  turns(): Turn[] {
    return this.#order.map((itemId) => this.#items.get(itemId)).flatMap((item) => {
      if (!item?.who || item.who === "assistant" && item.heardMs === 0) return [];
      const { who, text, atMs, heardMs, totalMs, cut, latency } = item;
      return [{
        who,
        ...(text === undefined ? {} : { text: cut ? upTo(text, heardMs ?? 0, totalMs ?? 0) : text }),
        atMs,
        ...(heardMs === undefined ? {} : { heardMs }),
        ...(totalMs === undefined ? {} : { totalMs }),
        ...(cut ? { cut } : {}),
        ...(latency ? { latency } : {}),
      }];
    });
  }

  #item(itemId: string, who: Turn["who"], atMs: number): Item {
    if (!this.#items.has(itemId)) this.added(itemId, undefined, who, atMs);
    const item = this.#items.get(itemId) ?? { who, atMs };
    item.who ??= who;
    return item;
  }
}

/** As much of a text as of its audio, at the last space before. */
function upTo(text: string, heardMs: number, totalMs: number): string {
  if (heardMs >= totalMs) return text;
  const length = Math.floor(text.length * heardMs / totalMs);
  const space = text.lastIndexOf(" ", length);
  return text.slice(0, Math.max(0, space)).trimEnd();
}
