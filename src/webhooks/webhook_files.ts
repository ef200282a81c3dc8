import { isObject, parseObject } from "../json.ts";
import { unlessMissing } from "../file_error.ts";
import type { NumberMatcher } from "../records/number_matcher.ts";

/** A webhook that is not delivered yet. */
export interface Delivery {
  /** Sorts by creation time. */
  readonly id: string;
  readonly url: string;
  /** JSON text, identical at every attempt. */
  readonly body: string;
  /** Number of failed attempts. */
  readonly attempts: number;
  /** Time of the next attempt (ms since 1970). */
  readonly dueAt: number;
}

const FILE = /^(msg_[\da-z]+)\.json$/;

/** The folder of the webhooks in `DATA_DIR`. */
export function webhooksFolder(dataDir: string): string {
  return `${dataDir}/webhooks`;
}

/** Stores each delivery in a file: pending ones in the folder, undeliverable ones in its subfolder `failed`. */
export class WebhookFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Creates the folders and reads the deliveries. Moves unreadable files to `failed`. */
  async open(): Promise<{ pending: Delivery[]; failed: string[] }> {
    await this.#createFolders();
    const pending: Delivery[] = [];
    for (const name of await names(this.#folder)) {
      // An interrupted write.
      if (/^msg_[\da-z]+\.tmp$/.test(name)) await Deno.remove(`${this.#folder}/${name}`);
      const id = FILE.exec(name)?.[1];
      const delivery = id === undefined ? undefined : await this.read(id);
      if (typeof delivery === "object") pending.push(delivery);
    }
    const failed = (await names(`${this.#folder}/failed`)).flatMap((name) => FILE.exec(name)?.[1] ?? []);
    return { pending, failed };
  }

  /** Writes a delivery atomically: a crash leaves the whole file or none. */
  async write(delivery: Delivery): Promise<void> {
    await this.#inFolders(() => writeDelivery(this.#folder, delivery));
  }

  /** Reads a pending delivery. `gone`: the file was deleted. `malformed`: the file is moved to `failed`. */
  async read(id: string): Promise<Delivery | "gone" | "malformed"> {
    const text = await unlessMissing(Deno.readTextFile(this.#path(id)));
    if (text === undefined) return "gone";
    const delivery = readDelivery(text);
    if (delivery?.id === id) return delivery;
    await this.moveToFailed(id);
    return "malformed";
  }

  async remove(id: string): Promise<void> {
    await unlessMissing(Deno.remove(this.#path(id)));
  }

  async moveToFailed(id: string): Promise<void> {
    await this.#inFolders(() => Deno.rename(this.#path(id), this.#failedPath(id)));
  }

  async removeFailed(id: string): Promise<void> {
    await unlessMissing(Deno.remove(this.#failedPath(id)));
  }

  /**
   * Deletes a phone number: the webhooks about its calls, pending and failed, and its mentions in others.
   *
   * @param dryRun Only counts.
   * @returns the number of webhooks deleted or changed.
   */
  async forget(number: NumberMatcher, dryRun: boolean): Promise<number> {
    let count = 0;
    for (const folder of [this.#folder, `${this.#folder}/failed`]) {
      for (const name of await unlessMissing(names(folder)) ?? []) {
        const text = await unlessMissing(Deno.readTextFile(`${folder}/${name}`));
        if (text === undefined) continue;
        const redacted = redactDelivery(text, number);
        if (redacted === "unchanged") continue;
        count++;
        if (dryRun) continue;
        if (redacted === "delete") await unlessMissing(Deno.remove(`${folder}/${name}`));
        else await writeDelivery(folder, redacted);
      }
    }
    return count;
  }

  async #createFolders(): Promise<void> {
    await Deno.mkdir(`${this.#folder}/failed`, { recursive: true, mode: 0o700 });
  }

  /** Runs `work`, and once more with new folders when somebody deleted them. */
  async #inFolders(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      await this.#createFolders();
      await work();
    }
  }

  #path(id: string): string {
    return `${this.#folder}/${id}.json`;
  }

  #failedPath(id: string): string {
    return `${this.#folder}/failed/${id}.json`;
  }
}

async function names(folder: string): Promise<string[]> {
  const fileNames: string[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) if (isFile) fileNames.push(name);
  return fileNames.sort();
}

function readDelivery(text: string): Delivery | undefined {
  const { id, url, body, attempts, dueAt } = parseObject(text) ?? {};
  if (typeof id !== "string" || typeof url !== "string" || !URL.canParse(url)) return undefined;
  if (typeof body !== "string" || !Number.isInteger(attempts) || !Number.isFinite(dueAt)) return undefined;
  return { id, url, body, attempts: Number(attempts), dueAt: Number(dueAt) };
}

async function writeDelivery(folder: string, delivery: Delivery): Promise<void> {
  const draft = `${folder}/${delivery.id}.tmp`;
  {
    using file = await Deno.open(draft, { write: true, create: true, truncate: true, mode: 0o600 });
    const bytes = new TextEncoder().encode(JSON.stringify(delivery));
    for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
    await file.sync();
  }
  await Deno.rename(draft, `${folder}/${delivery.id}.json`);
}

/** Redacts a number in a delivery. A webhook about a call with it is deleted, and so is a malformed file that contains it. */
function redactDelivery(text: string, number: NumberMatcher): Delivery | "unchanged" | "delete" {
  const delivery = readDelivery(text);
  const body = delivery && parseObject(delivery.body);
  if (!delivery || !body) return number.occursIn(text) ? "delete" : "unchanged";
  const { from, to } = isObject(body.data) ? body.data : {};
  if ([from, to].some((party) => typeof party === "string" && number.isParty(party))) return "delete";
  const redacted = JSON.stringify(
    body,
    (_, value) => typeof value === "string" ? number.redact(value) : value,
  );
  return redacted === JSON.stringify(body) ? "unchanged" : { ...delivery, body: redacted };
}
