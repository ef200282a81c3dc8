/** Timeout (ms); only a failing test waits this long. A slow machine may need seconds to start a process. */
export const TIMEOUT_MS = 30_000;

/** Lets tests wait for a condition, which is checked again at each change. */
export class ChangeSignal {
  readonly #waiters = new Set<() => void>();

  notify(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  /** Waits until `find` returns something; rejects with `what` in the message when it does not in time. */
  async until<Found>(
    what: string,
    find: () => Found | undefined | false,
    timeoutMs: number = TIMEOUT_MS,
  ): Promise<Found> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`waited ${timeoutMs} ms for ${what}`)), timeoutMs);
    });
    deadline.catch(() => {});
    try {
      for (;;) {
        const result = find();
        if (result !== undefined && result !== false) return result;
        await Promise.race([new Promise<void>((resolve) => this.#waiters.add(resolve)), deadline]);
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Polls a state without change events; rejects with `what` in the message when `find` finds nothing in time. */
export async function poll<Found>(
  what: string,
  find: () => Found | undefined | false | Promise<Found | undefined | false>,
  timeoutMs: number = TIMEOUT_MS,
): Promise<Found> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const result = await find();
    if (result !== undefined && result !== false) return result;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Runs the continuations of settled promises. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}
