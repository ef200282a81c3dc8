import type { Span, Turn } from "../../records/call_record.ts";
import type { TurnHops } from "../../telemetry/turn_hops.ts";

/** Begins the names of notes of our own: an item of the model's has another one. */
const NOTE = "parley-note-";
/** Most of a conversation that is told to another session (characters): some 1,500 tokens. */
const MAX_RETOLD = 6_000;

interface Item {
  who: Turn["who"] | undefined;
  atMs: number;
  text: string | undefined;
  /** All its words are there. */
  done: boolean;
  heardMs?: number;
  totalMs?: number;
  cut?: true;
  latency?: TurnHops;
  spoken?: Span;
  generated?: Span;
  played?: Span;
}

/** One thing said, while the call goes on. */
export interface Said {
  readonly id: string;
  /** What was said before it. */
  readonly previous?: string;
  readonly who: Turn["who"];
  /** Its words as far as they are known; of an answer that was cut, those that were heard. */
  readonly text: string;
  /** Whether there will be no more of them. */
  readonly done: boolean;
  /** Words of an answer that was cut and nobody heard. */
  readonly unheard?: string;
  readonly heardMs?: number;
  readonly cut?: true;
}

/**
 * What was said in a call, in the order of the conversation and not in that of arrival: transcripts come late, and the
 * caller's often after the answer. `docs/design/records.md` has the rules. Times count from the stream's start (ms).
 */
export class Transcript {
  readonly #items = new Map<string, Item>();
  /** Names of all items of the conversation, also of those nobody said. */
  readonly #order: string[] = [];
  readonly #changed: (said: Said) => void;
  #notes = 0;

  /** @param changed Told of each thing said, whenever more of it is known. */
  constructor(changed: (said: Said) => void = () => {}) {
    this.#changed = changed;
  }

