/** What a soak watches in its own process, which runs the service and nothing else. */

/** Memory at one moment (MB). */
export interface MemorySample {
  readonly minute: number;
  readonly rssMb: number;
  /** The lowest of the minute, so without most of the garbage. */
  readonly heapMb: number;
  readonly sockets: number;
}

/** Interval of the samples (ms). */
const SAMPLE_MS = 2_000;
const SAMPLES_A_MINUTE = 60_000 / SAMPLE_MS;
const MB = 2 ** 20;

/** Samples memory and sockets, and counts rejections that nobody handles. */
export class ProcessWatch implements Disposable {
  readonly minutes: MemorySample[] = [];
  unhandledRejections = 0;
  #samples: { readonly rss: number; readonly heapUsed: number }[] = [];
  readonly #timer = setInterval(() => this.#sample(), SAMPLE_MS);
  readonly #onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    this.unhandledRejections++;
    console.error("Unhandled rejection:", event.reason);
  };

  constructor() {
    addEventListener("unhandledrejection", this.#onRejection);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    removeEventListener("unhandledrejection", this.#onRejection);
  }

  #sample(): void {
    this.#samples.push(Deno.memoryUsage());
    if (this.#samples.length < SAMPLES_A_MINUTE) return;
    const lowest = (values: number[]) => Math.round(Math.min(...values) / MB * 10) / 10;
    this.minutes.push({
      minute: this.minutes.length + 1,
      rssMb: lowest(this.#samples.map(({ rss }) => rss)),
      heapMb: lowest(this.#samples.map(({ heapUsed }) => heapUsed)),
      sockets: openSockets(),
    });
    this.#samples = [];
    console.log(JSON.stringify(this.minutes.at(-1)));
  }
}

/** Open sockets of this process; 0 where the system does not list them. */
export function openSockets(): number {
  try {
    return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
      try {
        return Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith("socket:");
      } catch {
        return false;
      }
    }).length;
  } catch {
    return 0;
  }
}
