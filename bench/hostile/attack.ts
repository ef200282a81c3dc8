/** The attacked service, with the secrets that a good forgery needs. */
export interface Target {
  readonly port: number;
  readonly publicUrl: string;
  readonly authToken: string;
  readonly adminToken: string;
  /** Calls in progress, and the tokens their streams have used. */
  readonly victims: readonly { readonly callSid: string; readonly token: string }[];
}

/** Expected effect of one attack. */
export interface Expected {
  /** Increments of the service's counters, by the names in `counters.ts`. */
  readonly counted: Readonly<Record<string, number>>;
  /** Expected results of {@linkcode Attack.make}. */
  readonly answers: readonly string[];
}

/** One kind of malformed or forged input. */
export interface Attack extends Expected {
  readonly name: string;
  /** Number of times in a full run. */
  readonly times: number;
  /** Requests or frames in each. */
  readonly size: number;
  /** "throughout": all start first and last until the others are done. "spread": spread over the run. "last": all start after the others. */
  readonly when: "throughout" | "spread" | "last";
  /** Takes longer than 1 s because of the service's own time limits. */
  readonly slow: boolean;
  /** Makes the `n`th attack; never throws. Returns the result, e.g. an HTTP status. `allDone` resolves when the run ends. */
  make(n: number, allDone: Promise<void>): Promise<string>;
}

/** An attack; by default of one request or frame, spread over the run and quick. */
export function attack(
  name: string,
  times: number,
  expected: Expected,
  make: Attack["make"],
  overrides: Partial<Pick<Attack, "size" | "when" | "slow">> = {},
): Attack {
  return { name, times, ...expected, make, size: 1, when: "spread", slow: false, ...overrides };
}

/** Refused with one of these answers and counted once. */
export function refused(counter: string, ...answers: string[]): Expected {
  return { counted: { [counter]: 1 }, answers };
}

/** Not counted: handled by Deno's HTTP server, or not refused. */
export function uncounted(...answers: string[]): Expected {
  return { counted: {}, answers };
}

/** Result of all attacks of one kind. */
export interface AttackResult extends Pick<Attack, "name" | "size" | "counted"> {
  times: number;
  /** Number of times by answer. */
  readonly answers: Record<string, number>;
  /** Those among them that were not expected. */
  readonly unexpected: Record<string, number>;
}

/** How to run the attacks. */
export interface RunOptions {
  /** Share of each attack's times, from 0 to 1; at least one attack of each kind is made. */
  readonly share: number;
  /** Time over which the "spread" attacks are spread (ms). */
  readonly spreadMs: number;
  readonly progress?: (done: number, total: number) => void;
}

/** Makes all attacks in a fixed shuffled order. Returns when the last one is done. */
export async function runAttacks(
  attacks: readonly Attack[],
  { share, spreadMs, progress }: RunOptions,
): Promise<AttackResult[]> {
  const all = attacks.flatMap((attack) => {
    const { name, size, counted } = attack;
    const result: AttackResult = { name, size, counted, times: 0, answers: {}, unexpected: {} };
    const times = Math.max(1, Math.round(attack.times * share));
    return Array.from({ length: times }, (_, n) => ({ attack, result, n }));
  });
  const allDone = Promise.withResolvers<void>();
  let done = 0;
  const make = async ({ attack, result, n }: typeof all[number]) => {
    const status = await attack.make(n, allDone.promise);
    result.times++;
    count(result.answers, status);
    if (!attack.answers.includes(status)) count(result.unexpected, status);
    progress?.(++done, all.length);
  };
  const withTime = (when: Attack["when"]) => all.filter(({ attack }) => attack.when === when);

  const throughout = withTime("throughout").map(make);
  const spread = shuffled(withTime("spread"));
  const startedAt = performance.now();
  const running: Promise<void>[] = [];
  for (const [i, next] of spread.entries()) {
    const waitMs = startedAt + i / spread.length * spreadMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    running.push(make(next));
  }
  await Promise.all(running);
  await Promise.all(withTime("last").map(make));
  allDone.resolve();
  await Promise.all(throughout);
  return [...new Set(all.map(({ result }) => result))];
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** Shuffles with random keys from Park and Miller's "minimal standard" generator. */
function shuffled<Item>(items: readonly Item[]): Item[] {
  let seed = 20_000;
  const keyed = items.map((item) => ({ item, key: seed = seed * 48_271 % 2_147_483_647 }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
