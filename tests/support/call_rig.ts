import { createPseudonym } from "../../src/calls/pseudonym.ts";
import { z } from "zod";
import type { CallAssistant } from "../../src/assistants/call_assistant.ts";
import { Calls, type CallsOptions } from "../../src/calls/calls.ts";
import { CarrierPrices, NO_CARRIER } from "../../src/calls/carrier_prices.ts";
import { Budget } from "../../src/calls/budget.ts";
import type { StateFile } from "../../src/calls/saved_state.ts";
import { type JsonObject, parseObject } from "../../src/json.ts";
import type { Destination } from "../../src/assistants/assistant.ts";
import type { EndedCall } from "../../src/records/call_record.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { defineTool } from "../../src/tools/tool.ts";
import { MediaStream } from "../../src/twilio/media_stream.ts";
import { FakeClock } from "./fake_clock.ts";
import { FakeSocket, message, startMessage } from "./fake_socket.ts";
import { response, StillSession } from "./still_session.ts";

/** µ-law audio of a length. */
export function testAudio(ms: number): Uint8Array {
  return new Uint8Array(ms * 8);
}

/** A transfer destination. */
export const SALES: Destination = { name: "sales", about: "", number: "+15550100", ringSeconds: 20 };

/** Assistant whose caller can press 0 to be transferred to sales; its secret "card" has 16 digits. */
export const MENU = {
  destinations: [SALES],
  keypad: { pauseMs: 2_000, menu: new Map([["0", "sales"]]), secrets: new Map([["card", 16]]) },
};

/** A tool that runs until a test resolves it. */
export function slowTool(name = "slow") {
  const { promise, resolve } = Promise.withResolvers<string>();
  const options = { name, description: "", parameters: z.object({}), timeoutMs: 60_000 };
  return { tool: defineTool(options, () => promise), resolve };
}

/** An assistant without tools. */
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
  billedModel: "stand-in",
  greeting: "",
  languages: new Map(),
  destinations: [],
  tools: () => [],
  approvals: new Map(),
  keypad: { pauseMs: 2_000, menu: new Map(), secrets: new Map() },
  costLimits: {},
};

const PSEUDONYM = createPseudonym(new Uint8Array(32));
const NO_FILE: StateFile = { read: () => undefined, write: () => Promise.resolve(), quarantine() {} };

/** All calls of a service, without a network and on a fake clock. */
export class CallRig {
  readonly clock: FakeClock;
  readonly metrics: Metrics;
  readonly lines: JsonObject[] = [];
  /** Sessions opened, in order. */
  readonly sessions: StillSession[] = [];
  readonly rejected: string[] = [];
  readonly calls: Calls;

  readonly assistant: CallAssistant;

  constructor(
    options: Partial<CallsOptions> = {},
    assistant: Partial<CallAssistant> = {},
    clock = new FakeClock(),
  ) {
    this.clock = clock;
    this.metrics = new Metrics(clock);
    this.assistant = { ...PLAIN_ASSISTANT, ...assistant };
    const log = createLog({
      level: "info",
      format: "json",
      write: (line) => this.lines.push(parseObject(line) ?? {}),
    });
    this.calls = new Calls({
      createAssistant: () => this.assistant,
      openSession: (options, observer) => {
        const session = new StillSession(observer, options);
        this.sessions.push(session);
        return session;
      },
      rules: { denied: [] },
      pseudonym: PSEUDONYM,
      spending: new Budget({ clock: this.clock, log, pseudonym: PSEUDONYM, file: NO_FILE }),
      minutes: new Budget({ clock: this.clock, log, pseudonym: PSEUDONYM, file: NO_FILE }),
      carrierPrices: new CarrierPrices(NO_CARRIER, log),
      mediaTimeoutMs: 600_000,
      streamGraceMs: 10_000,
      maxTransferSeconds: 1_800,
      maxOverflowCalls: 10,
      clock: this.clock,
      log,
      metrics: this.metrics,
      ...options,
    });
  }

  /** Announces a call as the webhook does; returns the token for its stream. */
  announce(callSid: string, spokenMs = 0): string {
    const incoming = { callSid, from: "+15551230000", to: "+15559870000" };
    const announced = this.calls.announce(incoming, this.assistant, spokenMs);
    if ("refused" in announced) throw new Error(announced.refused);
    if (announced.token === undefined) throw new Error("the call got no token");
    return announced.token;
  }

