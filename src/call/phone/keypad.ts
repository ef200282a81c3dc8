import type { Cancel, Clock } from "../../clock.ts";

/** A pause this long ends what is entered (ms), unless another is configured. */
const PAUSE_MS = 2_000;
/** As many digits end it too. */
const MOST_DIGITS = 30;
/** Longest wait for a secret's first digit, and for each further one (ms) … */
const SECRET_MS = 30_000;
/** … and for all of them: so many such waits. */
const MOST_WAITS = 2;

/** How many digits of a secret there are, or why there is none. */
export type Collected = { readonly digits: number } | { readonly failed: "timeout" | "cancelled" };

/** Who is told of keys. Nothing of a secret is among them. */
export interface KeypadObserver {
  /** The caller entered a number, or whatever the keys mean: `0` to `9`, `*`, `#` by itself, `A` to `D`. */
  entered(digits: string): void;
  /** The caller pressed a key of the menu, and nothing before it. */
  chosen(key: string): void;
}

/** A secret on its way. */
interface Collection {
  readonly name: string;
  readonly digits: number;
  readonly timeoutMs: number;
  /** When it is over in any case (ms of the clock). */
  readonly deadline: number;
  readonly done: (collected: Collected) => void;
  value: string;
  timer?: Cancel;
}

/**
 * The keys a caller presses, put together: `#` or a pause ends a number. A key of the menu acts at once unless it is part
 * of a number that has begun, so no number but a secret can begin with one.
 *
 * Secrets stay in here: only {@linkcode secret} gives them away.
 */
export class Keypad {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  readonly #menu: ReadonlySet<string>;
  readonly #observer: KeypadObserver;
  #digits = "";
  #pause: Cancel | undefined;
  #collection: Collection | undefined;
  readonly #secrets = new Map<string, string>();
  /** When a key that was part of a secret, or followed it, was pressed last (ms of the clock). */
  #secretKeyAt = -Infinity;
  #closed = false;

  /** @param options How long a pause ends a number (ms), and which keys act by themselves. */
  constructor(
    clock: Clock,
    options: { readonly pauseMs?: number | undefined; readonly menu?: Iterable<string> | undefined },
    observer: KeypadObserver,
  ) {
    this.#clock = clock;
    this.#pauseMs = options.pauseMs ?? PAUSE_MS;
    this.#menu = new Set(options.menu);
    this.#observer = observer;
  }

  /** Whether others may listen to the line: not while a secret is entered, whose tones are on it. */
  get listening(): boolean {
    return !this.#collection;
  }

  /** Whether the next key begins something: it is part of no number and of no secret. */
  get idle(): boolean {
    return this.listening && this.#digits === "" && !this.#followsSecret;
  }

  /** The caller pressed a key: one of `0123456789*#ABCD`. */
  digit(key: string): void {
    if (this.#closed) return;
    if (this.#collection) return this.#secretKey(this.#collection, key);
    // A digit too many, or the `#` of those who always press it: it is the secret's all the same.
    if (this.#followsSecret) {
      this.#secretKeyAt = this.#clock.now();
      return;
    }
    if (this.#digits === "" && this.#menu.has(key)) return this.#observer.chosen(key);
    if (key === "#") return this.#enter(this.#digits || "#");
    this.#digits += key;
    if (this.#digits.length === MOST_DIGITS) return this.#enter(this.#digits);
    this.#pause?.();
    this.#pause = this.#clock.after(this.#pauseMs, () => this.#enter(this.#digits));
  }

  /**
   * Waits for the caller to enter a secret: so many digits, or fewer and `#`. `*` begins anew. Digits of a number that had
   * begun are its first: a caller may be quicker than the model. Another collection cancels this one.
   *
   * @param options How many digits, and how long each may take (ms); all of them twice that.
   */
  collect(
    name: string,
    options: { readonly digits: number; readonly timeoutMs?: number },
  ): Promise<Collected> {
    this.cancel();
    this.#secrets.delete(name);
    const { promise, resolve } = Promise.withResolvers<Collected>();
    if (this.#closed) {
      resolve({ failed: "cancelled" });
      return promise;
    }
    const { digits, timeoutMs = SECRET_MS } = options;
    const deadline = this.#clock.now() + MOST_WAITS * timeoutMs;
    this.#collection = { name, digits, timeoutMs, deadline, done: resolve, value: "" };
    this.#await(this.#collection);
    for (const key of this.#take()) this.digit(key);
    return promise;
  }

  /** Nobody waits for the secret any longer, if one is being entered. */
  cancel(): void {
    this.#end({ failed: "cancelled" });
  }

  /** What the caller entered under this name. */
  secret(name: string): string | undefined {
    return this.#secrets.get(name);
  }

  /** No key means anything any more, and no secret is kept. */
  close(): void {
    this.#closed = true;
    this.cancel();
    this.#take();
    this.#secrets.clear();
  }

  #enter(digits: string): void {
    this.#take();
    this.#observer.entered(digits);
  }

  /** The number that has begun, which is over. */
  #take(): string {
    const digits = this.#digits;
    this.#digits = "";
    this.#pause?.();
    return digits;
  }

  #secretKey(collection: Collection, key: string): void {
    this.#secretKeyAt = this.#clock.now();
    if (key === "*") collection.value = "";
    else if (key !== "#") collection.value += key;
    const { name, value, digits } = collection;
    const complete = key === "#" ? value !== "" : value.length >= digits;
    if (!complete) return this.#await(collection);
    this.#secrets.set(name, value);
    this.#end({ digits: value.length });
  }

  #await(collection: Collection): void {
    collection.timer?.();
    const waitMs = Math.min(collection.timeoutMs, collection.deadline - this.#clock.now());
    collection.timer = this.#clock.after(waitMs, () => this.#end({ failed: "timeout" }));
  }

  #end(collected: Collected): void {
    const collection = this.#collection;
    this.#collection = undefined;
    if (!collection) return;
    // Digits of one that is given up may still come.
    if ("failed" in collected) this.#secretKeyAt = this.#clock.now();
    collection.timer?.();
    collection.done(collected);
  }

  get #followsSecret(): boolean {
    return this.#clock.now() - this.#secretKeyAt < this.#pauseMs;
  }
}
