/** An ended call whose caller still talks to a destination. */
interface UnsettledCall {
  /** Resolves with whether the carrier has charged everything; false when the service stops before. */
  readonly settled: PromiseWithResolvers<boolean>;
  /** Resolves when its record is written, and the charges so far are in it. */
  written: Promise<unknown>;
  readonly firstWritten: PromiseWithResolvers<void>;
}

/** The ended calls whose cost is not known yet: the carrier bills them until the `<Dial>` has ended. */
export class UnsettledCalls {
  readonly #calls = new Map<string, UnsettledCall>();

  add(callSid: string): void {
    const firstWritten = Promise.withResolvers<void>();
    this.#calls.set(callSid, {
      settled: Promise.withResolvers(),
      written: firstWritten.promise,
      firstWritten,
    });
  }

  has(callSid: string): boolean {
    return this.#calls.has(callSid);
  }

  /** Its record is written, or never will be. */
  recordWritten(callSid: string): void {
    this.#calls.get(callSid)?.firstWritten.resolve();
  }

  /** Changes the record, after the changes before. */
  async run(callSid: string, work: () => Promise<void>): Promise<void> {
    const call = this.#calls.get(callSid);
    if (!call) return;
    const written = call.written.then(work);
    call.written = written.catch(() => {});
    await written;
  }

  /** The carrier has charged everything. */
  settle(callSid: string): void {
    const call = this.#calls.get(callSid);
    void call?.written.then(() => call.settled.resolve(true));
  }

  /** Waits until the cost is known. Returns false if the service stops before. */
  async settled(callSid: string): Promise<boolean> {
    const isSettled = await this.#calls.get(callSid)?.settled.promise ?? true;
    if (isSettled) this.#calls.delete(callSid);
    return isSettled;
  }

  /** Nothing waits for the cost of this call. */
  drop(callSid: string): void {
    this.recordWritten(callSid);
    this.#calls.delete(callSid);
  }

  /** The service stops. Another process waits for what is left. */
  stop(): void {
    for (const { settled } of this.#calls.values()) settled.resolve(false);
  }
}
