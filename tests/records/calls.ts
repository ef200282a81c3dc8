import type { CallRecord, Turn } from "../../src/records/call_record.ts";
import { CallStore } from "../../src/records/call_store.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { FakeClock } from "../support/fake_clock.ts";

export const ANN = "+15551230000";
export const US = "+15559870000";

/** The record of a short call. */
export function call(at: number, changed: Partial<CallRecord> = {}): CallRecord {
  return {
    callSid: sidOf(at),
    direction: "inbound",
    from: ANN,
    to: US,
    assistant: "sales",
    model: "gpt-realtime-2.1",
    startedAt: new Date(Date.UTC(2026, 0, 1, 0, at)).toISOString(),
    endedAt: new Date(Date.UTC(2026, 0, 1, 0, at, 30)).toISOString(),
    seconds: 30.5,
    reason: "caller hung up",
    turns: [],
    events: [],
    tokens: { textIn: 900, textCached: 300, textOut: 40, audioIn: 500, audioCached: 200, audioOut: 600 },
    modelUsd: 0.0625,
    carrierMinutes: 1,
    messages: [],
    ...changed,
  };
}

export function sidOf(at: number): string {
  return `CA${String(at).padStart(32, "0")}`;
}

export function said(...texts: string[]): Turn[] {
  return texts.map((text, at) => ({ who: at % 2 === 0 ? "assistant" : "caller", text, atMs: at * 1_000 }));
}

/** A folder with a file of calls, a clock that stands still, and a log that remembers. */
export class Shelf {
  readonly folder = Deno.makeTempDirSync();
  readonly path = `${this.folder}/data/calls.db`;
  readonly clock = new FakeClock();
  readonly lines: string[] = [];
  readonly log = createLog({ level: "info", format: "pretty", write: (line) => this.lines.push(line) });
  readonly #stores: CallStore[] = [];

  open(path = this.path): CallStore {
    const store = new CallStore(path, this.clock, this.log);
    this.#stores.push(store);
    return store;
  }

  /** Opens the file and keeps these calls in it. */
  filled(...calls: CallRecord[]): CallStore {
    const store = this.open();
    for (const each of calls) store.write(each);
    store.flush();
    return store;
  }

  /** Everything in the file and beside it, byte for byte. */
  bytes(): string {
    const latin1 = new TextDecoder("latin1");
    return [...Deno.readDirSync(`${this.folder}/data`)].map(({ name }) =>
      latin1.decode(Deno.readFileSync(`${this.folder}/data/${name}`))
    ).join("\n");
  }

  [Symbol.dispose](): void {
    for (const store of this.#stores) store.close();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** As it comes out of JSON: without members that are undefined. */
export function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
