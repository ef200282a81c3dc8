import { assert, assertEquals } from "@std/assert";
import { Budget, type BudgetLimits } from "../../src/calls/budget.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { random } from "../audio/sound.ts";
import { FakeClock } from "../support/fake_clock.ts";

const ANN = "+15551230000";
const BOB = "+15551230001";
/** The fake clock begins one second after midnight. */
const DAY_MS = 86_400_000;

/** A file in memory, and what was done to it. */
class MemoryFile {
  text: string | undefined;
  broken: string[] = [];
  writes = 0;
  /** Whether a write began before another had ended. */
  overlapped = false;
  #writing = false;
  /** What the next reads and writes throw. */
  failure: Error | undefined;
  /** What writes wait for. */
  gate: Promise<void> = Promise.resolve();

  constructor(text?: string) {
    this.text = text;
  }

  read(): string | undefined {
    if (this.failure) throw this.failure;
    return this.text;
  }

  async write(text: string): Promise<void> {
    this.writes++;
    this.overlapped ||= this.#writing;
    this.#writing = true;
    await this.gate;
    this.#writing = false;
    if (this.failure) throw this.failure;
    this.text = text;
  }

  setAside(): void {
    this.broken.push(this.text ?? "");
    this.text = undefined;
  }
}

function setUp({ file = new MemoryFile(), clock = new FakeClock() } = {}) {
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "json", write: (line) => lines.push(line) });
  return { clock, file, lines, spending: new Budget({ clock, log, file }) };
}

/** What a call hears as it adds these amounts. */
function hears(spending: Budget, limits: BudgetLimits, amounts: number[], caller = ANN): string[] {
  return amounts.map(spending.meter(caller, limits));
}

/** Lets writes that were begun end. */
const settle = () => new Promise<void>((resolve) => setTimeout(resolve));

Deno.test("Budget warns a call at 80 % of its limit and tells when it is over, once each", () => {
  const cases: [limit: number | undefined, amounts: number[], hears: string[]][] = [
    [1, [0.5, 0.299999, 0.000001, 0.1, 0.099999, 0.000001, 1], [
      "ok",
      "ok",
      "warn",
      "ok",
      "ok",
      "over",
      "ok",
    ]],
    [1, [0.5, 2, 2], ["ok", "over", "ok"]],
    [0.3, [0.1, 0.1, 0.1], ["ok", "ok", "over"]],
    [undefined, [1e6, 1e6], ["ok", "ok"]],
  ];
  for (const [perCall, amounts, expected] of cases) {
    assertEquals(hears(setUp().spending, { perCall }, amounts), expected, `${perCall}: ${amounts}`);
  }
});

Deno.test("Budget adds up exactly", () => {
  const { spending } = setUp();
  // As floating-point numbers, these are 0.9999999999999999.
  assertEquals(hears(spending, { perCall: 1 }, Array(10).fill(0.1)).at(-1), "over");
  assertEquals(spending.refuse(ANN, { perDay: 1 }), "day");
  assertEquals(spending.refuse(ANN, { perDay: 1.000001 }), undefined);
});

Deno.test("Budget refuses the caller who has spent a day's money, and everybody when all have", () => {
  const { spending } = setUp();
  const limits = { perCallerDay: 3, perDay: 5 };
  const verdicts = () => [ANN, BOB, "anonymous"].map((caller) => spending.refuse(caller, limits));
  hears(spending, limits, [2.999999]);
  assertEquals(verdicts(), [undefined, undefined, undefined]);
  hears(spending, limits, [0.000001]);
  assertEquals(verdicts(), ["caller", undefined, undefined]);
  hears(spending, limits, [2], BOB);
  assertEquals(verdicts(), ["caller", "day", "day"]);
  assertEquals(spending.refuse(ANN, {}), undefined);
});

Deno.test("Budget ends a call whose caller or day is over the limit, by whichever call", () => {
  const { spending } = setUp();
  const limits = { perCallerDay: 3, perDay: 10 };
  const first = spending.meter(ANN, limits);
  const second = spending.meter(ANN, limits);
  assertEquals([first(2), second(0.4), first(0.1), second(0.5)], ["ok", "warn", "warn", "over"]);
  const bob = spending.meter(BOB, limits);
  spending.meter("+1", {})(6.5);
  assertEquals([bob(0.3), bob(0.2)], ["warn", "over"]);
});

