/**
 * The other side of the soak, a process of its own: callers, the model, the operator's server, and a proxy on each line that
 * breaks connections. Prints its URLs, reads the service's URL, and prints its counts when the time is over.
 */

import { parseArgs } from "node:util";
import { encodeMulaw } from "../../src/audio/g711.js";
import { systemClock } from "../../src/clock.ts";
import { parseObject } from "../../src/json.ts";
import { callTarget } from "../../src/simulator/caller/call_target.ts";
import { placeCall } from "../../src/simulator/caller/place_call.ts";
import { UnscriptedCaller } from "../../src/simulator/caller/unscripted_caller.ts";
import type { ModelBehavior } from "../../src/simulator/model/model_behavior.ts";
import { startSimulatedModel } from "../../src/simulator/model/model_server.ts";
import { samplePhrase } from "../../src/simulator/synthetic_voice.ts";
import { pause } from "../../src/simulator/twilio/pause.js";
import { type Fault, faultName } from "../faults/fault.ts";
import { FaultyProxy } from "../faults/faulty_proxy.ts";
import { OperatorServer } from "../faults/operator_server.ts";
import { randomFrom } from "../support/random.ts";

export interface LoadUrls {
  readonly modelUrl: string;
  readonly operatorUrl: string;
}

export interface LoadCounts {
  readonly calls: number;
  /** Calls that the caller ended, and those that the service ended. */
  readonly endings: Record<string, number>;
  readonly problems: Record<string, number>;
  readonly faults: Record<string, number>;
  readonly bargeIns: number;
  readonly answers: number;
  readonly toolRuns: number;
  /** Webhooks of ended calls, and those among them that came twice. */
  readonly reported: number;
  readonly reportedTwice: number;
}

/** Length of a call (ms). */
const MIN_MS = 20_000, MAX_MS = 120_000;
/** Each call has a fault about this often (ms). */
const FAULT_EVERY_MS = 60_000;
const MODEL_FAULTS: readonly Fault[] = [
  { kind: "reset" },
  { kind: "swallow" },
  { kind: "half-open" },
  { kind: "garbage" },
  { kind: "corrupt" },
  { kind: "stall", ms: 2_000 },
  { kind: "stall", only: "down" },
  { kind: "delay", ms: 500 },
  { kind: "close", code: 1000 },
  { kind: "close", code: 1011 },
  { kind: "expired" },
];
const TWILIO_FAULTS: readonly Fault[] = [
  { kind: "reset" },
  { kind: "half-open" },
  { kind: "stall", ms: 3_000 },
  { kind: "close", code: 1001 },
];

const random = randomFrom(Number(parseArgs({ strict: false }).values.seed ?? 1));
const between = (from: number, to: number) => from + random() * (to - from);
const oneOf = <Item>(items: readonly Item[]): Item | undefined => items[Math.floor(random() * items.length)];

