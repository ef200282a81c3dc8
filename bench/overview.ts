/**
 * Times the console's Overview in Chromium, with 100,000 stored calls of 90 days. Target: drawn within 300 ms of the
 * click. Needs Chromium: install it, or set `CHROMIUM` to its path.
 *
 *     deno run $(deno task -q packages test) -A bench/overview.ts [CALLS]
 */

import { openCallDatabase } from "../src/records/call_database.ts";
import type { EndedCall, Turn } from "../src/records/call_record.ts";
import { writeCall } from "../src/records/call_writer.ts";
import { inTransaction } from "../src/records/migrations.ts";
import { launch, type Visit, visit } from "../tests/browser/chromium.ts";
import { ConsoleService } from "../tests/browser/console_service.ts";
import { demoCalls, sidOf } from "../tests/browser/demo_calls.ts";
import { randomFrom } from "../tests/support/random.ts";

const CALLS = Number(Deno.args[0] ?? 100_000);
const DAYS = 90;
const DAY_MS = 86_400_000;
/** The Overview draws four of six assistants in their own series, and the others together: its maximum. */
const ASSISTANTS = ["reception", "sales", "support", "billing", "returns", "recepcion"];
/** Responses in a call, each with its latency. */
const RESPONSES = 10;
const CLICKS = 10;

const random = randomFrom(1);
const samples = demoCalls(1_000, 0);

/** The overview reads no texts; without them the file is written in seconds. */
function response(_: unknown, at: number): Turn {
  const latency = { modelMs: 300 + random() * 500, sendMs: 1 + random(), playbackMs: 60 + random() * 100 };
  return { speaker: "assistant", atMs: at * 10_000, heardMs: 4_000, totalMs: 4_000, latency };
}

/** @param now The time of the last call (ms since 1970). */
function storedCall(at: number, now: number): EndedCall[] {
  const sample = samples[at % samples.length];
  if (!sample) return [];
  const startedAt = now - DAYS * DAY_MS * at / CALLS;
  return [{
    ...sample,
    callSid: sidOf(at + 1),
    assistant: ASSISTANTS[Math.floor(random() ** 2 * ASSISTANTS.length)] ?? "",
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(startedAt + sample.seconds * 1_000).toISOString(),
    turns: Array.from({ length: RESPONSES }, response),
  }];
}

function createDatabase(path: string): void {
  const now = Date.now();
  const db = openCallDatabase(path);
  // Oldest first, as in operation.
  inTransaction(db, () => {
    for (let at = CALLS - 1; at >= 0; at--) storedCall(at, now).forEach((call) => writeCall(db, call));
  });
  db.close();
}

/** One visit to the Overview. */
interface Measurement {
  /** From the click until two frames after the last change of the document (ms). */
  readonly drawnMs: number;
  /** From the request of `/api/stats` to the end of its response (ms). */
  readonly statsMs: number;
  readonly responseBytes: number;
}

/** Clicks a link to the Overview; runs in the page. */
function clickAndMeasure(hash: string): Promise<Measurement> {
  performance.clearResourceTimings();
  const main = document.querySelector("main");
  const { promise, resolve } = Promise.withResolvers<Measurement>();
  const from = performance.now();
  let changes = 0;
  const observer = new MutationObserver(() => {
    const change = ++changes;
    requestAnimationFrame(() => requestAnimationFrame(() => finish(change)));
  });
  const finish = (change: number) => {
    const charts = Array.from(document.querySelectorAll(".plots svg"));
    const isDrawn = charts.length > 0 && charts.every((each) => each.childElementCount > 0);
    if (change !== changes || !isDrawn) return;
    observer.disconnect();
    const drawnMs = performance.now() - from;
    const request = performance.getEntriesByType("resource").find(({ name }) => name.includes("/api/stats"));
    if (!(request instanceof PerformanceResourceTiming)) throw new Error("No request of /api/stats");
    resolve({ drawnMs, statsMs: request.duration, responseBytes: request.decodedBodySize });
  };
  if (main) observer.observe(main, { subtree: true, childList: true, attributes: true, characterData: true });
  document.querySelector<HTMLAnchorElement>(`a[href="${hash}"]`)?.click();
  return promise;
}

/** Opens the list of calls, then the Overview, then its longest period. */
async function visitOverview(page: Visit["page"]): Promise<Record<string, Measurement>> {
  await page.locator('nav a[href="#calls"]').click();
  await page.waitForSelector(".call-rows li");
  const month = await page.evaluate(clickAndMeasure, "#overview");
  return { "30 days": month, "90 days": await page.evaluate(clickAndMeasure, "#overview/90") };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const folder = await Deno.makeTempDir({ prefix: "parley-overview-" });
try {
  const begin = performance.now();
  createDatabase(`${folder}/calls.db`);
  console.log(`${CALLS} calls written in ${((performance.now() - begin) / 1_000).toFixed(0)} s`);
  await using service = await ConsoleService.start({ env: { DATA_DIR: folder } });
  const browser = await launch();
  try {
    await using visited = await visit(browser, { origin: service.origin, microphone: false });
    await visited.page.goto(service.page("#calls"));
    const visits: Record<string, Measurement>[] = [];
    for (let n = 0; n < CLICKS; n++) visits.push(await visitOverview(visited.page));
    for (const period of Object.keys(visits[0] ?? {})) {
      const of = (key: keyof Measurement) => visits.map((each) => each[period]?.[key] ?? 0);
      const show = (key: "statsMs" | "drawnMs") =>
        `${median(of(key)).toFixed(0)} ms (maximum ${Math.max(...of(key)).toFixed(0)})`;
      const kibibytes = (median(of("responseBytes")) / 1024).toFixed(0);
      console.log(
        `${period}: /api/stats ${show("statsMs")}, ${kibibytes} KiB; click to drawn ${show("drawnMs")}`,
      );
    }
  } finally {
    await browser.close();
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