  /**
   * The model's server has put an item into the conversation.
   *
   * @param previous The one before it, where there is one.
   * @param who Who said it; nobody, for a note or a function's call.
   */
  added(itemId: string, previous: string | undefined, who: Turn["who"] | undefined, atMs: number): void {
    const known = this.#order.indexOf(itemId);
    if (known >= 0) this.#order.splice(known, 1);
    let place = previous === undefined ? -1 : this.#order.indexOf(previous);
    // What was noted behind that item was noted before this one.
    while (place >= 0 && this.#order[place + 1]?.startsWith(NOTE)) place++;
    this.#order.splice(place < 0 ? this.#order.length : place + 1, 0, itemId);
    const item = this.#items.get(itemId);
    if (item) item.who = who;
    else this.#items.set(itemId, { who, atMs, text: undefined, done: false });
    this.#tell(itemId);
  }

  /** A few words more of an item. */
  wordsCame(itemId: string, who: Turn["who"], words: string, atMs: number): void {
    const item = this.#item(itemId, who, atMs);
    if (item.done) return;
    item.text = (item.text ?? "") + words;
    this.#tell(itemId);
  }

  /** All words of an item. */
  said(itemId: string, who: Turn["who"], text: string, atMs: number): void {
    const item = this.#item(itemId, who, atMs);
    item.text = text.trim();
    item.done = true;
    this.#tell(itemId);
  }

  /** The model was told something that nobody said. */
  noted(text: string, atMs: number): void {
    const itemId = `${NOTE}${++this.#notes}`;
    this.#order.push(itemId);
    this.#items.set(itemId, { who: undefined, atMs, text, done: true });
  }

  /**
   * The caller says it again, to another session: it is taken back, unless its words are known already.
   *
   * @returns whether it was.
   */
  takeBack(itemId: string): boolean {
    const item = this.#items.get(itemId);
    if (!item || item.text) return false;
    item.done = true;
    this.#tell(itemId);
    this.#items.delete(itemId);
    return true;
  }

  /** The caller began to say it, or ceased to. */
  spoken(itemId: string, edge: Partial<Span>, atMs: number): void {
    const item = this.#item(itemId, "caller", atMs);
    item.spoken = { ...item.spoken ?? { fromMs: atMs, toMs: atMs }, ...edge };
  }

  /** Audio of an answer came from the model. */
  generated(itemId: string, atMs: number): void {
    const item = this.#item(itemId, "assistant", atMs);
    item.generated = { fromMs: item.generated?.fromMs ?? atMs, toMs: atMs };
  }

  /** Audio of an answer is on its way to the caller, or was heard until now. */
  played(itemId: string, atMs: number): void {
    const item = this.#items.get(itemId);
    if (item) item.played = { fromMs: item.played?.fromMs ?? atMs, toMs: atMs };
  }

  /** How much of an answer was heard (ms), and how much there was; `cut` when the caller interrupted it now. */
  heard(itemId: string, heardMs: number, totalMs: number, cut: boolean, atMs: number): void {
    const item = this.#item(itemId, "assistant", atMs);
    item.heardMs = heardMs;
    item.totalMs = totalMs;
    if (cut) {
      item.cut = true;
      this.played(itemId, atMs);
    }
    this.#tell(itemId);
  }

  /** How long an answer took. */
  timed(itemId: string, latency: TurnHops, atMs: number): void {
    this.#item(itemId, "assistant", atMs).latency = latency;
  }

  /** All that is said so far, in order. */
  all(): Said[] {
    return this.#order.flatMap((itemId) => this.#said(itemId) ?? []);
  }

  /** Whether anything was said and heard. */
  get begun(): boolean {
    return this.#items.values().some((item) => item.who && item.text && wasSaid(item));
  }

  /** The end of what was said and noted, as text for the model; empty when nothing was. */
  retold(): string {
    const lines = this.#order.map((itemId) => this.#items.get(itemId)).flatMap((item) => {
      if (!item || !wasSaid(item)) return [];
      const { text } = heardOf(item);
      const who = item.who === "caller" ? "Caller" : item.who === "assistant" ? "You" : "Note";
      return text === "" ? [] : [`${who}: ${text}`];
    });
    return lines.join("\n").slice(-MAX_RETOLD);
  }

  /** All that was said, in order. Answers of which nothing was heard were not said. */
  turns(): Turn[] {
    return this.#order.map((itemId) => this.#items.get(itemId)).flatMap((item) => {
      if (!item?.who || !wasSaid(item)) return [];
      const { who, text, atMs, heardMs, totalMs, cut, latency, spoken, generated, played } = item;
      return [{
        who,
        ...(text === undefined ? {} : { text: heardOf(item).text }),
        atMs,
        ...(heardMs === undefined ? {} : { heardMs }),
        ...(totalMs === undefined ? {} : { totalMs }),
        ...(cut ? { cut } : {}),
        ...(latency ? { latency } : {}),
        ...(spoken ? { spoken } : {}),
        ...(generated ? { generated } : {}),
        ...(played ? { played } : {}),
      }];
    });
  }

  #item(itemId: string, who: Turn["who"], atMs: number): Item {
    const known = this.#items.get(itemId);
    if (known) {
      known.who ??= who;
      return known;
    }
    this.added(itemId, undefined, who, atMs);
    return this.#item(itemId, who, atMs);
  }

  #tell(itemId: string): void {
    const said = this.#said(itemId);
    if (said) this.#changed(said);
  }

  #said(itemId: string): Said | undefined {
    const item = this.#items.get(itemId);
    if (!item?.who) return undefined;
    const previous = this.#order.slice(0, this.#order.indexOf(itemId)).findLast((id) => !id.startsWith(NOTE));
    const { text, unheard } = heardOf(item);
    return {
      id: itemId,
      ...(previous === undefined ? {} : { previous }),
      who: item.who,
      text,
      done: item.done,
      ...(unheard === "" ? {} : { unheard }),
      ...(item.heardMs === undefined ? {} : { heardMs: item.heardMs }),
      ...(item.cut ? { cut: item.cut } : {}),
    };
  }
}

/** Answers of which nothing was heard were not. */
function wasSaid({ who, heardMs }: Item): boolean {
  return who !== "assistant" || heardMs !== 0;
}

/** As much of a text as of its audio, up to the last space before; and the rest of it. */
function heardOf({ text = "", cut, heardMs = 0, totalMs = 0 }: Item): { text: string; unheard: string } {
  if (!cut || heardMs > 0 && heardMs >= totalMs) return { text, unheard: "" };
  const length = heardMs > 0 ? Math.floor(text.length * heardMs / totalMs) : 0;
  const space = Math.max(0, text.lastIndexOf(" ", length));
  return { text: text.slice(0, space).trimEnd(), unheard: text.slice(space).trimStart() };
}
