/**
 * A map with a maximum size. Setting a key makes it the newest entry; beyond `limit` entries the oldest is evicted.
 */
export class BoundedMap<K, V> extends Map<K, V> {
  readonly #limit: number;
  readonly #onEvict: ((key: K, value: V) => void) | undefined;

  /** @param onEvict Called with each evicted entry, after its removal. */
  constructor(limit: number, onEvict?: (key: K, value: V) => void) {
    super();
    this.#limit = limit;
    this.#onEvict = onEvict;
  }

  override set(key: K, value: V): this {
    this.delete(key);
    super.set(key, value);
    if (this.size > this.#limit) {
      const [oldest] = this.entries();
      if (oldest) {
        this.delete(oldest[0]);
        this.#onEvict?.(...oldest);
      }
    }
    return this;
  }
}
