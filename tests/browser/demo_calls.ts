/** Invented call records for pictures and tests: a garden tools shop and its callers. */

import { randomFrom } from "../support/random.ts";
import type { CallEvent, EndedCall, Turn } from "../../src/records/call_record.ts";

const TO = "+15559870000";
const NO_TOKENS = { textIn: 0, textCached: 0, textOut: 0, audioIn: 0, audioCached: 0, audioOut: 0 };

/** Conversations, alternating between assistant and caller. */
const TALKS: readonly (readonly string[])[] = [
  [
    "Example Garden Tools, good morning. How can I help?",
    "Hi, I ordered a hedge trimmer last week and I wanted to know where it is.",
    "Of course. What is the order number?",
    "It is four seven one one.",
    "Thank you. Order 4711 left our warehouse yesterday and arrives on Thursday, between nine and",
    "Thursday is no good, could it come on Friday?",
    "Friday it is. You get a message one hour before. Is there anything else?",
    "No, that was all. Thanks!",
    "You are welcome. Goodbye!",
  ],
  [
    "Example Garden Tools, how can I help?",
    "When do you open on Saturday?",
    "On Saturdays we are open from nine to two.",
    "Great, thank you.",
    "See you then. Goodbye!",
  ],
  [
    "Example Garden Tools, good afternoon.",
    "I would like to speak to somebody about a large order, for a nursery.",
    "Gladly. I will put you through to our sales team, one moment please.",
  ],
  [
    "Herramientas de Jardín Example, buenas tardes. ¿En qué puedo ayudarle?",
    "Buenas tardes. ¿Tienen tijeras de podar para zurdos?",
    "Sí, las tenemos en dos tamaños. ¿Quiere que le aparte unas?",
    "Sí, las pequeñas, por favor.",
    "Hecho. Estarán en la tienda a su nombre desde mañana.",
  ],
];
const REASONS = ["caller hung up", "caller hung up", "caller hung up", "assistant hung up", "transferred"];

/** The CallSid of a number. */
export function sidOf(number: number): string {
  return `CA${number.toString(16).padStart(32, "0")}`;
}

/** Calls over the two weeks before `now` (ms since 1970), newest first. */
export function demoCalls(count: number, now: number): EndedCall[] {
  const next = randomFrom(4_711);
  let at = now - 25 * 60_000;
  return Array.from({ length: count }, (_, i) => {
    const call = demoCall(i, at, next);
    at -= Math.round((0.2 + next()) * 14 * 86_400_000 / count);
    return call;
  });
}

function demoCall(number: number, startedAt: number, next: () => number): EndedCall {
  const talk = TALKS[number === 0 ? 0 : Math.floor(next() * TALKS.length)] ?? [];
  const { turns, endMs } = talkOf(talk, next);
  const interrupted = turns.find((turn) => turn.interrupted);
  const transferred = talk.length === 3;
  const seconds = Math.ceil(endMs / 1000);
  const events: CallEvent[] = [
    ...(talk.length === 9 ? [lookUp(turns[4]?.atMs ?? 0)] : []),
    ...(interrupted
      ? [{ atMs: interrupted.atMs + (interrupted.heardMs ?? 0), kind: "barge-in" as const, name: "barge-in" }]
      : []),
    ...(transferred ? [{ atMs: endMs, kind: "transfer" as const, name: "sales", ok: true, ms: 9_400 }] : []),
  ];
  const spanish = talk === TALKS[3];
  const tokens = (rate: number) => Math.round(seconds * rate * (0.8 + 0.4 * next()));
  return {
    callSid: sidOf(number + 1),
    direction: "inbound",
    from: `+1555${String(Math.floor(1_000_000 + next() * 8_999_999))}`,
    to: TO,
    assistant: spanish ? "recepcion" : transferred ? "sales" : "reception",
    model: "gpt-realtime-2.1",
    state: "ended",
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(startedAt + endMs).toISOString(),
    seconds,
    endReason: transferred ? "transferred" : REASONS[Math.floor(next() * (REASONS.length - 1))] ?? "",
    turns,
    callerTurns: turns.filter(({ speaker }) => speaker === "caller").length,
    bargeIns: interrupted ? 1 : 0,
    events,
    tokens: {
      ...NO_TOKENS,
      textIn: 820,
      textCached: 640,
      textOut: tokens(3),
      audioIn: tokens(10),
      audioOut: tokens(9),
    },
    ...demoCost(seconds, seconds * (0.0005 + 0.0003 * next())),
    ...(number === 0
      ? { summary: "The caller moved the delivery of order 4711 from Thursday to Friday." }
      : {}),
    messages: [],
  };
}

