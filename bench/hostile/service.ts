import type { ServiceAddress } from "./good_calls.ts";
import { type Counters, readCounters } from "./counters.ts";
import { cpuMs, freePort, pause, residentMb, startDeno } from "./process.ts";

const SECRETS = { authToken: "0123456789abcdef0123456789abcdef", adminToken: "hostile-bench-admin-token" };
const PUBLIC_URL = "https://phone.example.com";
/** Timeout of the service's start and stop (ms). */
const TIMEOUT_MS = 20_000;
const BUCKET = /^parley_event_loop_delay_seconds_bucket\{le="([\d.]+)"\} (\d+)$/gm;

/** Measurements of the service, from /metrics and /proc. */
export interface ServiceReading {
  readonly counters: Counters;
  readonly residentMb: number;
  /** V8 heap in use (MB). */
  readonly heapUsedMb: number;
  readonly connectedCalls: number;
  readonly cpuMs: number;
  /** Cumulative histogram of timer delays: upper bound (s) and count. */
  readonly eventLoop: readonly (readonly [boundSeconds: number, count: number])[];
}

/** The service in its own process, in production mode, with this machine as a trusted proxy. */
export class ServiceProcess {
  readonly address: ServiceAddress & { readonly adminToken: string };
  /** Number of log lines. */
  logLines = 0;
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  private constructor(process: Deno.ChildProcess, port: number) {
    this.#process = process;
    this.address = { port, publicUrl: PUBLIC_URL, ...SECRETS };
    this.#reading = this.#readLog();
  }

  /** Starts the service, or `program` instead, and waits until it responds. */
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
      // The attacks need more than production's defaults.
      MAX_CALLS: "none",
      CALLS_PER_CALLER_AND_HOUR: "none",
      MAX_USD_PER_DAY: "none",
      ...settings,
    };
    const args = program ?? ["-P", "--no-prompt", "main.ts", "serve"];
    const service = new ServiceProcess(await startDeno({ args, core, env }), port);
    const deadline = performance.now() + TIMEOUT_MS;
    while (!await service.#answers()) {
      if (performance.now() > deadline) throw new Error("Cannot measure: the service did not start");
      await pause(50);
    }
    return service;
  }

  get pid(): number {
    return this.#process.pid;
  }

  async read(): Promise<ServiceReading> {
    // From another address than the token guesses, which the service blocks.
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

  /** Stops the service; returns its exit code and the time this took (ms). */
  async stop(): Promise<{ readonly code: number; readonly ms: number }> {
    const from = performance.now();
    this.#process.kill("SIGTERM");
    const timeout = setTimeout(() => this.#process.kill("SIGKILL"), TIMEOUT_MS);
    const { code } = await this.#process.status;
    clearTimeout(timeout);
    await this.#reading;
    return { code, ms: performance.now() - from };
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

/** The smallest histogram bound that no timer between two readings exceeded (ms). */
export function eventLoopDelayMs(before: ServiceReading, after: ServiceReading): number {
  const added = after.eventLoop.map(([, count], i) => count - (before.eventLoop[i]?.[1] ?? 0));
  const [bound = NaN] = after.eventLoop[added.indexOf(Math.max(...added))] ?? [];
  return 1_000 * bound;
}
