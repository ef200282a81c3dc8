import { assert, assertEquals } from "@std/assert";
import { Budget } from "../../src/calls/budget.ts";
import type { CallsOptions } from "../../src/calls/calls.ts";
import { CarrierPrices } from "../../src/calls/carrier_prices.ts";
import { createPseudonym } from "../../src/calls/pseudonym.ts";
import type { CarrierCharge } from "../../src/call/call_event_stream.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { CallRig, SALES } from "../support/call_rig.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { message } from "../support/fake_socket.ts";
import { MemoryFile } from "../support/memory_file.ts";
import { settle } from "../support/wait_until.ts";

const ANN = "+15551230000";
const BOB = "+15551230001";
const TO = "+15559870000";
const PSEUDONYM = createPseudonym(new Uint8Array(32));
/** Prices of a minute (US dollars). */
const PRICES = new Map([["in", 1], ["out", 10], ["stream", 0]]);
const LIMITED = { costLimits: { perDay: 1_000 } };

/** Processes that run one after the other on the same files. Nothing of a killed one runs on. */
class Processes {
  readonly #texts = new Map<string, string>();
  #files = new Map<string, MemoryFile>();
  /** Time since the first process started, at the start of the present one (ms). */
  #startedAfter = 0;
  rig = new CallRig();
  charged: [callSid: string, charge: CarrierCharge][] = [];

  /** Kills the process, and starts the next one. */
  async start(downMs = 0, options: Partial<CallsOptions> = {}): Promise<CallRig> {
    await settle();
    this.#startedAfter += this.rig.clock.now() - new FakeClock().now() + downMs;
    for (const [name, { text }] of this.#files) if (text !== undefined) this.#texts.set(name, text);
    this.#files = new Map();
    this.charged = [];
    const stateFile = (name: string) => {
      const file = new MemoryFile(this.#texts.get(name));
      this.#files.set(name, file);
      return file;
    };
    const log = createLog({ level: "warn", format: "json", write() {} });
    const clock = new FakeClock();
    clock.setWallClock(this.#startedAfter);
    const spending = new Budget({ clock, log, pseudonym: PSEUDONYM, file: stateFile("spending.json") });
    this.rig = new CallRig(
      {
        stateFile,
        spending,
        carrierPrices: new CarrierPrices(PRICES, log),
        recorder: { record() {}, endRecording() {} },
        onCharged: (...charged) => this.charged.push(charged),
        ...options,
      },
      { recording: {}, destinations: [SALES], ...LIMITED },
      clock,
    );
    return this.rig;
  }

  /** Waits until changes are written: 10 s. */
  async written(): Promise<void> {
    await settle();
    this.rig.clock.advance(10_000);
    await settle();
  }

  /** A call of this number is admitted, or why not. */
  call(callSid: string, from = ANN): string {
    const announced = this.rig.calls.announce({ callSid, from, to: TO }, this.rig.assistant);
    return "refused" in announced ? announced.refused : "admitted";
  }

  /** CA1 talks to sales. */
  transfer(): void {
    const { rig } = this;
    const { socket } = rig.connect("CA1");
    rig.calls.find("CA1")?.transfer("sales");
    rig.clock.advance(3_000);
    socket.receive(message("stop"));
    rig.calls.dialled.startTransfer("CA1", SALES);
    rig.calls.transferAnswered("CA1");
  }
}

Deno.test("Recording stays paused when the call comes back to another process", async () => {
  const processes = new Processes();
  const first = await processes.start();
  first.connect("CA1");
  first.calls.find("CA1")?.setRecording(false);
  const second = await processes.start(5_000);
  const { session } = second.connect("CA1");
  assertEquals(second.calls.find("CA1")?.record.recording?.state, "paused");
  assertEquals(session.options?.mayLogContent?.(), false);
  second.clock.advance(1_000);
  second.calls.find("CA1")?.setRecording(true);
  assertEquals(second.calls.find("CA1")?.record.events.at(-1)?.ms, 6_000, "the whole pause");
  second.connect("CA2");
  assertEquals(second.calls.find("CA2")?.record.recording?.state, "on");
  const third = await processes.start();
  third.connect("CA1");
  assertEquals(third.calls.find("CA1")?.record.recording?.state, "on");
});

Deno.test("Calls per number and day, and per caller and hour, are counted across a restart", async () => {
  const processes = new Processes();
  const rules = { denied: [], maxPerCallerHour: 2, maxPerNumberDay: 3 };
  await processes.start(0, { rules });
  assertEquals([processes.call("CA1"), processes.call("CA2")], ["admitted", "admitted"]);
  await processes.written();
  await processes.start(1_000, { rules });
  assertEquals(processes.call("CA3"), "caller rate limit");
  assertEquals(processes.call("CA2"), "admitted", "the same call, which came back");
  assertEquals(processes.call("CA4", BOB), "admitted");
  processes.rig.clock.advance(3_600_000);
  assertEquals(processes.call("CA5"), "admitted");
  await processes.written();
  await processes.start(3_600_000, { rules });
  assertEquals(processes.call("CA6"), "number day limit");
  await processes.start(24 * 3_600_000, { rules });
  assertEquals(processes.call("CA7"), "admitted");
});

Deno.test("Caller who talks to a destination keeps place, minutes and budget across kill -9, until Twilio reports the end", async () => {
  const processes = new Processes();
  const rules = { denied: [], maxCalls: 1 };
  await processes.start(0, { rules });
  processes.transfer();
  // The caller's and the destination's first minute; the file is written within 10 s.
  await processes.written();
  const rig = await processes.start(75_000, { rules });
  assertEquals(rig.calls.places, 1);
  assertEquals(processes.call("CA2", BOB), "full");
  const isSpent = (perDay: number) => rig.calls.isOverBudget(BOB, { costLimits: { perDay } });
  // 88 s after the start of the call, and 85 s after the destination answered: two minutes of each.
  assertEquals([isSpent(2 * 1 + 2 * 10), isSpent(2 * 1 + 2 * 10 + 1)], [true, false]);
  rig.clock.advance(40_000);
  assertEquals([isSpent(3 * 1 + 3 * 10), isSpent(3 * 1 + 3 * 10 + 1)], [true, false]);
  rig.calls.dialled.end("CA1", 130);
  assertEquals(
    processes.charged,
    [["CA1", { usd: 2 + 2 * 10, minutes: 2 + 2 }]],
    "the first minutes are in the record",
  );
  assertEquals([rig.calls.places, processes.call("CA2", BOB)], [0, "admitted"]);
  await processes.written();
  const third = await processes.start(0, { rules });
  assertEquals(third.calls.places, 0, "it is not kept any longer");
});

Deno.test("Transferred caller of a stopped process keeps the place until the time limit of the <Dial>", async () => {
  const processes = new Processes();
  const rules = { denied: [], maxCalls: 1 };
  const first = await processes.start(0, { rules, maxTransferSeconds: 600 });
  processes.transfer();
  first.clock.advance(65_000);
  await first.calls.close();
  assertEquals(processes.charged, [["CA1", { usd: 1 + 10, minutes: 1 + 1 }]]);
  const second = await processes.start(5_000, { rules, maxTransferSeconds: 600 });
  assertEquals(second.calls.places, 1);
  assertEquals(processes.charged, []);
  second.clock.advance(600_000);
  assertEquals(second.calls.places, 0);
  assert(second.clock.pending <= 1, "no timer is left");
});