Deno.test("Budget warns late calls of a day by what was left for them", () => {
  const { spending } = setUp();
  hears(spending, {}, [9]);
  assertEquals(hears(spending, { perDay: 10 }, [0.1, 0.6, 0.1, 0.2]), ["ok", "ok", "warn", "over"]);
  // Begun although nothing was left, as an outbound call may be.
  assertEquals(hears(spending, { perDay: 10 }, [0.01]), ["over"]);
});

Deno.test("Budget begins each UTC day with nothing, also for a call that goes on", () => {
  const { clock, spending } = setUp();
  const limits = { perCallerDay: 3, perDay: 5 };
  const meter = spending.meter(ANN, limits);
  meter(2);
  clock.advance(DAY_MS - clock.now() - 1);
  assertEquals([meter(1), spending.refuse(ANN, limits)], ["over", "caller"]);
  clock.advance(1);
  assertEquals(spending.refuse(ANN, limits), undefined);
  meter(2.9);
  assertEquals(spending.refuse(ANN, limits), undefined);
  meter(0.1);
  assertEquals(spending.refuse(ANN, limits), "caller");
});

Deno.test("Budget survives a restart, within its day", async () => {
  const { clock, file, spending } = setUp();
  hears(spending, {}, [2]);
  hears(spending, {}, [1], BOB);
  await spending.close();
  assertEquals([file.writes, clock.pending], [1, 0]);

  const again = setUp({ file, clock });
  const limits = { perCallerDay: 2, perDay: 3 };
  assertEquals([ANN, BOB].map((caller) => again.spending.refuse(caller, limits)), ["caller", "day"]);
  clock.advance(DAY_MS);
  const nextDay = setUp({ file, clock });
  assertEquals(nextDay.spending.refuse(ANN, limits), undefined);
  assertEquals([again.lines, nextDay.lines, file.broken], [[], [], []]);
});

Deno.test("Budget writes at most every 10 s, and nothing where nothing was spent", async () => {
  const { clock, file, spending } = setUp();
  const meter = spending.meter(ANN, {});
  clock.advance(60_000);
  for (let times = 0; times < 30; times++) {
    meter(0.01);
    clock.advance(2_000);
    await settle();
  }
  assertEquals(file.writes, 6);
  clock.advance(60_000);
  await settle();
  assertEquals([file.writes, clock.pending], [6, 0]);
  await spending.close();
  assertEquals(file.writes, 6);
  meter(1);
  assertEquals(clock.pending, 0);
});

Deno.test("Budget writes once at a time, and what came meanwhile afterwards, or when it is closed", async () => {
  const { clock, file, spending } = setUp();
  const gate = Promise.withResolvers<void>();
  file.gate = gate.promise;
  const meter = spending.meter(ANN, {});
  meter(1);
  clock.advance(10_000);
  meter(1);
  clock.advance(60_000);
  assertEquals(file.writes, 1);
  const closed = spending.close();
  gate.resolve();
  await closed;
  assertEquals([file.writes, file.overlapped, clock.pending], [2, false, 0]);
  assertEquals(setUp({ file, clock }).spending.refuse(ANN, { perDay: 2 }), "day");
});

Deno.test("Budget tries again when it could not write", async () => {
  const { clock, file, lines, spending } = setUp();
  spending.meter(ANN, {})(1);
  file.failure = new Error("disk full");
  clock.advance(10_000);
  await settle();
  assertEquals([lines.length, file.text], [1, undefined]);
  assert(lines[0]?.includes('"warn"') && lines[0].includes("disk full"), lines[0]);
  file.failure = undefined;
  clock.advance(10_000);
  await settle();
  assert(file.text);
  await spending.close();
  assertEquals([lines.length, clock.pending], [1, 0]);
});

