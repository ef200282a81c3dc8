import { assert, assertEquals } from "@std/assert";
import { type JsonObject, parseObject } from "../../src/json.ts";
import { Bell } from "./bell.ts";

/** One reader of an event stream: what it got so far, and whether the stream is over. */
export class EventReader {
  text = "";
  over = false;
  readonly bell = new Bell();
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    assert(response.body);
    this.#reader = response.body.getReader();
    this.#read().catch(() => {}).finally(() => {
      this.over = true;
      this.bell.ring();
    });
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for (let next = await this.#reader.read(); !next.done; next = await this.#reader.read()) {
      this.text += decoder.decode(next.value, { stream: true });
      this.bell.ring();
    }
  }

  /** The nth event, as its name and its data. */
  async event(n: number): Promise<[name: string | undefined, data: unknown]> {
    const text = await this.bell.until(`event ${n}`, () => this.#complete()[n]);
    const [, name, data = ""] = /^event: (\w+)\ndata: (.+)$/.exec(text) ?? [];
    return [name, parseObject(data)];
  }

  /** The data of the `count`th event of this name. */
  async named(name: string, count = 1): Promise<JsonObject> {
    const begin = `event: ${name}\ndata: `;
    const found = () => this.#complete().filter((event) => event.startsWith(begin))[count - 1];
    return parseObject((await this.bell.until(`${count} of "${name}"`, found)).slice(begin.length)) ?? {};
  }

  async until(text: string): Promise<void> {
    await this.bell.until(text, () => this.text.includes(text));
  }

  async untilOver(): Promise<void> {
    await this.bell.until("the end of the stream", () => this.over);
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }

  #complete(): string[] {
    return this.text.split("\n\n").slice(0, -1).filter((event) => event.startsWith("event:"));
  }
}
