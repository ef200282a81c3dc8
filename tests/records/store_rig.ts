import { assertEquals } from "@std/assert";
import { openCallDatabase } from "../../src/records/call_database.ts";
import type { EndedCall, Turn } from "../../src/records/call_record.ts";
import { CallStore } from "../../src/records/call_store.ts";
import { findNumber, forgetNumber, type NumberMatches } from "../../src/records/deletion.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { FakeClock } from "../support/fake_clock.ts";

export const CALLER = "+15551230000";
export const CALLED = "+15559870000";

/** The record of a short call. `at` is the number in its CallSid, and its start (minutes after midnight). */
export function call(at: number, changed: Partial<EndedCall> = {}): EndedCall {
  return {
    callSid: sidOf(at),
    direction: "inbound",
    from: CALLER,
    to: CALLED,
    assistant: "sales",
    model: "gpt-realtime-2.1",
    state: "ended",
    startedAt: new Date(Date.UTC(2026, 0, 1, 0, at)).toISOString(),
    endedAt: new Date(Date.UTC(2026, 0, 1, 0, at, 30)).toISOString(),
    seconds: 30.5,
    endReason: "caller hung up",
    turns: [],
    callerTurns: 0,
    bargeIns: 0,
    events: [],
    tokens: { textIn: 900, textCached: 300, textOut: 40, audioIn: 500, audioCached: 200, audioOut: 600 },
    costUsd: 0.0625,
    costs: { modelUsd: 0.04, transcriptionUsd: 0.0045, summaryUsd: 0.008, carrierUsd: 0.01 },
    carrierMinutes: 1,
    messages: [],
    ...changed,
  };
}

export function sidOf(at: number): string {
  return `CA${String(at).padStart(32, "0")}`;
}

export function turnsOf(...texts: string[]): Turn[] {
  return texts.map((text, at) => ({
    speaker: at % 2 === 0 ? "assistant" : "caller",
    text,
    atMs: at * 1_000,
  }));
}

/** A call database in a temporary folder, with a fake clock and a captured log. */
export class StoreRig {
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

  /** Opens the database and writes these calls. */
  openWith(...calls: EndedCall[]): CallStore {
    const store = this.open();
    for (const each of calls) store.write(each);
    store.flush();
    return store;
  }

  /** Deletes a number, as `parley calls --forget` does in another process. */
  forget(number: string): NumberMatches {
    const db = openCallDatabase(this.path);
    try {
      const found = findNumber(db, number);
      assertEquals(forgetNumber(db, number), found);
      return found;
    } finally {
      db.close();
    }
  }

  /** The bytes of the database and its -wal and -shm files, as latin1. */
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