function demoCost(seconds: number, modelUsd: number) {
  const carrierMinutes = Math.ceil(seconds / 60);
  const costs = {
    modelUsd,
    transcriptionUsd: seconds * 0.000_02,
    summaryUsd: 0,
    carrierUsd: carrierMinutes * 0.012_9,
  };
  return { costs, costUsd: modelUsd + costs.transcriptionUsd + costs.carrierUsd, carrierMinutes };
}

function lookUp(atMs: number): CallEvent {
  return {
    atMs: atMs - 700,
    kind: "tool",
    name: "look_up_order",
    ok: true,
    ms: 412,
    arguments: '{"order":"4711"}',
    result: '{"state":"shipped","arrives":"Thursday"}',
  };
}

function talkOf(talk: readonly string[], next: () => number): { turns: Turn[]; endMs: number } {
  const turns: Turn[] = [];
  let atMs = 180;
  for (const [i, text] of talk.entries()) {
    const ms = Math.round(text.length * 62 + 300);
    const isInterrupted = i === 4 && talk.length === 9;
    if (i % 2 === 0) {
      const latencyMs = Math.round(320 + 500 * next());
      const fromMs = atMs + (i === 0 ? 0 : latencyMs);
      const heardMs = isInterrupted ? ms - 250 : ms;
      turns.push({
        speaker: "assistant",
        text,
        atMs: fromMs,
        heardMs,
        totalMs: isInterrupted ? ms + 2_600 : ms,
        ...(isInterrupted ? { interrupted: true } : {}),
        ...(i === 0 ? {} : {
          latency: {
            modelMs: latencyMs,
            sendMs: Math.round(4 + 30 * next()),
            playbackMs: Math.round(90 + 60 * next()),
          },
        }),
        generated: { fromMs: fromMs - 30, toMs: fromMs + Math.round(ms * 0.4) },
        played: { fromMs, toMs: fromMs + heardMs },
      });
      atMs = fromMs + heardMs + (isInterrupted ? -180 : Math.round(300 + 500 * next()));
    } else {
      turns.push({ speaker: "caller", text, atMs, spoken: { fromMs: atMs, toMs: atMs + ms } });
      atMs += ms;
    }
  }
  return { turns, endMs: atMs + 400 };
}

/** Texts that would run code in the page if they became markup. */
export const INJECTION = {
  name: "<script>globalThis.pwned = 1</script>",
  text: "<img src=x onerror='globalThis.pwned = 1'><b>bold</b>",
};

/** A call in which every text is an injection attempt. */
export function injectionCall(now: number): EndedCall {
  return {
    ...demoCall(998, now - 60_000, randomFrom(1)),
    callSid: sidOf(0xbad),
    from: INJECTION.name,
    endReason: INJECTION.text,
    summary: INJECTION.text,
    turns: [
      { speaker: "assistant", text: INJECTION.text, atMs: 100, heardMs: 900, totalMs: 900 },
      { speaker: "caller", text: INJECTION.name, atMs: 1_200, spoken: { fromMs: 1_200, toMs: 2_000 } },
    ],
    events: [{
      atMs: 50,
      kind: "tool",
      name: INJECTION.text,
      ok: false,
      ms: 3,
      detail: INJECTION.name,
      arguments: INJECTION.text,
      result: JSON.stringify({ html: INJECTION.text }),
    }],
    messages: [{
      kind: "message",
      name: INJECTION.name,
      number: INJECTION.text,
      message: INJECTION.text,
      urgent: true,
    }],
  };
}
