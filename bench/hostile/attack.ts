/** Whom it is aimed at, and all the secrets one has to know to forge well. */
export interface Target {
  readonly port: number;
  readonly publicUrl: string;
  readonly authToken: string;
  readonly adminToken: string;
  /** Calls in progress, and the tokens their streams have used. */
  readonly victims: readonly { readonly callSid: string; readonly token: string }[];
}

/** What an attack should lead to. */
export interface Expected {
  /** How much each adds to which of the service's counters; `ledger.ts` names them. */
  readonly counted: Readonly<Record<string, number>>;
  /** What may come back; see {@linkcode Attack.make}. */
  readonly answers: readonly string[];
}

/** One kind of bad input. */
export interface Attack extends Expected {
  readonly name: string;
  /** How many times it is made in a full run. */
  readonly times: number;
  /** Bad requests or frames in each. */
  readonly size: number;
  /** Throughout: made at once, and over when all others are. At the end: made when those in between are done. */
  readonly when: "throughout" | "between" | "at the end";
  /** Takes longer than a second, by the service's own limits. */
  readonly slow: boolean;
  /** Makes the `n`th; never throws. Returns what came back. `over` is when all attacks are. */
  make(n: number, over: Promise<void>): Promise<string>;
}

/** An attack of one request or frame, made in between and soon over, unless said otherwise. */
export function attack(
  name: string,
  times: number,
  expected: Expected,
  make: Attack["make"],
  otherwise: Partial<Pick<Attack, "size" | "when" | "slow">> = {},
): Attack {
  return { name, times, ...expected, make, size: 1, when: "between", slow: false, ...otherwise };
}

/** It is answered so, and counted once. */
export function refused(counter: string, ...answers: string[]): Expected {
  return { counted: { [counter]: 1 }, answers };
}

/** The HTTP server below the service deals with it, or it is no refusal. */
export function uncounted(...answers: string[]): Expected {
  return { counted: {}, answers };
}

/** What became of the attacks of one kind. */
export interface Made extends Pick<Attack, "name" | "size" | "counted"> {
  times: number;
  /** How often each answer came. */
  readonly answers: Record<string, number>;
  /** Those of them that should not have come. */
  readonly odd: Record<string, number>;
}

/** How to make them. */
export interface AssaultOptions {
  /** Of the times of each attack: 1 is all, and of each kind there is at least one. */
  readonly share: number;
  /** Time over which those in between are spread (ms). */
  readonly spreadMs: number;
  readonly progress?: (made: number, of: number) => void;
}

/** Makes all attacks, in an order that is mixed and always the same. Returns when the last one is over. */
export async function assault(
  attacks: readonly Attack[],
  { share, spreadMs, progress }: AssaultOptions,
): Promise<Made[]> {
  const all = attacks.flatMap((attack) => {
    const { name, size, counted } = attack;
    const made: Made = { name, size, counted, times: 0, answers: {}, odd: {} };
    const times = Math.max(1, Math.round(attack.times * share));
    return Array.from({ length: times }, (_, n) => ({ attack, made, n }));
  });
  const over = Promise.withResolvers<void>();
  let done = 0;
  const make = async ({ attack, made, n }: typeof all[number]) => {
    const answer = await attack.make(n, over.promise);
    made.times++;
    count(made.answers, answer);
    if (!attack.answers.includes(answer)) count(made.odd, answer);
    progress?.(++done, all.length);
  };
  const those = (when: Attack["when"]) => all.filter(({ attack }) => attack.when === when);

  const throughout = those("throughout").map(make);
  const between = mixed(those("between"));
  const startedAt = performance.now();
  const under: Promise<void>[] = [];
  for (const [i, next] of between.entries()) {
    const early = startedAt + i / between.length * spreadMs - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    under.push(make(next));
  }
  await Promise.all(under);
  await Promise.all(those("at the end").map(make));
  over.resolve();
  await Promise.all(throughout);
  return [...new Set(all.map(({ made }) => made))];
}

function count(counts: Record<string, number>, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

/** In the order of random keys, from Park and Miller's "minimal standard" generator. */
function mixed<Item>(items: readonly Item[]): Item[] {
  let seed = 20_000;
  const keyed = items.map((item) => ({ item, key: seed = seed * 48_271 % 2_147_483_647 }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
}
