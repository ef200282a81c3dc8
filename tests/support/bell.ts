/** How long a test waits for something that should happen (ms). Only a failing test ever waits that long. */
const PATIENCE_MS = 5_000;

/** Wakes whoever waits for a condition, each time something happened. */
export class Bell {
  readonly #waiting = new Set<() => void>();

  ring(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Waits until `find` finds something; rejects, naming `what`, when it never does. */
  async until<Found>(what: string, find: () => Found | undefined | false): Promise<Found> {
    let giveUp: ReturnType<typeof setTimeout> | undefined;
    const deadline = new Promise<never>((_, reject) => {
      giveUp = setTimeout(() => reject(new Error(`waited ${PATIENCE_MS} ms for ${what}`)), PATIENCE_MS);
    });
    deadline.catch(() => {});
    try {
      for (;;) {
        const found = find();
        if (found !== undefined && found !== false) return found;
        await Promise.race([new Promise<void>((resolve) => this.#waiting.add(resolve)), deadline]);
      }
    } finally {
      clearTimeout(giveUp);
    }
  }
}
