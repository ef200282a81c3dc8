import type { CallAssistant } from "../../src/call/call_assistant.ts";
import { Calls, type CallsOptions } from "../../src/calls/calls.ts";
import { Budget, type BudgetFile } from "../../src/calls/budget.ts";
import { type JsonObject, parseObject } from "../../src/json.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { MediaStream } from "../../src/twilio/media_stream.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeSocket, startMessage } from "./fake_socket.ts";
import { StillSession } from "./still_session.ts";

/** An assistant that can nothing but talk. */
export const PLAIN_ASSISTANT: CallAssistant = {
  name: "default",
  session: {
    url: "ws://m",
    apiKey: undefined,
    model: "m",
    voice: "v",
    audioFormat: "pcmu",
    instructions: "i",
  },
  billedModel: "m",
  greeting: "",
  languages: new Map(),
  destinations: [],
  tools: () => [],
  approvals: new Map(),
  keypad: { pauseMs: 2_000, menu: new Map(), secrets: new Map() },
  limits: {},
};

const NO_FILE: BudgetFile = { read: () => undefined, write: () => Promise.resolve(), setAside() {} };

/** All calls of a service, without a network and in no time. */
export class CallsBench implements Disposable {
  readonly clock = new FakeClock();
  readonly metrics = new Metrics(this.clock);
  readonly lines: JsonObject[] = [];
  /** Sessions dialled, in order. */
  readonly sessions: StillSession[] = [];
  readonly turnedAway: string[] = [];
  readonly calls: Calls;

  readonly assistant: CallAssistant;

  constructor(options: Partial<CallsOptions> = {}, assistant: Partial<CallAssistant> = {}) {
    this.assistant = { ...PLAIN_ASSISTANT, ...assistant };
    const log = createLog({
      level: "info",
      format: "json",
      write: (line) => this.lines.push(parseObject(line) ?? {}),
    });
    this.calls = new Calls({
      assistant: () => this.assistant,
      openSession: (options, observer) => {
        const session = new StillSession(observer, options);
        this.sessions.push(session);
        return session;
      },
      rules: { denied: [] },
      spending: new Budget({ clock: this.clock, log, file: NO_FILE }),
      minutes: new Budget({ clock: this.clock, log, file: NO_FILE }),
      mediaTimeoutMs: 600_000,
      clock: this.clock,
      log,
      metrics: this.metrics,
      ...options,
    });
  }

  [Symbol.dispose](): void {
    this.metrics.close();
  }

  /** The webhook: the token the stream has to show. */
  announce(callSid: string): string {
    const answer = this.calls.announce(
      { callSid, from: "+15551230000", to: "+15559870000" },
      this.assistant,
    );
    if ("refused" in answer) throw new Error(answer.refused);
    return answer.token;
  }

  /** A stream that says `start`. */
  stream(callSid: string, token: string): FakeSocket {
    const socket = new FakeSocket();
    const gate = {
      admit: (...[stream, start]: Parameters<Calls["admit"]>) => this.calls.admit(stream, start),
      turnedAway: (why: string) => this.turnedAway.push(why),
    };
    const limits = { startMs: 5_000, maxFrameBytes: 65_536, framesPerSecond: 100 };
    new MediaStream(socket, gate, this.clock, limits);
    socket.receive(startMessage(callSid, { token, from: "+15551230000" }));
    return socket;
  }

  /** A call in progress: announced, its model ready, its stream started. */
  connect(callSid: string): { socket: FakeSocket; session: StillSession } {
    const token = this.announce(callSid);
    const session = this.sessions.at(-1);
    if (!session) throw new Error("no session was dialled");
    session.observer?.ready();
    return { socket: this.stream(callSid, token), session };
  }

  /** The line every call has at its end. */
  summary(callSid: string): JsonObject | undefined {
    return this.lines.find(({ event, call }) => event === "call ended" && call === callSid);
  }
}
