import type { Verdict } from "./interruptions_options.ts";

/** ID of an item of the caller's; undefined where a model reports none. */
type Id = string | undefined;

/** The caller's items whose verdict and commit are not both known, in either order; and those dismissed without their text. */
export class TurnItems {
  readonly #verdicts = new Map<Id, Verdict>();
  /** Committed before their verdict. */
  readonly #committed = new Set<Id>();
  /** Dismissed before their text, and whether they were committed. */
  readonly #unread = new Map<string, boolean>();

  /** Speech of the item begins: another item with that ID, where a model reports none, or more of the same. */
  started(itemId: Id): void {
    this.#verdicts.delete(itemId);
    this.#committed.delete(itemId);
    if (itemId !== undefined) this.#unread.delete(itemId);
  }

  /** Whether an item was dismissed without its text. */
  isUnread(itemId: Id): boolean {
    return itemId !== undefined && this.#unread.has(itemId);
  }

  /** @returns whether the item was committed before. */
  decided(itemId: Id, verdict: Verdict): boolean {
    const committed = this.#committed.delete(itemId);
    if (!committed) this.#verdicts.set(itemId, verdict);
    const isUnread = verdict === "quiet" || verdict === "late";
    if (isUnread && itemId !== undefined) this.#unread.set(itemId, committed);
    return committed;
  }

  /** @returns the verdict of an item that is committed now, if there was one. */
  commit(itemId: Id, undecided: boolean): Verdict | undefined {
    if (undecided) this.#committed.add(itemId);
    const verdict = this.#verdicts.get(itemId);
    this.#verdicts.delete(itemId);
    if (itemId !== undefined && this.#unread.has(itemId)) this.#unread.set(itemId, true);
    return verdict;
  }

  /** The text of an item has arrived. @returns whether it was dismissed without it; its verdict is open again then. */
  read(itemId: string): boolean {
    const committed = this.#unread.get(itemId);
    this.#unread.delete(itemId);
    if (committed) this.#committed.add(itemId);
    return committed !== undefined;
  }

  clear(): void {
    this.#verdicts.clear();
    this.#committed.clear();
    this.#unread.clear();
  }
}
