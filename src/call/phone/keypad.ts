import type { Cancel, Clock } from "../../clock.ts";
import type { CollectedDigits } from "../../tools/call_control.ts";
import type { CallEventStream } from "../call_event_stream.ts";

/** Default pause that ends a number (ms). */
const PAUSE_MS = 2_000;
/** A number of this length ends without a pause. */
const MAX_DIGITS = 30;
/** Timeout for each digit of a secret (ms). */
const SECRET_MS = 30_000;
/** Timeout for a whole secret, as a multiple of the timeout for each digit. */
const MAX_WAITS = 2;

/** A secret being entered. */
interface Collection {
  readonly name: string;
  readonly digits: number;
  readonly timeoutMs: number;
  /** When the collection ends at the latest (ms of the clock). */
  readonly deadline: number;
  readonly resolve: (collected: CollectedDigits) => void;
  value: string;
  cancelTimeout?: Cancel;
}

/**
 * Collects the keys a caller presses. `#` or a pause ends a number. A key of the menu acts at once, unless a number has
 * begun. A number therefore cannot begin with a key of the menu; a secret can.
 *
 * Emits "digits entered" and "menu key pressed". Digits of a secret are never emitted: {@linkcode secret} returns them.
 */
export class Keypad {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  readonly #menu: ReadonlySet<string>;
  readonly #events: CallEventStream;
  #digits = "";
  #cancelPause: Cancel | undefined;
  #collection: Collection | undefined;
  readonly #secrets = new Map<string, string>();
  /** When the last key of a secret, or a surplus key after it, was pressed (ms of the clock). */
  #secretKeyAt = -Infinity;
  #closed = false;

  /** @param options Pause that ends a number (ms), and the keys of the menu. */
  constructor(
    clock: Clock,
    options: { readonly pauseMs?: number | undefined; readonly menu?: Iterable<string> | undefined },
    events: CallEventStream,
  ) {
    this.#clock = clock;
    this.#pauseMs = options.pauseMs ?? PAUSE_MS;
    this.#menu = new Set(options.menu);
    this.#events = events;
    events.on("tools cancelled", () => this.cancel());
    events.on(["goodbye started", "call ending"], () => this.#close());
  }

  /** Whether a secret is being entered. The caller must be muted meanwhile, because its tones are on the line. */
  get collecting(): boolean {
    return this.#collection !== undefined;
  }

  /** Whether no number or secret is being entered. */
  get idle(): boolean {
    return !this.collecting && this.#digits === "" && !this.#followsSecret;
  }

  /** @param key One of `0123456789*#ABCD`. */
  press(key: string): void {
    if (this.#closed) return;
    if (this.#collection) return this.#addToSecret(this.#collection, key);
    // A surplus digit or `#` still belongs to the secret.
    if (this.#followsSecret) {
      this.#secretKeyAt = this.#clock.now();
      return;
    }
    if (this.#digits === "" && this.#menu.has(key)) {
      return this.#events.emit({ type: "menu key pressed", key });
    }
    if (key === "#") return this.#enter(this.#digits || "#");
    this.#digits += key;
    if (this.#digits.length === MAX_DIGITS) return this.#enter(this.#digits);
    this.#cancelPause?.();
    this.#cancelPause = this.#clock.after(this.#pauseMs, () => this.#enter(this.#digits));
  }

  /**
   * Waits for a secret: `digits` digits, or fewer and `#`. `*` starts over. Digits of a number that has begun count: a
   * caller may be faster than the model. A collection in progress is cancelled.
   *
   * @param options Number of digits, and the timeout for each (ms); all of them may take twice that.
   */
  collect(
    name: string,
    options: { readonly digits: number; readonly timeoutMs?: number },
  ): Promise<CollectedDigits> {
    this.cancel();
    this.#secrets.delete(name);
    const { promise, resolve } = Promise.withResolvers<CollectedDigits>();
    if (this.#closed) {
      resolve({ failed: "cancelled" });
      return promise;
    }
    const { digits, timeoutMs = SECRET_MS } = options;
    const deadline = this.#clock.now() + MAX_WAITS * timeoutMs;
    this.#collection = { name, digits, timeoutMs, deadline, resolve, value: "" };
    this.#awaitKey(this.#collection);
    for (const key of this.#takeDigits()) this.press(key);
    return promise;
  }

  /** Cancels the collection in progress, if any. */
  cancel(): void {
    this.#endCollection({ failed: "cancelled" });
  }

  /** Returns the digits the caller entered for a secret. */
  secret(name: string): string | undefined {
    return this.#secrets.get(name);
  }

  /** Returns the digits the caller entered for all secrets. */
  secretValues(): readonly string[] {
    return [...this.#secrets.values()];
  }

  /** Ignores all further keys, and forgets the secrets. */
  #close(): void {
    this.#closed = true;
    this.cancel();
    this.#takeDigits();
    this.#secrets.clear();
  }

  #enter(digits: string): void {
    this.#takeDigits();
    this.#events.emit({ type: "digits entered", digits });
  }

  /** Ends the number that has begun, and returns its digits. */
  #takeDigits(): string {
    const digits = this.#digits;
    this.#digits = "";
    this.#cancelPause?.();
    return digits;
  }

  #addToSecret(collection: Collection, key: string): void {
    this.#secretKeyAt = this.#clock.now();
    if (key === "*") collection.value = "";
    else if (key !== "#") collection.value += key;
    const { name, value, digits } = collection;
    const complete = key === "#" ? value !== "" : value.length >= digits;
    if (!complete) return this.#awaitKey(collection);
    this.#secrets.set(name, value);
    this.#endCollection({ digits: value.length });
  }

  #awaitKey(collection: Collection): void {
    collection.cancelTimeout?.();
    const waitMs = Math.min(collection.timeoutMs, collection.deadline - this.#clock.now());
    collection.cancelTimeout = this.#clock.after(waitMs, () => this.#endCollection({ failed: "timeout" }));
  }

  #endCollection(collected: CollectedDigits): void {
    const collection = this.#collection;
    this.#collection = undefined;
    if (!collection) return;
    // Digits of an abandoned secret may still come.
    if ("failed" in collected) this.#secretKeyAt = this.#clock.now();
    collection.cancelTimeout?.();
    collection.resolve(collected);
  }

  get #followsSecret(): boolean {
    return this.#clock.now() - this.#secretKeyAt < this.#pauseMs;
  }
}
