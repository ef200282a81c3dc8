/**
 * Calls that come and go for a long time, with barge-ins, tools, transfers and broken lines: `deno task soak`.
 *
 * Exits with 1 if anything is left over afterwards, or a call has not exactly one record and one webhook.
 */

import { parseArgs } from "node:util";
import { readPage, renderPage, ROOT } from "../../docs/generate/page.ts";
import { withSoak } from "../../docs/generate/reliability.ts";
import { findProblems, soak } from "./soak.ts";

const USAGE = `deno task soak [--minutes N] [--calls N] [--seed N] [--write]

  --minutes  how long calls are placed; default 60
  --calls    calls at a time; default 100
  --write    also write the result to docs/reliability.md
`;
const PAGE = "docs/reliability.md";

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "60" },
      calls: { type: "string", default: "100" },
      seed: { type: "string", default: "1" },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const [calls, seconds, seed] = [Number(values.calls), Number(values.minutes) * 60, Number(values.seed)];
  if (values.help || !(calls > 0) || !(seconds > 0)) {
    console.log(USAGE);
    return values.help ? 0 : 2;
  }
  const flags = readFlags();
  const result = await soak({ calls, seconds, seed }, flags);
  const problems = findProblems(result);
  console.log(JSON.stringify(result, undefined, 1));
  for (const problem of problems) console.log(`MISSED ${problem}`);
  if (values.write) {
    const page = await renderPage({ path: PAGE, render: () => withSoak(readPage(PAGE), result, problems) });
    await Deno.writeTextFile(new URL(PAGE, ROOT), page);
  }
  return problems.length > 0 ? 1 : 0;
}

/** The flags that say where packages come from, for the other process. */
function readFlags(): string[] {
  try {
    return Deno.readTextFileSync(new URL(".mirror/choice/test", ROOT)).trim().split(/\s+/);
  } catch {
    return [];
  }
}

if (import.meta.main) Deno.exit(await main());
