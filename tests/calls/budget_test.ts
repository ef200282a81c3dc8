import { assert, assertEquals } from "@std/assert";
import type { BudgetLimits } from "../../src/assistants/call_assistant.ts";
import { Budget } from "../../src/calls/budget.ts";
import { createPseudonym } from "../../src/calls/pseudonym.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { randomFrom } from "../support/random.ts";

import { FakeClock } from "../support/fake_clock.ts";
import { MemoryFile } from "../support/memory_file.ts";
import { settle } from "../support/wait_until.ts";

const ANN = "+15551230000";
const BOB = "+15551230001";
const PSEUDONYM = createPseudonym(new Uint8Array(32));
/** The fake clock starts one second after midnight. */
const DAY_MS = 86_400_000;

function setUp({ file = new MemoryFile(), clock = new FakeClock() } = {}) {
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "json", write: (line) => lines.push(line) });
  return { clock, file, lines, spending: new Budget({ clock, log, pseudonym: PSEUDONYM, file }) };
}

/** Results of a call's meter for these amounts. */
function meterAll(spending: Budget, limits: BudgetLimits, amounts: number[], caller = ANN): string[] {
  return amounts.map(spending.meter(caller, limits));
}

Deno.test("Budget reports 80 % and 100 % of a call's limit once each", () => {
  const cases: [limit: number | undefined, amounts: number[], expected: string][] = [
    [1, [0.5, 0.299999, 0.000001, 0.1, 0.099999, 0.000001, 1], "ok ok warn ok ok over ok"],
    [1, [0.5, 2, 2], "ok over ok"],
    [0.3, [0.1, 0.1, 0.1], "ok ok over"],
    [undefined, [1e6, 1e6], "ok ok"],
  ];
  for (const [perCall, amounts, expected] of cases) {
    assertEquals(
      meterAll(setUp().spending, { perCall }, amounts).join(" "),
      expected,
      `${perCall}: ${amounts}`,
    );
  }
});

Deno.test("Budget adds up exactly", () => {
  const { spending } = setUp();
  // As floating-point numbers, these are 0.9999999999999999.
  assertEquals(meterAll(spending, { perCall: 1 }, Array(10).fill(0.1)).at(-1), "over");
  assertEquals(spending.exhaustedLimit(ANN, { perDay: 1 }), "day");
  assertEquals(spending.exhaustedLimit(ANN, { perDay: 1.000001 }), undefined);
});

Deno.test("Budget is exhausted for a caller at the caller's daily limit, and for all at the day's limit", () => {
  const { spending } = setUp();
  const limits = { perCallerDay: 3, perDay: 5 };
  const verdicts = () => [ANN, BOB, "anonymous"].map((caller) => spending.exhaustedLimit(caller, limits));
  meterAll(spending, limits, [2.999999]);
  assertEquals(verdicts(), [undefined, undefined, undefined]);
  meterAll(spending, limits, [0.000001]);
  assertEquals(verdicts(), ["caller", undefined, undefined]);
  meterAll(spending, limits, [2], BOB);
  assertEquals(verdicts(), ["caller", "day", "day"]);
  assertEquals(spending.exhaustedLimit(ANN, {}), undefined);
});

Deno.test("Budget reports over when another call exhausts the caller's or the day's limit", () => {
  const { spending } = setUp();
  const limits = { perCallerDay: 3, perDay: 10 };
  const first = spending.meter(ANN, limits);
  const second = spending.meter(ANN, limits);
  assertEquals([first(2), second(0.4), first(0.1), second(0.5)], ["ok", "warn", "warn", "over"]);
  const bob = spending.meter(BOB, limits);
  spending.meter("+1", {})(6.5);
  assertEquals([bob(0.3), bob(0.2)], ["warn", "over"]);
});

Deno.test("Budget warns at 80 % of the budget left at the start of the call", () => {
  const { spending } = setUp();
  meterAll(spending, {}, [9]);
  assertEquals(meterAll(spending, { perDay: 10 }, [0.1, 0.6, 0.1, 0.2]), ["ok", "ok", "warn", "over"]);
  // A call that started with nothing left, such as an outbound call.
  assertEquals(meterAll(spending, { perDay: 10 }, [0.01]), ["over"]);
});

Deno.test("Budget starts each UTC day at 0, even during a call", () => {
  const { clock, spending } = setUp();
  const limits = { perCallerDay: 3, perDay: 5 };
  const meter = spending.meter(ANN, limits);
  meter(2);
  clock.advance(DAY_MS - clock.now() - 1);
  assertEquals([meter(1), spending.exhaustedLimit(ANN, limits)], ["over", "caller"]);
  clock.advance(1);
  assertEquals(spending.exhaustedLimit(ANN, limits), undefined);
  meter(2.9);
  assertEquals(spending.exhaustedLimit(ANN, limits), undefined);
  meter(0.1);
  assertEquals(spending.exhaustedLimit(ANN, limits), "caller");
});

Deno.test("Budget keeps the day's sums across a restart", async () => {
  const { clock, file, spending } = setUp();
  meterAll(spending, {}, [2]);
  meterAll(spending, {}, [1], BOB);
  await spending.close();
  assertEquals([file.writes, clock.pending], [1, 0]);

  const again = setUp({ file, clock });
  const limits = { perCallerDay: 2, perDay: 3 };
  assertEquals([ANN, BOB].map((caller) => again.spending.exhaustedLimit(caller, limits)), ["caller", "day"]);
  clock.advance(DAY_MS);
  const nextDay = setUp({ file, clock });
  assertEquals(nextDay.spending.exhaustedLimit(ANN, limits), undefined);
  assertEquals([again.lines, nextDay.lines, file.corrupt], [[], [], []]);
});

