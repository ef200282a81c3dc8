/** Processes beside this one: where they run, and what they use. Linux. */

/** Of /proc/PID/stat; Linux has 100 of them a second on every machine Deno runs on. */
const TICK_MS = 10;
export const ROOT = new URL("../../", import.meta.url).pathname;

/** Cores: what is measured has one, what measures another; the attackers have a third where there is one. */
export interface Cores {
  readonly service: number;
  readonly attackers: number;
}

/** Pins this process to the first core; undefined, and nothing pinned, without a second core or `taskset`. */
export async function pinBench(): Promise<Cores | undefined> {
  const count = navigator.hardwareConcurrency;
  if (count < 2) return undefined;
  const args = ["-acp", "0", `${Deno.pid}`];
  const pinning = new Deno.Command("taskset", { args, stdout: "null", stderr: "null" }).output();
  const { success } = await pinning.catch(() => ({ success: false }));
  return success ? { service: 1, attackers: count > 2 ? 2 : 0 } : undefined;
}

/** How to start a program of Deno. */
export interface StartOptions {
  /** What comes after `deno run`. */
  readonly args: readonly string[];
  readonly core: number | undefined;
  /** Below everybody else on its core. */
  readonly nice?: boolean;
  readonly env?: Record<string, string>;
}

/** Starts a program of Deno in the checkout; its standard input and output are piped. */
export async function startDeno(
  { args, core, nice = false, env = {} }: StartOptions,
): Promise<Deno.ChildProcess> {
  const [program = "", ...rest] = [
    ...(core === undefined ? [] : ["taskset", "-c", `${core}`]),
    ...(nice ? ["nice", "-n", "19"] : []),
    ...[Deno.execPath(), "run", "--quiet", ...await mirrorFlags(), ...args],
  ];
  return new Deno.Command(program, { args: rest, env, cwd: ROOT, stdin: "piped", stdout: "piped" }).spawn();
}

/** The command line's flags where JSR cannot be reached; see .mirror/flags.ts. */
async function mirrorFlags(): Promise<string[]> {
  const args = ["run", "-q", "--no-config", "--no-lock", "-A", ".mirror/flags.ts"];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stderr: "null" }).output();
  return new TextDecoder().decode(stdout).split(/\s+/).filter(Boolean);
}

/** User and system time a process has used (ms), all threads; with that of children it has waited for, if asked for. */
export async function cpuMs(pid: number, { children = false } = {}): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The name before may hold anything but the last parenthesis. Fields 14 and 15 are its own, 16 and 17 the children's.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(11, children ? 15 : 13);
  return TICK_MS * fields.reduce((sum, field) => sum + Number(field), 0);
}

/** What all cores together have worked (ms). */
export async function machineCpuMs(): Promise<number> {
  const [all = ""] = (await Deno.readTextFile("/proc/stat")).split("\n");
  const [user, nice, system, , , irq, softirq] = all.split(/\s+/).slice(1).map(Number);
  return TICK_MS * [user, nice, system, irq, softirq].reduce((sum: number, each) => sum + (each ?? NaN), 0);
}

/** Memory of a process that is not swapped out (MB). */
export async function residentMb(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return 1_024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1e6;
}

/** A port nobody listens on. */
export function freePort(): number {
  using probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return probe.addr.port;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
