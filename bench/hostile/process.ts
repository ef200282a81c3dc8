/** Starts and measures other processes. Linux only. */

import { packageFlags } from "../package_flags.ts";

/** Clock tick of /proc/PID/stat (ms): 100 ticks a second on every machine Deno supports. */
const TICK_MS = 10;
export const ROOT = new URL("../../", import.meta.url).pathname;

/** Core numbers; the bench runs on core 0, the attackers on a third core if there is one. */
export interface Cores {
  readonly service: number;
  readonly attackers: number;
}

/** Pins this process to core 0. Returns undefined, and pins nothing, without a second core or `taskset`. */
export async function pinBench(): Promise<Cores | undefined> {
  const count = navigator.hardwareConcurrency;
  if (count < 2) return undefined;
  const args = ["-acp", "0", `${Deno.pid}`];
  const pinning = new Deno.Command("taskset", { args, stdout: "null", stderr: "null" }).output();
  const { success } = await pinning.catch(() => ({ success: false }));
  return success ? { service: 1, attackers: count > 2 ? 2 : 0 } : undefined;
}

/** How to start a Deno program. */
export interface StartOptions {
  /** Arguments of `deno run`. */
  readonly args: readonly string[];
  readonly core: number | undefined;
  /** Lowest priority on its core. */
  readonly nice?: boolean;
  readonly env?: Record<string, string>;
}

/** Starts a Deno program in the checkout with piped standard input and output. */
export async function startDeno(
  { args, core, nice = false, env = {} }: StartOptions,
): Promise<Deno.ChildProcess> {
  const [program = "", ...rest] = [
    ...(core === undefined ? [] : ["taskset", "-c", `${core}`]),
    ...(nice ? ["nice", "-n", "19"] : []),
    ...[Deno.execPath(), "run", "--quiet", ...await packageFlags(), ...args],
  ];
  return new Deno.Command(program, { args: rest, env, cwd: ROOT, stdin: "piped", stdout: "piped" }).spawn();
}

/** User and system CPU time of a process with all its threads (ms); `children` adds those it has waited for. */
export async function cpuMs(pid: number, { children = false } = {}): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The process name may contain parentheses. Fields 14 and 15 are its own times, 16 and 17 those of its children.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, children ? 15 : 13);
  return TICK_MS * fields.reduce((sum, field) => sum + Number(field), 0);
}

/** CPU time of all cores together (ms). */
export async function machineCpuMs(): Promise<number> {
  const [all = ""] = (await Deno.readTextFile("/proc/stat")).split("\n");
  const [user, nice, system, , , irq, softirq] = all.split(/\s+/).slice(1).map(Number);
  return TICK_MS * [user, nice, system, irq, softirq].reduce((sum: number, each) => sum + (each ?? NaN), 0);
}

/** Resident memory of a process (MB). */
export async function residentMb(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return 1_024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1e6;
}

/** A free TCP port. */
export function freePort(): number {
  using probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return probe.addr.port;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