  /** Starts a stream. */
  stream(
    callSid: string,
    token: string,
    from = "+15551230000",
    more: Record<string, string> = {},
  ): FakeSocket {
    const socket = new FakeSocket();
    const gate = {
      admit: (...[stream, start]: Parameters<Calls["admit"]>) => this.calls.admit(stream, start),
      rejected: (why: string) => this.rejected.push(why),
    };
    const limits = { startMs: 5_000, maxFrameBytes: 65_536, framesPerSecond: 100 };
    new MediaStream(socket, gate, this.clock, limits);
    socket.receive(startMessage(callSid, { token, from, ...more }));
    return socket;
  }

  /** The session opened last. */
  get session(): StillSession {
    const session = this.sessions.at(-1);
    if (!session) throw new Error("no session was opened");
    return session;
  }

  /** Starts a call: announced, its session ready, its stream started. */
  connect(callSid: string): { socket: FakeSocket; session: StillSession } {
    const token = this.announce(callSid);
    const { session } = this;
    session.observer?.sessionReady();
    return { socket: this.stream(callSid, token), session };
  }

  /** The destination of the call's transfer is busy, and the caller is back on a new stream. */
  comeBack(): FakeSocket {
    return this.stream("CA1", this.calls.transferFailed("CA1", "busy")?.token ?? "");
  }

  /** Breaks the present session off. */
  dropSession(): void {
    this.session.observer?.sessionFailed({ code: "closed", message: "gone" });
  }

  /** Breaks the present session off; returns the next one, opened `afterMs` later and ready. */
  replaceSession(afterMs = 0): StillSession {
    const { session } = this;
    this.dropSession();
    this.clock.advance(afterMs);
    if (this.session === session) throw new Error("no other session was opened");
    this.session.observer?.sessionReady();
    return this.session;
  }

  /** The log line at the end of a call. */
  summary(callSid: string): JsonObject | undefined {
    return this.lines.find(({ event, call }) => event === "call ended" && call === callSid);
  }
}

/** Call CA1 in progress, with its caller and its model in a test's hands. */
export function connect(assistant: Partial<CallAssistant> = {}, options: Partial<CallsOptions> = {}) {
  const records: EndedCall[] = [];
  const rig = new CallRig({ onEnded: (record) => records.push(record), ...options }, assistant);
  const { socket, session } = rig.connect("CA1");
  /** Number of messages whose marks were echoed. */
  const echoed = new WeakMap<FakeSocket, number>();
  let frames = 0;
  const frame = (value = 0x80) => {
    const payload = new Uint8Array(160).fill(value).toBase64();
    socket.receive(message("media", { track: "inbound", timestamp: String(20 * frames++), payload }));
  };
  /** Messages of one kind sent to Twilio. */
  const sent = (event: string, to = socket, from = 0): JsonObject[] =>
    to.sent.slice(from).map((text) => parseObject(text) ?? {}).filter((message) => message.event === event);
  /** Echoes the marks sent so far: the caller has heard the audio before them. */
  const echoMarks = (from = socket) => {
    const marks = sent("mark", from, echoed.get(from));
    echoed.set(from, from.sent.length);
    for (const { mark } of marks) from.receive(message("mark", mark));
  };
  /** The assistant says something, and the caller hears it. */
  const say = (itemId: string, text: string) => {
    rig.session.observer?.assistantAudio(itemId, testAudio(100));
    rig.session.observer?.assistantTranscript(itemId, text);
    rig.session.observer?.responseDone(response());
    rig.clock.advance(300);
    echoMarks();
  };
  return {
    rig,
    socket,
    say,
    /** The call's first session. */
    session,
    observer: session.observer,
    /** Records of ended calls. */
    records,
    sent,
    echoMarks,
    /** Advances the clock while the caller hears what was sent. */
    play: (ms: number, on = socket) => {
      for (let passed = 0; passed < ms; passed += 100) {
        rig.clock.advance(100);
        echoMarks(on);
      }
    },
    /** Sends a caller frame of which each byte is `value`. */
    frame,
    /** The caller makes a noise, frame by frame, while the clock advances. */
    talk: (ms: number) => {
      for (let passed = 0; passed < ms; passed += 20) {
        rig.clock.advance(20);
        frame();
      }
    },
    press: (...keys: string[]) => {
      for (const digit of keys) socket.receive(message("dtmf", { track: "inbound_track", digit }));
    },
    /** The model calls a function. */
    callFunction: (name: string, args: unknown = {}, callId = name) => {
      rig.session.observer?.functionCalled({ callId, name, arguments: JSON.stringify(args) });
    },
    /** The caller hangs up; returns the call's record. */
    hangUp: (): EndedCall | undefined => {
      socket.receive(message("stop"));
      return records[0];
    },
    /** The events of the call's record so far. */
    events: () => rig.calls.find("CA1")?.record.events ?? [],
  };
}