function countIn(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** Keeps no connection open, which would count as left over. */
const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
const fetchOnce: typeof fetch = (input, init) => fetch(input, { ...init, client });

const SPEECH = encodeMulaw(samplePhrase());
/** µ-law of 2 s, of which each answer is a part. */
const ANSWER = encodeMulaw(samplePhrase());

/** Talks, and now and then books a table, transfers the caller in vain, or ends the call. */
const behavior: ModelBehavior = {
  planResponse({ requested }) {
    const number = Math.floor(random() * 1e9);
    const call = (name: string, args: object) =>
      ({
        type: "call",
        callId: `call_${number}`,
        name,
        arguments: JSON.stringify(args),
        durationMs: 20,
      }) as const;
    const speech = {
      type: "speech",
      audio: ANSWER.subarray(0, 8 * Math.round(between(400, 2_000))),
      transcript: `Answer ${number}, in several words.`,
    } as const;
    // The greeting, and whatever else Parley asks for in words of its own.
    const dice = requested?.instructions === undefined ? random() : 1;
    const items = dice < 0.1
      ? [call("book_table", {})]
      : dice < 0.13
      ? [speech, call("transfer_call", { destination: "sales" })]
      : dice < 0.15
      ? [speech, call("end_call", {})]
      : [speech];
    return { items, delayMs: between(50, 400), end: { type: "completed" } };
  },
};

async function placeOne(
  serviceUrl: string,
  streamUrl: string,
  signal: AbortSignal,
  counts: Counts,
): Promise<void> {
  const target = callTarget({ baseUrl: serviceUrl, local: true, fetch: fetchOnce });
  let role: UnscriptedCaller | undefined;
  const until = systemClock.now() + between(MIN_MS, MAX_MS);
  const outcome = await placeCall({
    ...target,
    reach: (url) => url.protocol.startsWith("ws") ? new URL(streamUrl) : target.reach(url),
    signal,
    // In place of Twilio's voice.
    speak: async (_sentence, aborted) => await pause(systemClock, 500, aborted),
    createRole: ({ assistantSpeech }) => {
      role = new UnscriptedCaller({
        speech: SPEECH.subarray(0, 8 * Math.round(between(600, 2_000))),
        turns: 1_000,
        interruptMs: random() < 0.5 ? between(200, 800) : undefined,
        maxMs: Math.max(1_000, until - systemClock.now()),
      }, assistantSpeech);
      return role;
    },
    context: { dial: () => ({ status: "no-answer", ringMs: 1_500, talkMs: 0 }) },
  });
  counts.calls++;
  countIn(counts.endings, outcome.ending);
  if (outcome.problem) countIn(counts.problems, outcome.problem.slice(0, 80));
  counts.bargeIns += role?.bargeIn ? 1 : 0;
  counts.answers += role?.turns.filter(({ answerStartMs }) => answerStartMs !== undefined).length ?? 0;
}

type Counts = { -readonly [Key in keyof LoadCounts]: LoadCounts[Key] };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      calls: { type: "string", default: "100" },
      seconds: { type: "string", default: "60" },
      seed: { type: "string" },
    },
  });
  await using operator = new OperatorServer(() => {});
  const model = startSimulatedModel({ behavior });
  await using modelProxy = await FaultyProxy.start(model.url, "down");
  console.log(JSON.stringify({ modelUrl: modelProxy.url, operatorUrl: operator.url } satisfies LoadUrls));
  const serviceUrl = await readLine();
  await using twilioProxy = await FaultyProxy.start(`${serviceUrl.replace("http", "ws")}/media-stream`, "up");
  const counts: Counts = {
    calls: 0,
    endings: {},
    problems: {},
    faults: {},
    bargeIns: 0,
    answers: 0,
    toolRuns: 0,
    reported: 0,
    reportedTwice: 0,
  };
  const over = new AbortController();
  const endAt = systemClock.now() + Number(values.seconds) * 1_000;
  systemClock.after(Number(values.seconds) * 1_000, () => over.abort());
  const faults = setInterval(() => {
    const [proxy, side, list] = random() < 0.8
      ? [modelProxy, "model", MODEL_FAULTS] as const
      : [twilioProxy, "twilio", TWILIO_FAULTS] as const;
    const fault = oneOf(list);
    if (fault && proxy.injectInto(fault, random)) countIn(counts.faults, `${side}: ${faultName(fault)}`);
  }, FAULT_EVERY_MS / Number(values.calls));
  await Promise.all(Array.from({ length: Number(values.calls) }, async () => {
    // They do not all start at once.
    await pause(systemClock, between(0, MIN_MS), over.signal);
    while (systemClock.now() < endAt) {
      await placeOne(serviceUrl, twilioProxy.url, over.signal, counts);
      await pause(systemClock, between(0, 1_000), over.signal);
    }
  }));
  clearInterval(faults);
  for (const proxy of [modelProxy, twilioProxy]) proxy.drain();
  console.log("over");
  await readLine();
  const sids = operator.webhooks.filter(({ type }) => type === "call.ended")
    .map(({ data }) => String(parseObject(JSON.stringify(data))?.callSid));
  counts.toolRuns = operator.toolRuns;
  counts.reported = new Set(sids).size;
  counts.reportedTwice = sids.length - counts.reported;
  console.log(JSON.stringify(counts));
  await model.close();
}

const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();

async function readLine(): Promise<string> {
  const { value = "" } = await lines.read();
  return value.trim();
}

if (import.meta.main) {
  await main();
  Deno.exit(0);
}
