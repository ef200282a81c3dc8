import type { Verdict } from "./interruptions.ts";

/** ID of an item of the caller's; undefined where a model reports none. */
type Id = string | undefined;

/** The caller's items whose verdict and commit are not both known, in either order; and quiet ones whose text is missing. */
export class TurnItems {
  readonly #verdicts = new Map<Id, Verdict>();
  /** Committed before their verdict. */
  readonly #committed = new Set<Id>();
  /** Dismissed for their level, and whether they were committed. */
  readonly #unread = new Map<string, boolean>();

  /** Another item has the ID, where a model reports none. */
  started(itemId: Id): void {
    this.#verdicts.delete(itemId);
    this.#committed.delete(itemId);
  }

  /** @returns whether the item was committed before. */
  decided(itemId: Id, verdict: Verdict): boolean {
    const committed = this.#committed.delete(itemId);
    if (!committed) this.#verdicts.set(itemId, verdict);
    if (verdict === "quiet" && itemId !== undefined) this.#unread.set(itemId, committed);
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

  /** The text of an item has arrived. @returns whether it was dismissed for its level; its verdict is open again then. */
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
