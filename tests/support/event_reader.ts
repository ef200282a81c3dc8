import { assert, assertEquals } from "@std/assert";
import { type JsonObject, parseObject } from "../../src/json.ts";
import { ChangeSignal } from "./wait_until.ts";

/** Reads a server-sent event stream. */
export class EventReader {
  text = "";
  over = false;
  readonly changes = new ChangeSignal();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    assert(response.body);
    this.#reader = response.body.getReader();
    this.#read().catch(() => {}).finally(() => {
      this.over = true;
      this.changes.notify();
    });
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for (let next = await this.#reader.read(); !next.done; next = await this.#reader.read()) {
      this.text += decoder.decode(next.value, { stream: true });
      this.changes.notify();
    }
  }

  /** Waits for the nth event, from 0; returns its name and data. */
  async event(n: number): Promise<[name: string | undefined, data: unknown]> {
    const text = await this.changes.until(`event ${n}`, () => this.#complete()[n]);
    const [, name, data = ""] = /^event: (\w+)\ndata: (.+)$/.exec(text) ?? [];
    return [name, parseObject(data)];
  }

  /** The data of all events of this name so far. */
  all(name: string): JsonObject[] {
    const start = `event: ${name}\ndata: `;
    return this.#complete().filter((event) => event.startsWith(start))
      .map((event) => parseObject(event.slice(start.length)) ?? {});
  }

  /** Waits for the data of the `count`th event of this name. */
  async named(name: string, count = 1): Promise<JsonObject> {
    return await this.changes.until(`${count} of "${name}"`, () => this.all(name)[count - 1]);
  }

  async until(text: string): Promise<void> {
    await this.changes.until(text, () => this.text.includes(text));
  }

  async untilOver(): Promise<void> {
    await this.changes.until("the end of the stream", () => this.over);
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }

  #complete(): string[] {
    return this.text.split("\n\n").slice(0, -1).filter((event) => event.startsWith("event:"));
  }
}
