import type { GreetingCache } from "../assistants/call_greeting.ts";
import type { SpokenAudio } from "../assistants/call_assistant.ts";
import { BoundedMap } from "../bounded_map.ts";
import { fileErrorReason, unlessMissingSync } from "../file_error.ts";
import { parseObject } from "../json.ts";
import type { Log } from "../telemetry/log.ts";

/** Number of greetings kept; the oldest is deleted for another one. */
const MAX_FILES = 200;
const NAME = /^([0-9a-f]{64})\.json$/;

/**
 * Greetings as the model spoke them, in memory and in `DATA_DIR/greetings`, mode 600. They contain nothing of any caller. A
 * file that cannot be read or written costs no more than the model's own greeting.
 */
export class GreetingFiles implements GreetingCache {
  readonly #folder: string;
  readonly #log: Log;
  readonly #greetings: BoundedMap<string, SpokenAudio>;
  /** One change of the folder after the other. */
  #pending: Promise<void> = Promise.resolve();

  constructor(dataDir: string, log: Log) {
    this.#folder = `${dataDir}/greetings`;
    this.#log = log;
    this.#greetings = new BoundedMap(MAX_FILES, (key) => this.#change(key, (path) => Deno.remove(path)));
    try {
      this.#read();
    } catch (error) {
      this.#warn(this.#folder, error, "read");
    }
  }

  find(key: string): SpokenAudio | undefined {
    return this.#greetings.get(key);
  }

  add(key: string, greeting: SpokenAudio): void {
    if (this.#greetings.has(key)) return;
    this.#greetings.set(key, greeting);
    const text = JSON.stringify({ text: greeting.text, audio: greeting.audio.toBase64() });
    this.#change(key, async (path) => {
      await Deno.mkdir(this.#folder, { recursive: true });
      await Deno.writeTextFile(`${path}.new`, text, { mode: 0o600 });
      await Deno.rename(`${path}.new`, path);
    });
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await this.#pending;
  }

  #read(): void {
    const files = unlessMissingSync(() => [...Deno.readDirSync(this.#folder)]) ?? [];
    const found = files.flatMap(({ name }) => {
      const key = NAME.exec(name)?.[1];
      const path = `${this.#folder}/${name}`;
      return key === undefined ? [] : [{ key, path, at: Deno.statSync(path).mtime?.getTime() ?? 0 }];
    });
    for (const { key, path } of found.sort((a, b) => a.at - b.at)) {
      const { text, audio } = parseObject(Deno.readTextFileSync(path)) ?? {};
      if (typeof text !== "string" || typeof audio !== "string") continue;
      this.#greetings.set(key, { text, audio: Uint8Array.fromBase64(audio) });
    }
  }

  #change(key: string, change: (path: string) => Promise<void>): void {
    const path = `${this.#folder}/${key}.json`;
    this.#pending = this.#pending.then(() => change(path)).catch((error) => this.#warn(path, error, "write"));
  }

  #warn(file: string, error: unknown, action: "read" | "write"): void {
    this.#log.warn("greeting not kept", { file, problem: fileErrorReason(error, action) });
  }
}
