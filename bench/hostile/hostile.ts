/**
 * Attack bench: malformed requests and frames of every kind against the running service while good calls go on. Linux, better
 * with two cores. bench/README.md describes the output.
 *
 *     deno run $(deno task -q packages test) -A bench/hostile/hostile.ts
 */

import { parseArgs } from "node:util";
import type { AttackResult, Target } from "./attack.ts";
import type { AttackerMessage, AttackOrder } from "./attacker.ts";
import { attacksAgainst } from "./attacks.ts";
import { measureCosts, type SocketCost } from "./cost.ts";
import { spreadOf } from "./measured_window.ts";
import { GoodCalls } from "./good_calls.ts";
import { compareCounters } from "./counters.ts";
import { cpuMs, machineCpuMs, pause, pinBench, startDeno } from "./process.ts";
import { findProblems, type Outcome, tables, type WindowReport } from "./report.ts";
import { eventLoopDelayMs, ServiceProcess } from "./service.ts";
import { startTwilioProbe } from "./twilio_probe.ts";
import { exchange } from "./wire.ts";

const USAGE = `bench/hostile/hostile.ts: malformed requests and frames beside running calls

  --count N     malformed requests and frames in total (20000)
  --seconds N   time over which they are spread (40)
  --calls N     good calls (20)
  --quiet N     length of the windows without an attack, seconds (12)
  --rounds N    consecutive attacks (1)
  --only TEXT   only attacks whose name contains this text; may be repeated
  --worst       the costliest requests, 100 a second beside 100 calls
  --json FILE   write all figures as JSON
  --no-cost     do not measure the cost of refused sockets
  --help        print this help`;

/** Time for the good calls to reach a steady state (ms). */
const WARM_UP_MS = 3_000;
/** Idle connections kept open while the service stops. */
const HELD_CONNECTIONS = 50;

/** The requests that cost the service the most before their sender is known. */
const WORST = {
  calls: "100",
  count: "4000",
  seconds: "40",
  only: [
    "form of 200 long names",
    "form of 3,000 names",
    "X-Forwarded-For of 8,000 entries",
    "headers of 60 kB",
    "handshake, not signed",
    "600 bodies from one address",
  ],
  "no-cost": true,
};

const printProgress = (text: string) => console.error(text);