Deno.test("Budget sets a broken file aside with a warning, and begins at nothing", async () => {
  const kept = (more: object) => JSON.stringify({ date: "2026-01-01", total: 5e6, callers: {}, ...more });
  const hash = "0".repeat(64);
  const texts = [
    "",
    "{",
    "[]",
    "null",
    kept({ date: "today" }),
    kept({ total: -1 }),
    kept({ total: 1.5 }),
    kept({ total: "5" }),
    kept({ total: 1e300 }),
    kept({ callers: [1] }),
    kept({ callers: { [ANN]: 1 } }),
    kept({ callers: { [hash]: -1 } }),
    kept({ callers: { [hash]: null } }),
    kept({}).replace("5000000", "1e999"),
  ];
  for (const text of texts) {
    const { file, lines, spending } = setUp({ file: new MemoryFile(text) });
    assertEquals([file.broken, lines.length], [[text], 1], text);
    assert(lines[0]?.includes('"warn"'), lines[0]);
    assertEquals(spending.refuse(ANN, { perCallerDay: 0.01, perDay: 0.01 }), undefined, text);
    spending.meter(ANN, {})(1);
    await spending.close();
    assert(file.text?.includes("1000000"), text);
  }
  const good = setUp({ file: new MemoryFile(kept({ callers: { [hash]: 5e6 } })) });
  assertEquals([good.spending.refuse(ANN, { perDay: 5 }), good.lines], ["day", []]);
});

Deno.test("Budget begins at nothing where the file cannot be read", () => {
  const file = new MemoryFile("{}");
  file.failure = new Error("permission denied");
  const { lines, spending } = setUp({ file });
  assertEquals([lines.length, spending.refuse(ANN, { perDay: 0.01 })], [1, undefined]);
});

Deno.test("Budget keeps callers by their SHA-256 alone, 10,000 of them, and forgets who spent longest ago", async () => {
  const { file, spending } = setUp();
  const limits = { perCallerDay: 1 };
  const early = spending.meter("+1", limits);
  for (const caller of ["+1", "+2"]) hears(spending, limits, [1], caller);
  for (let i = 0; i < 9_998; i++) hears(spending, limits, [1], `+49${i}`);
  early(0.5);
  hears(spending, limits, [1], BOB);
  assertEquals(["+1", "+2", BOB].map((caller) => spending.refuse(caller, limits)), [
    "caller",
    undefined,
    "caller",
  ]);
  await spending.close();
  const kept: { callers: Record<string, number> } = JSON.parse(file.text ?? "");
  assertEquals(Object.keys(kept.callers).length, 10_000);
  // printf %s +15551230001 | sha256sum
  assertEquals(kept.callers["b3595101de7d3cc8ac158ba4aecddd157507a59cf1476b13d0cfe3df677a637d"], 1_000_000);
  assert(!file.text?.includes("+1"));
});

Deno.test("Budget stays a whole number, not below zero, whatever is added", async () => {
  const next = random(5);
  const odd = [
    NaN,
    Infinity,
    -Infinity,
    -1,
    -1e-9,
    -0,
    0,
    5e-324,
    1e-7,
    1e300,
    Number.MAX_VALUE,
    9e9,
    1e9,
    0.1,
  ];
  for (let round = 0; round < 200; round++) {
    const { file, spending } = setUp();
    const meters = [ANN, BOB].map((caller) => spending.meter(caller, { perCall: 1, perDay: 2 }));
    let bad = 0;
    for (let i = 0; i < 30; i++) {
      const usd = next() < 0.5
        ? odd[Math.floor(next() * odd.length)] ?? 0
        : (next() - 0.2) * 10 ** (next() * 8 - 6);
      if (!(usd >= 0) || usd > 9e9) bad++;
      meters[Math.floor(next() * 2)]?.(usd);
    }
    assertEquals(spending.ignored, bad);
    await spending.close();
    const kept = file.text === undefined ? { total: 0, callers: {} } : JSON.parse(file.text);
    for (const sum of [kept.total, ...Object.values(kept.callers)]) {
      assert(Number.isSafeInteger(sum) && sum >= 0, `${sum}`);
    }
  }
});
