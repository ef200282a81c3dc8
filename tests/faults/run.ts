/**
 * Breaks the lines of calls in progress and measures what the caller notices: `deno task faults`.
 *
 * Exits with 1 if a target is missed. Run it on a machine with little else to do.
 */

import { parseArgs } from "node:util";
import { withFaults, withRandom } from "../../docs/generate/reliability.ts";
import { readPage, renderPage, ROOT } from "../../docs/generate/page.ts";
import { type Cell, cellName, runCell } from "./cell.ts";
import { faultName, faultsOf, PHASES, type Side } from "./fault.ts";
import type { Measurement } from "./measurement.ts";
import { walk } from "../random/random_walk.ts";
import { judge } from "./targets.ts";

const USAGE =
  `deno task faults [--side model|twilio] [--phase PHASE,…] [--fault "NAME,…"] [--jobs N] [--page FILE] [--write]
deno task faults --random STEPS [--seed N] [--write]

  --page FILE  also write the page to FILE
  --write      also write it to docs/reliability.md; only for a run of all cells
  --random     let STEPS random events happen in calls on a fake clock, instead of breaking lines
`;
/** A cell that misses a target while timers were this late (ms) says little: it is repeated. */
const REPEAT_LAG_MS = 150;
const REPEATS = 3;
const PAGE = "docs/reliability.md";
const COMMAND = ["deno task faults", ...Deno.args].join(" ");
/** Cells at a time. They wait for most of their time. */
const JOBS = 12;
/** Time between the starts of two cells (ms). */
const APART_MS = 300;

const SIDES: readonly Side[] = ["model", "twilio"];

function cellsOf(sides: string | undefined, phases: string | undefined, faults: string | undefined): Cell[] {
  const isChosen = (choice: string | undefined, name: string) =>
    choice === undefined || choice.split(",").some((chosen) => chosen.trim() === name);
  return SIDES.filter((side) => isChosen(sides, side)).flatMap((side) =>
    PHASES.filter((phase) => isChosen(phases, phase)).flatMap((phase) =>
      faultsOf(side, phase)
        .filter((fault) => fault.kind === "none" || isChosen(faults, faultName(fault)))
        .map((fault) => ({ side, phase, fault }))
    )
  );
}

/** Runs `work` for each item, `jobs` at a time. A start costs much time of the processor, so starts are apart. */
async function inParallel<Item>(
  items: readonly Item[],
  jobs: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let mayStart = Promise.resolve();
  const start = () => mayStart = mayStart.then(() => new Promise((resolve) => setTimeout(resolve, APART_MS)));
  await Promise.all(Array.from({ length: jobs }, async () => {
    for (const item of queue) {
      await start();
      await work(item);
    }
  }));
}

/** Replaces earlier results of a cell only by ones that were less disturbed. */
async function measureCells(
  cells: readonly Cell[],
  jobs: number,
  results: Map<Cell, Measurement>,
  failures: Map<Cell, string>,
): Promise<void> {
  await inParallel(cells, jobs, async (cell) => {
    try {
      const measured = await runCell(cell);
      console.log(`${cellName(cell)}: ${measured.outcome}, lag ${measured.lagMs} ms`);
      if (measured.lagMs <= (results.get(cell)?.lagMs ?? Infinity)) results.set(cell, measured);
    } catch (error) {
      failures.set(cell, String(error instanceof Error ? error.stack : error));
    }
  });
}

/** Renders the results so far. */
async function savePage(
  cells: readonly Cell[],
  results: ReadonlyMap<Cell, Measurement>,
  path: string | undefined,
): Promise<string> {
  // In the order of the table, whatever ended first.
  const sorted = new Map(cells.flatMap((cell) => {
    const measured = results.get(cell);
    return measured ? [[cell, measured] as const] : [];
  }));
  const run = { results: sorted, missed: judge(sorted), command: COMMAND };
  const rendered = await renderPage({ path: PAGE, render: () => withFaults(readPage(PAGE), run) });
  if (path !== undefined) await Deno.writeTextFile(path, rendered);
  return rendered;
}

async function walkAtRandom(steps: number, seed: number, write: boolean): Promise<number> {
  console.log(`${steps} random events with seed ${seed}`);
  const { calls } = await walk(seed, steps);
  console.log(`${calls} calls kept every invariant.`);
  if (!write) return 0;
  const run = { steps, seed, calls, command: COMMAND };
  const rendered = await renderPage({ path: PAGE, render: () => withRandom(readPage(PAGE), run) });
  await Deno.writeTextFile(new URL(PAGE, ROOT), rendered);
  return 0;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      side: { type: "string" },
      phase: { type: "string" },
      fault: { type: "string" },
      jobs: { type: "string", default: String(JOBS) },
      page: { type: "string" },
      write: { type: "boolean", default: false },
      random: { type: "string" },
      seed: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.random !== undefined) {
    const seed = Number(values.seed ?? Date.now() % 2 ** 31);
    return await walkAtRandom(Number(values.random), seed, values.write);
  }
  const cells = cellsOf(values.side, values.phase, values.fault);
  if (values.help || cells.length === 0) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const results = new Map<Cell, Measurement>();
  const failures = new Map<Cell, string>();
  await measureCells(cells, Number(values.jobs), results, failures);
  for (let i = 0; i < REPEATS; i++) {
    const disturbed = [...judge(results)].filter(([cell, broken]) =>
      broken.length > 0 && (results.get(cell)?.lagMs ?? 0) > REPEAT_LAG_MS
    ).map(([cell]) => cell);
    if (disturbed.length === 0) break;
    console.log(`Repeats ${disturbed.length} cells, because this machine was busy.`);
    await savePage(cells, results, values.page);
    await measureCells(disturbed, Math.ceil(Number(values.jobs) / 2), results, failures);
  }
  const rendered = await savePage(cells, results, values.page);
  if (values.write) await Deno.writeTextFile(new URL(PAGE, ROOT), rendered);
  const judged = judge(results);
  const missed = [...judged].filter(([, broken]) => broken.length > 0);
  for (const [cell, broken] of missed) console.log(`MISSED ${cellName(cell)}: ${broken.join("; ")}`);
  for (const [cell, problem] of failures) console.log(`FAILED ${cellName(cell)}: ${problem}`);
  console.log(`${results.size} cells, ${missed.length} miss a target, ${failures.size} could not run.`);
  return missed.length + failures.size > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main());