async function main(): Promise<number> {
  const { values: flags } = parseArgs({
    options: {
      count: { type: "string", default: "20000" },
      seconds: { type: "string", default: "40" },
      calls: { type: "string", default: "20" },
      quiet: { type: "string", default: "12" },
      rounds: { type: "string", default: "1" },
      only: { type: "string", multiple: true, default: [""] },
      worst: { type: "boolean", default: false },
      json: { type: "string" },
      "no-cost": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const values = { ...flags, ...(flags.worst ? WORST : {}) };
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const cores = await pinBench();
  if (!cores) printProgress("Cannot pin to separate cores: delays are not comparable");
  const calls = new GoodCalls();
  const service = await ServiceProcess.start(calls.modelUrl, cores?.service);
  await calls.place(Number(values.calls), service.address);
  const target: Target = { ...service.address, victims: calls.victims };
  const { only } = values;
  const attacks = await attacksAgainst(target, only);
  const total = attacks.reduce((sum, { times, size }) => sum + times * size, 0);
  const spreadMs = Number(values.seconds) * 1_000;
  const order: AttackOrder = { target, share: Number(values.count) / total, spreadMs, only };
  await pause(WARM_UP_MS);

  const windows: WindowReport[] = [];
  const measure = async <Result>(name: string, what: () => Promise<Result>): Promise<Result> => {
    printProgress(name);
    // CPU of this process and its children except the service.
    const ownMs = () => cpuMs(Deno.pid, { children: true });
    const [before, machine, own, from] = [
      await service.read(),
      await machineCpuMs(),
      await ownMs(),
      Date.now(),
    ];
    const window = calls.startWindow(name);
    const stopProbe = startTwilioProbe(service.address);
    const result = await what();
    const probe = await stopProbe();
    calls.startWindow("between");
    const [ms, after] = [Date.now() - from, await service.read()];
    const serviceMs = after.cpuMs - before.cpuMs;
    windows.push({
      window,
      probe,
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
  const results: AttackResult[] = [];
  let logLines = 0;
  for (let round = 1; round <= Number(values.rounds); round++) {
    const nth = round > 1 ? ` ${round}` : "";
    const linesBefore = service.logLines;
    results.push(...await measure(`attack${nth}`, () => attack(order, cores?.attackers)));
    logLines = Math.max(logLines, service.logLines - linesBefore);
    await measure(`quiet after attack${nth}`, quiet);
  }
  const last = await service.read();

  printProgress("stop with open connections");
  const held = { holdUntil: pause(WARM_UP_MS) };
  const connections = Array.from(
    { length: HELD_CONNECTIONS },
    (_, n) => exchange(target.port, n % 2 ? "" : "GET / HTTP/1.1\r\nhost: x\r\n", held),
  );
  const goodCalls = { placed: Number(values.calls), inService: last.connectedCalls, ended: calls.ended };
  await calls.hangUp();
  const stopped = await service.stop();
  await Promise.all(connections);
  await calls[Symbol.asyncDispose]();

  if (!values["no-cost"]) printProgress("cost of a socket");
  const costs: SocketCost[] = values["no-cost"] ? [] : await measureCosts(cores?.service);
  const counters = compareCounters(results, first.counters, last.counters);
  const outcome: Outcome = { windows, results, counters, calls: goodCalls, logLines, stopped, costs };
  const problems = findProblems(outcome);
  console.log(tables(outcome));
  console.log(
    `\nAt most ${logLines} log lines in an attack. Stopped with code ${stopped.code} after ${
      stopped.ms.toFixed(0)
    } ms.`,
  );
  console.log(problems.map((problem) => `PROBLEM: ${problem}`).join("\n") || "No problems found.");
  if (values.json) await Deno.writeTextFile(values.json, figures(outcome, problems));
  return problems.length === 0 ? 0 : 1;
}

/** All figures (JSON); each window has the spread of its delays instead of the delays. */
function figures(outcome: Outcome, problems: readonly string[]): string {
  const windows = outcome.windows.map(({ window, ...rest }) => {
    const { name, sent, voiceSent, lost } = window;
    const [toModel, toCaller, slip] = [window.toModel, window.toCaller, window.senderDelay].map(spreadOf);
    return { name, sent, voiceSent, lost, toModel, toCaller, slip, ...rest };
  });
  return JSON.stringify({ ...outcome, windows, problems }, null, 2);
}

/** Runs all attacks in the attacker process. */
async function attack(order: AttackOrder, core: number | undefined): Promise<readonly AttackResult[]> {
  const process = await startDeno({ args: ["-A", "bench/hostile/attacker.ts"], core, nice: true });
  const input = process.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(order)));
  await input.close();
  let rest = "";
  let results: readonly AttackResult[] | undefined;
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const message: AttackerMessage = JSON.parse(line);
      if (message.type === "done") results = message.results;
      else printProgress(`  ${message.done} of ${message.total}`);
    }
  }
  await process.status;
  if (!results) throw new Error("Cannot measure: the attacker failed; its output is above");
  return results;
}

/** Runs the same attacks on a server that does nothing: shows what they alone cost the machine. */
async function attackDecoy(order: AttackOrder, core: number | undefined): Promise<void> {
  const decoy = await startDeno({ args: ["-A", "bench/hostile/decoy.ts"], core, nice: true });
  const lines = decoy.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const port = Number((await lines.read()).value);
  await attack({ ...order, target: { ...order.target, port } }, core);
  decoy.kill("SIGTERM");
  await decoy.status;
  await lines.cancel();
}

if (import.meta.main) Deno.exit(await main());
