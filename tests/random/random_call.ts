import { z } from "zod";
import { defineTool } from "../../src/tools/tool.ts";
import { CallRig } from "../support/call_rig.ts";
import { type FakeSocket, message } from "../support/fake_socket.ts";
import { BrokenInvariant, callerFrame, CallInvariants } from "./call_invariants.ts";
import { RandomLine } from "./random_line.ts";
import { type CallIds, MAX_ITEMS, RandomServer } from "./random_server.ts";

const CALL_SID = "CA1";
const PAUSE = {
  mode: "pause",
  minMs: 600,
  decideMs: 800,
  overlapMs: 300,
  backchannels: ["mhm"],
  protectGreeting: false,
} as const;
/** By then every timer of a call has fired (ms). */
const AFTER_END_MS = 300_000;
/** How often each event is drawn; 1 for the others. */
const WEIGHTS: Record<string, number> = {
  "caller frames": 12,
  audio: 10,
  "session ready": 6,
  "response created": 6,
  "time passes": 5,
  "speech started": 2,
  "speech stopped": 4,
  "transcript": 2,
  "tool finishes": 3,
  "session lost": 0.5,
  "caller hangs up": 0.05,
  "stream lost": 0.05,
};

/** One call on a fake clock, with random events of the caller, of Twilio and of the model's server. */
export class RandomCall {
  ended = false;
  readonly #random: () => number;
  readonly #note: (event: string) => void;
  readonly #ids: CallIds = { items: 0, functions: 0 };
  readonly #servers: RandomServer[] = [];
  readonly #toolRuns = new Map<number, number>();
  readonly #tools: (() => void)[] = [];
  readonly #invariants = new CallInvariants();
  readonly #idleTimers: number;
  readonly #rig: CallRig;
  readonly #socket: FakeSocket;
  readonly #line: RandomLine;
  #records = 0;
  /** When a session was last ready. */
  #servedAt: number;
  #frames = 0;

  readonly #isPausing: boolean;

  /** @param note Receives each event, for the report of a failure. */
  constructor(random: () => number, note: (event: string) => void) {
    this.#random = random;
    this.#isPausing = random() < 0.5;
    this.#note = note;
    const tool = defineTool(
      { name: "book", description: "", parameters: z.object({ id: z.number() }), timeoutMs: 60_000 },
      ({ id }) => this.#runTool(id),
    );
    this.#rig = new CallRig({ onEnded: () => this.#records++ }, {
      tools: () => [tool],
      greeting: "Say hello.",
      ...(this.#isPausing && { interruptions: PAUSE }),
      // The tone has bytes that stand for items.
      holding: { afterMs: 1e9 },
    });
    this.#idleTimers = this.#rig.clock.pending;
    this.#servedAt = this.#rig.clock.now();
    const token = this.#rig.announce(CALL_SID);
    this.#socket = this.#rig.stream(CALL_SID, token);
    this.#line = new RandomLine(this.#socket, this.#rig.clock, random);
  }

  /** Draws one event, lets it happen, and checks every invariant. */
  async step(): Promise<void> {
    this.#addServers();
    const events = new Map<string, () => void>([
      ["caller frames", () => this.#speak()],
      ["time passes", () => this.#rig.clock.advance(Math.floor(this.#random() ** 3 * 4_000))],
      ["caller hangs up", () => this.#end(() => this.#socket.receive(message("stop")))],
      ["stream lost", () => this.#end(() => this.#socket.drop())],
    ]);
    const [tool] = this.#tools;
    if (tool) events.set("tool finishes", () => this.#tools.shift()?.());
    this.#servers.forEach((server, index) => {
      for (const [name, then] of server.events) events.set(`${name} (session ${index})`, then);
    });
    const [name, happen] = this.#ids.items < MAX_ITEMS
      ? this.#draw(events)
      : ["caller hangs up", () => this.#end(() => this.#socket.receive(message("stop")))] as const;
    this.#note(`${Math.round(this.#rig.clock.now())} ms: ${name}`);
    happen();
    for (const server of this.#servers) server.obeyCancellation();
    await settled();
    this.#addServers();
    this.#line.catchUp();
    this.ended ||= this.#records > 0;
    this.#check();
    if (this.#servers.some(({ ready, isOpen }) => ready && isOpen)) this.#servedAt = this.#rig.clock.now();
  }

  /** Lets every timer run out, and checks what a call leaves behind. @throws {BrokenInvariant} */
  async finish(): Promise<void> {
    for (const finish of this.#tools) finish();
    await settled();
    this.#line.close();
    this.#rig.clock.advance(AFTER_END_MS);
    await settled();
    this.#check();
    this.#invariants.checkEnd(this.#state);
    const left = this.#rig.clock.pending - this.#idleTimers;
    if (left > 0) throw new BrokenInvariant(`${left} timers left`);
    this.#rig.metrics.close();
  }

  #check(): void {
    this.#invariants.check(this.#state);
  }

  get #state() {
    return {
      sessions: this.#rig.sessions,
      servers: this.#servers,
      line: this.#line,
      toolRuns: this.#toolRuns,
      records: this.#records,
      ended: this.ended,
      outageMs: this.#rig.clock.now() - this.#servedAt,
    };
  }

  #addServers(): void {
    for (const session of this.#rig.sessions.slice(this.#servers.length)) {
      this.#servers.push(new RandomServer(session, this.#ids, this.#isPausing));
    }
  }

  #draw(events: Map<string, () => void>): readonly [string, () => void] {
    const weighted = [...events].map(([name, then]) =>
      [name, then, WEIGHTS[name.replace(/ \(.*/, "")] ?? 1] as const
    );
    let at = this.#random() * weighted.reduce((sum, [, , weight]) => sum + weight, 0);
    for (const [name, then, weight] of weighted) {
      at -= weight;
      if (at < 0) return [name, then];
    }
    throw new RangeError("No event is possible");
  }

  /** Up to 200 ms of the caller. */
  #speak(): void {
    const count = 1 + Math.floor(this.#random() * 10);
    for (let i = 0; i < count; i++) {
      this.#rig.clock.advance(20);
      const timestamp = String(this.#frames * 20);
      const payload = callerFrame(this.#frames++);
      this.#socket.receive(message("media", { track: "inbound", timestamp, payload }));
    }
  }

  #end(happen: () => void): void {
    this.ended = true;
    happen();
  }

  async #runTool(id: number): Promise<string> {
    this.#toolRuns.set(id, (this.#toolRuns.get(id) ?? 0) + 1);
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#tools.push(() => resolve("booked"));
    return await promise;
  }
}

/** Runs the continuations of promises that the step has settled. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
