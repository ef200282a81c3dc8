/**
 * Bad requests and frames of every kind against the running service, while good calls go on. Linux, better with two cores.
 * What it measures and how to read it: bench/README.md.
 *
 *     deno run $(deno run -q --no-config --no-lock --allow-net --allow-env=JSR_URL .mirror/flags.ts) -A bench/hostile/hostile.ts
 */

import { parseArgs } from "node:util";
import type { Made, Target } from "./attack.ts";
import type { Line, Order } from "./attacker.ts";
import { attacksOn } from "./attacks.ts";
import { type Cost, measureCosts } from "./cost.ts";
import { spreadOf } from "./delays.ts";
import { GoodCalls } from "./good_calls.ts";
import { settle } from "./ledger.ts";
import { cpuMs, machineCpuMs, pause, pinBench, startDeno } from "./process.ts";
import { findings, type Measured, type Outcome, tables } from "./report.ts";
import { eventLoopDelayMs, ServiceProcess } from "./service.ts";
import { exchange } from "./wire.ts";

const USAGE = `bench/hostile/hostile.ts: what bad input does to good calls

  --count N     bad requests and frames in all (20000)
  --seconds N   time over which they are spread (40)
  --calls N     good calls (20)
  --quiet N     length of the windows without an attack, seconds (12)
  --rounds N    attacks, one after the other (1)
  --json FILE   write all figures
  --no-cost     leave out what a refused socket costs
  --help        print this`;

/** Good calls need so long to find their pace (ms). */
const WARM_UP_MS = 3_000;
/** Connections that are held while the service stops. */
const HELD = 50;

const say = (text: string) => console.error(text);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      count: { type: "string", default: "20000" },
      seconds: { type: "string", default: "40" },
      calls: { type: "string", default: "20" },
      quiet: { type: "string", default: "12" },
      rounds: { type: "string", default: "1" },
      json: { type: "string" },
      "no-cost": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const cores = await pinBench();
  if (!cores) say("Everything shares its cores: the delays say little.");
  const calls = new GoodCalls();
  const service = await ServiceProcess.start(calls.modelUrl, cores?.service);
  await calls.place(Number(values.calls), service.address);
  const target: Target = { ...service.address, victims: calls.victims };
  const all = (await attacksOn(target)).reduce((sum, { times, size }) => sum + times * size, 0);
  const spreadMs = Number(values.seconds) * 1_000;
  const order: Order = { target, share: Number(values.count) / all, spreadMs };
  await pause(WARM_UP_MS);

  const measured: Measured[] = [];
  const measure = async <Result>(name: string, what: () => Promise<Result>): Promise<Result> => {
    say(name);
    // What this process and those it has started used, but for the service.
    const ownMs = () => cpuMs(Deno.pid, { children: true });
    const [before, machine, own, from] = [
      await service.read(),
      await machineCpuMs(),
      await ownMs(),
      Date.now(),
    ];
    const window = calls.window(name);
    const result = await what();
    calls.window("between");
    const [ms, after] = [Date.now() - from, await service.read()];
    const serviceMs = after.cpuMs - before.cpuMs;
    measured.push({
      window,
      seconds: ms / 1_000,
      residentMb: after.residentMb,
      heapUsedMb: after.heapUsedMb,
      eventLoopDelayMs: eventLoopDelayMs(before, after),
      cpuShare: serviceMs / ms,
      foreignShare: (await machineCpuMs() - machine - (await ownMs() - own) - serviceMs) / ms,
    });
    return result;
  };

  const quiet = () => pause(Number(values.quiet) * 1_000);
  const first = await service.read();
  await measure("quiet", quiet);
  await measure("attack on a decoy", () => attackDecoy(order, cores?.attackers));
  await measure("quiet again", quiet);
  const made: Made[] = [];
  let logLines = 0;
  for (let round = 1; round <= Number(values.rounds); round++) {
    const nth = round > 1 ? ` ${round}` : "";
    const linesBefore = service.logLines;
    made.push(...await measure(`attack${nth}`, () => attack(order, cores?.attackers)));
    logLines = Math.max(logLines, service.logLines - linesBefore);
    await measure(`quiet after attack${nth}`, quiet);
  }
  const last = await service.read();

  say("stop, with connections held");
  const held = { holdUntil: pause(WARM_UP_MS) };
  const connections = Array.from(
    { length: HELD },
    (_, n) => exchange(target.port, n % 2 ? "" : "GET / HTTP/1.1\r\nhost: x\r\n", held),
  );
  const talking = { placed: Number(values.calls), inService: last.connectedCalls, ended: calls.ended };
  await calls.hangUp();
  const stopped = await service.stop();
  await Promise.all(connections);
  await calls[Symbol.asyncDispose]();

  if (!values["no-cost"]) say("cost of a socket");
  const costs: Cost[] = values["no-cost"] ? [] : await measureCosts(cores?.service);
  const ledger = settle(made, first.counters, last.counters);
  const outcome: Outcome = { measured, made, ledger, calls: talking, logLines, stopped, costs };
  const problems = findings(outcome);
  console.log(tables(outcome));
  console.log(
    `\nAt most ${logLines} lines of log in an attack. Stopped with code ${stopped.code} after ${
      stopped.ms.toFixed(0)
    } ms.`,
  );
  console.log(problems.map((problem) => `WRONG: ${problem}`).join("\n") || "All as it should be.");
  if (values.json) await Deno.writeTextFile(values.json, figures(outcome, problems));
  return problems.length === 0 ? 0 : 1;
}

/** JSON, with the spread of each window's delays in place of the delays. */
function figures(outcome: Outcome, problems: readonly string[]): string {
  const measured = outcome.measured.map(({ window, ...rest }) => {
    const { name, sent, voiceSent, lost } = window;
    const [toModel, toCaller, slip] = [window.toModel, window.toCaller, window.slip].map(spreadOf);
    return { name, sent, voiceSent, lost, toModel, toCaller, slip, ...rest };
  });
  return JSON.stringify({ ...outcome, measured, problems }, null, 2);
}

/** Has the attacker make all attacks. */
async function attack(order: Order, core: number | undefined): Promise<readonly Made[]> {
  const process = await startDeno({ args: ["-A", "bench/hostile/attacker.ts"], core, nice: true });
  const input = process.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(order)));
  await input.close();
  let rest = "";
  let made: readonly Made[] | undefined;
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const told: Line = JSON.parse(line);
      if (told.type === "done") made = told.made;
      else say(`  ${told.made} of ${told.of}`);
    }
  }
  await process.status;
  if (!made) throw new Error("Cannot measure: the attacker broke; what it said is above");
  return made;
}

/** The same attacks on a server that does nothing: what they do to the machine by themselves. */
async function attackDecoy(order: Order, core: number | undefined): Promise<void> {
  const decoy = await startDeno({ args: ["-A", "bench/hostile/decoy.ts"], core, nice: true });
  const lines = decoy.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const port = Number((await lines.read()).value);
  await attack({ ...order, target: { ...order.target, port } }, core);
  decoy.kill("SIGTERM");
  await decoy.status;
  await lines.cancel();
}

if (import.meta.main) Deno.exit(await main());
