import { systemClock } from "../../src/clock.ts";
import { pause } from "../../src/simulator/twilio/pause.js";
import type { LoadCounts, LoadUrls } from "./load.ts";
import { type MemorySample, openSockets, ProcessWatch } from "./process_watch.ts";
import { SoakService } from "./soak_service.ts";

export interface SoakOptions {
  /** Calls at a time. */
  readonly calls: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface SoakResult extends LoadCounts {
  readonly options: SoakOptions;
  readonly memory: readonly MemorySample[];
  readonly records: number;
  readonly resumed: number;
  readonly byReason: Record<string, number>;
  /** More than before the first call, after the last one. */
  readonly socketsLeft: number;
  readonly timersLeft: number;
  readonly callsLeft: number;
  readonly unhandledRejections: number;
  readonly errors: Record<string, number>;
}

/** How long sockets and timers of the last calls may take to end (ms): those of a line that stands still take the longest. */
const SETTLE_MS = 30_000;

/** Runs the service in this process, and its callers and their model in another one. */
export async function soak(options: SoakOptions, loadFlags: readonly string[]): Promise<SoakResult> {
  using watch = new ProcessWatch();
  const load = new LoadProcess(options, loadFlags);
  const urls: LoadUrls = JSON.parse(await load.readLine());
  const service = new SoakService(urls);
  // Of the service without calls: its daily timers, and what it listens on.
  await pause(systemClock, 500, new AbortController().signal);
  const [idleTimers, idleSockets] = [service.clock.pending, openSockets()];
  await load.writeLine(service.server.url);
  await load.ended();
  const left = () => ({
    socketsLeft: openSockets() - idleSockets,
    timersLeft: service.clock.pending - idleTimers,
  });
  for (const until = systemClock.now() + SETTLE_MS; systemClock.now() < until;) {
    const { socketsLeft, timersLeft } = left();
    if (socketsLeft <= 0 && timersLeft <= 0) break;
    await pause(systemClock, 250, new AbortController().signal);
  }
  const atEnd = { ...left(), callsLeft: await callsLeft(service.server.url) };
  await load.writeLine("report");
  const counts: LoadCounts = JSON.parse(await load.readLine());
  await load.end();
  const stored = await service.stop();
  return {
    options,
    ...counts,
    ...stored,
    ...atEnd,
    memory: watch.minutes,
    unhandledRejections: watch.unhandledRejections,
    resumed: service.resumed,
    errors: Object.fromEntries(service.errors),
  };
}

/** What is wrong with a result; empty for a good one. */
export function findProblems(result: SoakResult): string[] {
  const problems: string[] = [];
  const check = (kept: boolean, problem: string) => kept || problems.push(problem);
  check(result.calls > 0 && result.answers > 0, "no call was answered");
  check(result.records === result.calls, `${result.records} records of ${result.calls} calls`);
  check(result.reported === result.calls, `${result.reported} webhooks of ${result.calls} calls`);
  check(result.reportedTwice <= result.resumed, `${result.reportedTwice} webhooks came twice`);
  check(result.callsLeft === 0, `${result.callsLeft} calls left`);
  check(result.socketsLeft <= 0, `${result.socketsLeft} sockets left`);
  check(result.timersLeft <= 0, `${result.timersLeft} timers left`);
  check(result.unhandledRejections === 0, `${result.unhandledRejections} unhandled rejections`);
  return problems;
}

async function callsLeft(serviceUrl: string): Promise<number> {
  const metrics = await (await fetch(`${serviceUrl}/metrics`)).text();
  return Number(/^parley_calls(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1] ?? NaN);
}

/** The process of `load.ts`. */
class LoadProcess {
  readonly #process: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #rest = "";

  constructor({ calls, seconds, seed }: SoakOptions, flags: readonly string[]) {
    const program = new URL("load.ts", import.meta.url).pathname;
    const args = [
      "run",
      ...flags,
      "-qA",
      program,
      `--calls=${calls}`,
      `--seconds=${seconds}`,
      `--seed=${seed}`,
    ];
    this.#process = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#writer = this.#process.stdin.getWriter();
  }

  async readLine(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error("The load has ended too early");
      this.#rest += value;
    }
    const [line = "", ...rest] = this.#rest.split("\n");
    this.#rest = rest.join("\n");
    return line;
  }

  async writeLine(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${text}\n`));
  }

  /** Connections of broken lines may keep it from ending by itself. */
  async end(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }

  /** The callers have hung up. */
  async ended(): Promise<void> {
    await this.readLine();
  }
}
