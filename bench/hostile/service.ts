import type { Service as Address } from "./good_calls.ts";
import { type Counters, readCounters } from "./ledger.ts";
import { cpuMs, freePort, pause, residentMb, ROOT, startDeno } from "./process.ts";

const SECRETS = { authToken: "0123456789abcdef0123456789abcdef", adminToken: "hostile-bench-admin-token" };
const PUBLIC_URL = "https://phone.example.com";
/** The service has this long to start, and to stop once its calls are over (ms). */
const PATIENCE_MS = 20_000;
const BUCKET = /^parley_event_loop_delay_seconds_bucket\{le="([\d.]+)"\} (\d+)$/gm;

/** What the service says of itself, and the system of it. */
export interface Reading {
  readonly counters: Counters;
  readonly residentMb: number;
  /** Of the service's own heap (MB). */
  readonly heapUsedMb: number;
  readonly connectedCalls: number;
  readonly cpuMs: number;
  /** How often a timer was at most so late: upper bound (s), number. */
  readonly eventLoop: readonly (readonly [boundSeconds: number, count: number])[];
}

/** The service as it is started in production, in a process of its own behind a proxy on this machine. */
export class ServiceProcess {
  readonly address: Address & { readonly adminToken: string };
  /** Lines in its log. */
  logLines = 0;
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  private constructor(process: Deno.ChildProcess, port: number) {
    this.#process = process;
    this.address = { port, publicUrl: PUBLIC_URL, ...SECRETS };
    this.#reading = this.#readLog();
  }

  /** Starts it, or another program in its place, and waits until it answers. */
  static async start(
    modelUrl: string,
    core: number | undefined,
    settings: Record<string, string> = {},
    program?: readonly string[],
  ): Promise<ServiceProcess> {
    const port = freePort();
    const env = {
      APP_ENV: "production",
      HOST: "127.0.0.1",
      PORT: `${port}`,
      PUBLIC_URL,
      TWILIO_AUTH_TOKEN: SECRETS.authToken,
      ADMIN_TOKEN: SECRETS.adminToken,
      TRUSTED_PROXIES: "127.0.0.1",
      OPENAI_API_KEY: "sk-bench",
      OPENAI_REALTIME_URL: modelUrl,
      GREETING: "",
      LOG_LEVEL: "warn",
      ...settings,
    };
    const args = program ?? [...await permissions(), "main.ts", "serve"];
    const service = new ServiceProcess(await startDeno({ args, core, env }), port);
    const until = performance.now() + PATIENCE_MS;
    while (!await service.#answers()) {
      if (performance.now() > until) throw new Error("Cannot measure: the service did not start");
      await pause(50);
    }
    return service;
  }

  get pid(): number {
    return this.#process.pid;
  }

  async read(): Promise<Reading> {
    // Not from the address of those who guess at the token: it is refused whatever it sends.
    const headers = { authorization: `Bearer ${SECRETS.adminToken}`, "x-forwarded-for": "192.0.2.1" };
    const response = await fetch(`http://127.0.0.1:${this.address.port}/metrics`, { headers });
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot read the metrics: ${response.status} ${text}`);
    const one = (name: string) =>
      Number(text.split("\n").find((line) => line.startsWith(`${name} `))?.split(" ")[1]);
    const buckets = [...text.matchAll(BUCKET)];
    return {
      counters: readCounters(text),
      residentMb: await residentMb(this.pid),
      heapUsedMb: one('parley_memory_bytes{kind="heap_used"}') / 1e6,
      connectedCalls: one('parley_calls{state="connected"}'),
      cpuMs: await cpuMs(this.pid),
      eventLoop: buckets.map(([, bound, count]) => [Number(bound), Number(count)] as const),
    };
  }

  /** Asks it to stop; its exit code and how long that took (ms). */
  async stop(): Promise<{ readonly code: number; readonly ms: number }> {
    const asked = performance.now();
    this.#process.kill("SIGTERM");
    const impatience = setTimeout(() => this.#process.kill("SIGKILL"), PATIENCE_MS);
    const { code } = await this.#process.status;
    clearTimeout(impatience);
    await this.#reading;
    return { code, ms: performance.now() - asked };
  }

  async #answers(): Promise<boolean> {
    const response = await fetch(`http://127.0.0.1:${this.address.port}/healthz`).catch(() => undefined);
    await response?.body?.cancel();
    return response?.ok ?? false;
  }

  async #readLog(): Promise<void> {
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      this.logLines += text.split("\n").length - 1;
    }
  }
}

/** The permissions with which `deno task start` serves. */
async function permissions(): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${ROOT}deno.json`));
  const [, flags] = /(--no-prompt .*) main\.ts serve$/.exec(tasks.start.command) ?? [];
  if (!flags) throw new Error('Cannot start the service: "start" in deno.json has another form');
  return flags.replaceAll("'", "").split(" ");
}

/** The least bound (ms) under which all timers between two readings were. */
export function eventLoopDelayMs(before: Reading, after: Reading): number {
  const added = after.eventLoop.map(([, count], i) => count - (before.eventLoop[i]?.[1] ?? 0));
  const [bound = NaN] = after.eventLoop[added.indexOf(Math.max(...added))] ?? [];
  return 1_000 * bound;
}
