import type { Cancel, Clock } from "../../clock.ts";
import type { Heard } from "../../model/session.ts";
import { Playout, type PlayoutLine } from "../../playout/playout.ts";

/** Begins the names of what is played and no model made. */
const OWN = "parley-";

export interface AssistantAudioOptions {
  readonly clock: Clock;
  /** The first so many milliseconds that are heard cannot be interrupted. */
  readonly protectedMs?: number | undefined;
  /** The first audio of an item has been handed to the line. */
  readonly sending: (itemId: string) => void;
  /** The caller begins to hear an item. */
  readonly hearing: (itemId: string) => void;
  /** They have heard more of it. */
  readonly heardOn: (itemId: string) => void;
  /** A mark never came back; told once. */
  readonly markLost: (mark: string) => void;
  /** What could not be interrupted has been heard. */
  readonly released: () => void;
}

/** What the caller hears: the model's answers, and what we play ourselves. */
export class AssistantAudio {
  readonly #options: AssistantAudioOptions;
  readonly #playout: Playout;
  /** What is being heard and must not be interrupted. */
  readonly #holds = new Set<symbol>();
  #protection: Cancel | undefined;
  #marksLost = 0;

  constructor(options: AssistantAudioOptions) {
    this.#options = options;
    const { clock, sending, hearing, heardOn, markLost } = options;
    this.#playout = new Playout(clock, {
      sending,
      hearing: (itemId) => {
        this.#protectFirst();
        hearing(itemId);
      },
      heardOn,
      markLost: (mark) => {
        if (this.#marksLost++ === 0) markLost(mark);
      },
    });
  }

  get marksLost(): number {
    return this.#marksLost;
  }

  /** Bytes that wait here. */
  get queued(): number {
    return this.#playout.queued;
  }

  /** What is being heard now, and how much waits. */
  get head(): Playout["head"] {
    return this.#playout.head;
  }

  /** Whether a caller who speaks up ends what is being heard. */
  get interruptible(): boolean {
    return this.#holds.size === 0;
  }

  attach(line: PlayoutLine): void {
    this.#playout.attach(line);
  }

  /** The line is gone, and with it what was not heard. */
  detach(): void {
    this.#holds.clear();
    this.#playout.detach();
  }

  markEchoed(name: string): void {
    this.#playout.markEchoed(name);
  }

  /** Queues µ-law audio of a model's item; false when there is too much unheard, and nothing of it was taken. */
  enqueue(itemId: string, audio: Uint8Array): boolean {
    return this.#playout.enqueue(itemId, audio);
  }

  /** Whole milliseconds of an item that were taken. */
  acceptedMs(itemId: string): number {
    return this.#playout.acceptedMs(itemId);
  }

  /** Whole milliseconds of an item that have been heard. */
  heardMs(itemId: string): number {
    return this.#playout.heardMs(itemId);
  }

  /** Plays µ-law audio of our own after what is being said; nothing interrupts it. Resolves when it was heard. */
  async play(name: string, audio: Uint8Array): Promise<void> {
    const heard = Promise.withResolvers<void>();
    const release = this.#hold();
    this.hum(name, audio);
    this.#playout.whenHeard(heard.resolve);
    await heard.promise;
    release();
  }

  /** Plays µ-law audio of our own that anything may interrupt. */
  hum(name: string, audio: Uint8Array): void {
    this.#playout.enqueue(OWN + name, audio);
  }

  /** Runs `then` when all that was queued so far has been heard; never, if it is cut. */
  whenHeard(then: () => void): void {
    this.#playout.whenHeard(then);
  }

  /**
   * Ends what is being played.
   *
   * @param open The item the model is still making, if any.
   * @returns how much was heard of each of the model's items that was cut.
   */
  cut(open?: string): Heard[] {
    // What must not be interrupted is gone with everything else.
    this.#holds.clear();
    return this.#playout.interrupt(open).filter(({ itemId }) => !itemId.startsWith(OWN));
  }

  close(): void {
    this.#protection?.();
    this.#playout.close();
  }

  #protectFirst(): void {
    const { protectedMs, clock } = this.#options;
    if (protectedMs) this.#protection ??= clock.after(protectedMs, this.#hold());
  }

  /** What is heard is not interrupted until the result is called. */
  #hold(): () => void {
    const hold = Symbol();
    this.#holds.add(hold);
    return () => {
      if (this.#holds.delete(hold) && this.interruptible) this.#options.released();
    };
  }
}
