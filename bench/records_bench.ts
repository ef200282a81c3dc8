/**
 * Times the call database with 10,000 calls of 20 turns each in 60 days. Targets: list, search and open within 50 ms;
 * statistics of 30 and 60 days within 300 ms, also with 105,000 calls.
 *
 *     deno run -A bench/records_bench.ts [CALLS]
 */

import { systemClock } from "../src/clock.ts";
import { openCallDatabase } from "../src/records/call_database.ts";
import type { EndedCall, Turn } from "../src/records/call_record.ts";
import { CallStore } from "../src/records/call_store.ts";
import { forgetNumber } from "../src/records/deletion.ts";
import { createLog } from "../src/telemetry/log.ts";

const CALLS = Number(Deno.args[0] ?? 10_000);
const TURNS = 20;
const DAYS = 60;
const DAY_MS = 24 * 3_600_000;
const START = Date.parse("2026-01-01T00:00:00Z");

/** Words by frequency; `word` draws the n-th 1/n as often as the first, like a natural language. */
const syllables = ["ka", "lo", "mi", "ren", "ta", "vor", "sel", "du", "pin", "gra"];
const words = Array.from(
  { length: 8_000 },
  (_, at) => [...String(at)].map((digit) => syllables[Number(digit)]).join(""),
);
let seed = 1;
function random(): number {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return seed / 2 ** 31;
}
const word = () => words[Math.floor(words.length ** random())] ?? "ka";

function turn(_: unknown, at: number): Turn {
  const text = Array.from({ length: 5 + Math.floor(random() * 20) }, word).join(" ");
  if (at % 2 === 1) return { speaker: "caller", text, atMs: at * 5_000 };
  const latency = { modelMs: 300 + random() * 500, sendMs: 1 + random(), playbackMs: 60 + random() * 100 };
  return { speaker: "assistant", text, atMs: at * 5_000, heardMs: 4_000, totalMs: 4_000, latency };
}

function record(at: number): EndedCall {
  const startedAt = START + at * (DAYS * DAY_MS / CALLS);
  return {
    callSid: `CA${at.toString(16).padStart(32, "0")}`,
    direction: "inbound",
    from: `+1555${String(Math.floor(random() * 1e7)).padStart(7, "0")}`,
    to: "+15559870000",
    assistant: random() < 0.5 ? "sales" : "support",
    model: "gpt-realtime-2.1",
    state: "ended",
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(startedAt + 100_000).toISOString(),
    seconds: 100,
    endReason: "caller hung up",
    turns: Array.from({ length: TURNS }, turn),
    callerTurns: Math.floor(TURNS / 2),
    bargeIns: 0,
    events: [{ atMs: 5_000, kind: "tool", name: "find_order", ok: true, ms: 120, detail: '{"order":7}' }],
    tokens: {
      textIn: 900,
      textCached: 300,
      textOut: 400,
      audioIn: 5_000,
      audioCached: 3_000,
      audioOut: 4_000,
    },
    costUsd: 0.31,
    costs: { modelUsd: 0.31, transcriptionUsd: 0, summaryUsd: 0, carrierUsd: 0 },
    carrierMinutes: 2,
    messages: [],
  };
}

const folder = await Deno.makeTempDir();
const path = `${folder}/calls.db`;
const log = createLog({ level: "warn", format: "pretty", write: console.error });
const store = new CallStore(path, systemClock, log);

/** Runs `work` `times` times; prints median, 99th percentile and maximum. */
function measure(what: string, times: number, work: (at: number) => unknown): void {
  const took = Array.from({ length: times }, (_, at) => {
    const begin = performance.now();
    work(at);
    return performance.now() - begin;
  }).sort((a, b) => a - b);
  const show = (ms = 0) => `${ms.toFixed(2).padStart(9)} ms`;
  const rank = (part: number) => show(took[Math.ceil(part * times) - 1]);
  console.log(`${what.padEnd(36)}${rank(0.5)}${rank(0.99)}${rank(1)}`);
}

/** Times a search; prints the number of calls found, since an empty result is fast. */
function search(what: string, search = ""): void {
  const matches = store.list({ search, limit: 500 }).calls.length;
  measure(`search ${what} (${matches === 500 ? "500+" : matches})`, 200, () => store.list({ search }));
}

console.log(`Deno ${Deno.version.deno}; ${CALLS} calls with ${TURNS} turns\n`);
console.log(["median", "p99", "maximum"].reduce((line, each) => line + each.padStart(12), "".padEnd(36)));
const records = Array.from({ length: CALLS }, (_, at) => record(at));
measure("write one", CALLS, (at) => {
  const each = records[at];
  if (each) store.write(each);
  store.flush();
});
const { size } = Deno.statSync(path);
const { next: before } = store.list();
const middle = store.list({ until: new Date(START + 15 * DAY_MS).toISOString() }).next;
const [, common, , , frequent] = words,
  rare = words.at(-1),
  callSid = `CA${(CALLS / 2).toString(16).padStart(32, "0")}`;
measure("list the newest 50", 200, () => store.list());
measure("list the 50 before them", 200, () => store.list({ before }));
measure("list 50 from the middle", 200, () => store.list({ before: middle }));
measure("list 50 of one assistant", 200, () => store.list({ assistant: "sales" }));
search("the most frequent word", common);
search("a frequent word and a rare one", `${frequent} ${rare}`);
search("a rare word", rare);
search("a prefix", "lok");
measure("search an unknown word", 200, () => store.list({ search: "nowhere" }));
search("part of a number", records[7]?.from.slice(-5));
measure("search an unknown number", 200, () => store.list({ search: "99999999" }));
measure("open one", 200, () => store.get(callSid));
measure("statistics of a day", 50, () => store.stats({ since: "2026-01-20", until: "2026-01-21" }));
measure(
  "statistics of 30 days",
  10,
  () => store.stats({ since: new Date(START + 30 * DAY_MS).toISOString() }),
);
measure("statistics of 60 days", 10, () => store.stats());
measure("assistants of all calls", 50, () => store.assistants());
measure("forget a number", 1, () => {
  const db = openCallDatabase(path);
  forgetNumber(db, records[7]?.from ?? "");
  db.close();
});
console.log(`\n${(size / 2 ** 20).toFixed(1)} MiB, ${(size / CALLS / 1024).toFixed(1)} KiB per call`);
store.close();
await Deno.remove(folder, { recursive: true });