Deno.test("Budget writes at most every 10 s, and only after changes", async () => {
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

Deno.test("Budget runs one write at a time and writes later changes after it or on close", async () => {
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
  assertEquals(setUp({ file, clock }).spending.exhaustedLimit(ANN, { perDay: 2 }), "day");
});

Deno.test("Budget retries a failed write", async () => {
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

Deno.test("Budget renames a corrupt file with a warning and starts at 0", async () => {
  const stateText = (more: object) =>
    JSON.stringify({ date: "2026-01-01", total: 5e6, callers: {}, ...more });
  const hash = "0".repeat(64);
  const texts = [
    "",
    "{",
    "[]",
    "null",
    stateText({ date: "today" }),
    stateText({ total: -1 }),
    stateText({ total: 1.5 }),
    stateText({ total: "5" }),
    stateText({ total: 1e300 }),
    stateText({ callers: [1] }),
    stateText({ callers: { [ANN]: 1 } }),
    stateText({ callers: { [hash]: -1 } }),
    stateText({ callers: { [hash]: null } }),
    stateText({}).replace("5000000", "1e999"),
  ];
  for (const text of texts) {
    const { file, lines, spending } = setUp({ file: new MemoryFile(text) });
    assertEquals([file.corrupt, lines.length], [[text], 1], text);
    assert(lines[0]?.includes('"warn"'), lines[0]);
    assertEquals(spending.exhaustedLimit(ANN, { perCallerDay: 0.01, perDay: 0.01 }), undefined, text);
    spending.meter(ANN, {})(1);
    await spending.close();
    assert(file.text?.includes("1000000"), text);
  }
  const good = setUp({ file: new MemoryFile(stateText({ callers: { [hash]: 5e6 } })) });
  assertEquals([good.spending.exhaustedLimit(ANN, { perDay: 5 }), good.lines], ["day", []]);
});

Deno.test("Budget starts at 0 when the file cannot be read", () => {
  const file = new MemoryFile("{}");
  file.failure = new Error("permission denied");
  const { lines, spending } = setUp({ file });
  assertEquals([lines.length, spending.exhaustedLimit(ANN, { perDay: 0.01 })], [1, undefined]);
});

Deno.test("Budget stores 10,000 callers by pseudonym and evicts the one who spent longest ago", async () => {
  const { file, spending } = setUp();
  const limits = { perCallerDay: 1 };
  const early = spending.meter("+1", limits);
  for (const caller of ["+1", "+2"]) meterAll(spending, limits, [1], caller);
  for (let i = 0; i < 9_998; i++) meterAll(spending, limits, [1], `+49${i}`);
  early(0.5);
  meterAll(spending, limits, [1], BOB);
  assertEquals(["+1", "+2", BOB].map((caller) => spending.exhaustedLimit(caller, limits)), [
    "caller",
    undefined,
    "caller",
  ]);
  await spending.close();
  const state: { callers: Record<string, number> } = JSON.parse(file.text ?? "");
  assertEquals(Object.keys(state.callers).length, 10_000);
  assertEquals(state.callers[PSEUDONYM(BOB)], 1_000_000);
  assert(!file.text?.includes("+1"));
});

Deno.test("Budget sums stay non-negative integers, whatever is added", async () => {
  const next = randomFrom(5);
  // deno-fmt-ignore
  const odd = [NaN, Infinity, -Infinity, -1, -1e-9, -0, 0, 5e-324, 1e-7, 1e300, Number.MAX_VALUE, 9e9, 1e9, 0.1];
  for (let round = 0; round < 200; round++) {
    const { file, spending } = setUp();
    const meters = [ANN, BOB].map((caller) => spending.meter(caller, { perCall: 1, perDay: 2 }));
    for (let i = 0; i < 30; i++) {
      const usd = next() < 0.5
        ? odd[Math.floor(next() * odd.length)] ?? 0
        : (next() - 0.2) * 10 ** (next() * 8 - 6);
      meters[Math.floor(next() * 2)]?.(usd);
    }
    await spending.close();
    const state = file.text === undefined ? { total: 0, callers: {} } : JSON.parse(file.text);
    for (const sum of [state.total, ...Object.values(state.callers)]) {
      assert(Number.isSafeInteger(sum) && sum >= 0, `${sum}`);
    }
  }
});

Deno.test("Budget keeps today's sums when the system clock is a day or two wrong for a while", async () => {
  const { clock, file, spending } = setUp();
  spending.meter(ANN, {})(5);
  const limits = { perDay: 5, perCallerDay: 5 };
  for (const ms of [DAY_MS, -2 * DAY_MS]) {
    clock.setWallClock(ms);
    assertEquals(spending.exhaustedLimit(ANN, limits), undefined, "another day");
    spending.meter(BOB, {})(1);
  }
  clock.setWallClock(DAY_MS);
  assertEquals(spending.exhaustedLimit(ANN, limits), "caller");
  assertEquals(spending.exhaustedLimit(BOB, { perDay: 5 }), "day");
  await spending.close();
  const { spending: next } = setUp({ file, clock });
  assertEquals(next.exhaustedLimit(BOB, { perDay: 5 }), "day");
});

Deno.test("Budget file names callers by a pseudonym that needs the installation's key", async () => {
  const { file, spending } = setUp();
  spending.meter(ANN, {})(1);
  await spending.close();
  const [name = ""] = Object.keys(JSON.parse(file.text ?? "").callers);
  const plain = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(ANN))).toHex();
  const otherPseudonyms = [plain, createPseudonym(new Uint8Array(32).fill(1))(ANN)];
  assertEquals([PSEUDONYM(ANN) === name, otherPseudonyms.includes(name)], [true, false]);
});
