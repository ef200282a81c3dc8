import { parseObject } from "../json.ts";

/** A webhook on its way. */
export interface Delivery {
  /** Sorts by the time it was made. */
  readonly id: string;
  readonly url: string;
  /** JSON, the same bytes at every attempt. */
  readonly body: string;
  /** How often it was tried in vain. */
  readonly attempts: number;
  /** When it is to be tried next (ms since 1970). */
  readonly dueAt: number;
}

const FILE = /^(msg_[\da-z]+)\.json$/;

/** Deliveries as files, one each: what waits in the folder itself, what was given up in `failed/` below it. */
export class OutboxFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folders, and finds what is in them; what cannot be read goes to `failed/`. */
  async open(): Promise<{ waiting: Delivery[]; failed: string[] }> {
    await Deno.mkdir(`${this.#folder}/failed`, { recursive: true, mode: 0o700 });
    const waiting: Delivery[] = [];
    for (const name of await names(this.#folder)) {
      // A write that was cut off.
      if (/^msg_[\da-z]+\.tmp$/.test(name)) await Deno.remove(`${this.#folder}/${name}`);
      const id = FILE.exec(name)?.[1];
      const delivery = id === undefined ? undefined : await this.read(id);
      if (delivery) waiting.push(delivery);
    }
    const failed = (await names(`${this.#folder}/failed`)).flatMap((name) => FILE.exec(name)?.[1] ?? []);
    return { waiting, failed };
  }

  /** Keeps a delivery: all of it or nothing is there, also if the machine stops in the middle. */
  async write(delivery: Delivery): Promise<void> {
    const draft = `${this.#folder}/${delivery.id}.tmp`;
    {
      using file = await Deno.open(draft, { write: true, create: true, truncate: true, mode: 0o600 });
      const bytes = new TextEncoder().encode(JSON.stringify(delivery));
      for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
      await file.sync();
    }
    await Deno.rename(draft, this.#path(delivery.id));
  }

  /** A delivery that waits; undefined, and out of the way, when its file is broken. */
  async read(id: string): Promise<Delivery | undefined> {
    const delivery = readDelivery(await Deno.readTextFile(this.#path(id)));
    if (delivery?.id === id) return delivery;
    await this.fail(id);
    return undefined;
  }

  async remove(id: string): Promise<void> {
    await Deno.remove(this.#path(id));
  }

  async fail(id: string): Promise<void> {
    await Deno.rename(this.#path(id), this.#failedPath(id));
  }

  async removeFailed(id: string): Promise<void> {
    await Deno.remove(this.#failedPath(id));
  }

  #path(id: string): string {
    return `${this.#folder}/${id}.json`;
  }

  #failedPath(id: string): string {
    return `${this.#folder}/failed/${id}.json`;
  }
}

async function names(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) if (isFile) found.push(name);
  return found.sort();
}

function readDelivery(text: string): Delivery | undefined {
  const { id, url, body, attempts, dueAt } = parseObject(text) ?? {};
  if (typeof id !== "string" || typeof url !== "string" || !URL.canParse(url)) return undefined;
  if (typeof body !== "string" || !Number.isInteger(attempts) || !Number.isFinite(dueAt)) return undefined;
  return { id, url, body, attempts: Number(attempts), dueAt: Number(dueAt) };
}
