/** Calls that never were, to look at: garden tools, and people who want some. */

import type { CallEvent, CallRecord, Turn } from "../../src/records/call_record.ts";
import { random } from "../audio/sound.ts";

const TO = "+15559870000";
const NOBODY = { textIn: 0, textCached: 0, textOut: 0, audioIn: 0, audioCached: 0, audioOut: 0 };

/** What is said: by turns the assistant and the caller. */
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

/** A CallSid that is always the same for the same number. */
export function sidOf(number: number): string {
  return `CA${number.toString(16).padStart(32, "0")}`;
}

/** So many calls over the two weeks before `now` (ms since 1970), the newest first. */
export function madeUpCalls(count: number, now: number): CallRecord[] {
  const next = random(4_711);
  let at = now - 25 * 60_000;
  return Array.from({ length: count }, (_, i) => {
    const call = madeUpCall(i, at, next);
    at -= Math.round((0.2 + next()) * 14 * 86_400_000 / count);
    return call;
  });
}

function madeUpCall(number: number, startedAt: number, next: () => number): CallRecord {
  const talk = TALKS[number === 0 ? 0 : Math.floor(next() * TALKS.length)] ?? [];
  const { turns, endMs } = talkOf(talk, next);
  const cut = turns.find((turn) => turn.cut);
  const passedOn = talk.length === 3;
  const seconds = Math.ceil(endMs / 1000);
  const events: CallEvent[] = [
    ...(talk.length === 9 ? [lookUp(turns[4]?.atMs ?? 0)] : []),
    ...(cut ? [{ atMs: cut.atMs + (cut.heardMs ?? 0), kind: "barge-in" as const, name: "barge-in" }] : []),
    ...(passedOn ? [{ atMs: endMs, kind: "transfer" as const, name: "sales", ok: true, ms: 9_400 }] : []),
  ];
  const spanish = talk === TALKS[3];
  const outOf = (rate: number) => Math.round(seconds * rate * (0.8 + 0.4 * next()));
  return {
    callSid: sidOf(number + 1),
    direction: "inbound",
    from: `+1555${String(Math.floor(1_000_000 + next() * 8_999_999))}`,
    to: TO,
    assistant: spanish ? "recepcion" : passedOn ? "sales" : "reception",
    model: "gpt-realtime-2.1",
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(startedAt + endMs).toISOString(),
    seconds,
    reason: passedOn ? "transferred" : REASONS[Math.floor(next() * (REASONS.length - 1))] ?? "",
    turns,
    events,
    tokens: {
      ...NOBODY,
      textIn: 820,
      textCached: 640,
      textOut: outOf(3),
      audioIn: outOf(10),
      audioOut: outOf(9),
    },
    modelUsd: seconds * (0.0006 + 0.0003 * next()),
    carrierMinutes: Math.ceil(seconds / 60),
    ...(number === 0
      ? { summary: "The caller moved the delivery of order 4711 from Thursday to Friday." }
      : {}),
    messages: [],
  };
}

function lookUp(atMs: number): CallEvent {
  return {
    atMs: atMs - 700,
    kind: "tool",
    name: "look_up_order",
    ok: true,
    ms: 412,
    detail: '{"order":"4711"}',
  };
}

function talkOf(talk: readonly string[], next: () => number): { turns: Turn[]; endMs: number } {
  const turns: Turn[] = [];
  let atMs = 180;
  for (const [i, text] of talk.entries()) {
    const ms = Math.round(text.length * 62 + 300);
    const isCut = i === 4 && talk.length === 9;
    if (i % 2 === 0) {
      const waited = Math.round(320 + 500 * next());
      const fromMs = atMs + (i === 0 ? 0 : waited);
      const heardMs = isCut ? ms - 250 : ms;
      turns.push({
        who: "assistant",
        text,
        atMs: fromMs,
        heardMs,
        totalMs: isCut ? ms + 2_600 : ms,
        ...(isCut ? { cut: true } : {}),
        ...(i === 0 ? {} : {
          latency: {
            modelMs: waited,
            sentMs: Math.round(4 + 30 * next()),
            heardMs: Math.round(90 + 60 * next()),
          },
        }),
        generated: { fromMs: fromMs - 30, toMs: fromMs + Math.round(ms * 0.4) },
        played: { fromMs, toMs: fromMs + heardMs },
      });
      atMs = fromMs + heardMs + (isCut ? -180 : Math.round(300 + 500 * next()));
    } else {
      turns.push({ who: "caller", text, atMs, spoken: { fromMs: atMs, toMs: atMs + ms } });
      atMs += ms;
    }
  }
  return { turns, endMs: atMs + 400 };
}

/** What a stranger would do to the page, if their words were taken for markup. */
export const EVIL = {
  name: "<script>globalThis.pwned = 1</script>",
  text: "<img src=x onerror='globalThis.pwned = 1'><b>bold</b>",
};

/** A call of somebody with such a name, and with a model that has caught it. */
export function evilCall(now: number): CallRecord {
  return {
    ...madeUpCall(998, now - 60_000, random(1)),
    callSid: sidOf(0xbad),
    from: EVIL.name,
    reason: EVIL.text,
    summary: EVIL.text,
    turns: [
      { who: "assistant", text: EVIL.text, atMs: 100, heardMs: 900, totalMs: 900 },
      { who: "caller", text: EVIL.name, atMs: 1_200, spoken: { fromMs: 1_200, toMs: 2_000 } },
    ],
    events: [{ atMs: 50, kind: "tool", name: EVIL.text, ok: false, ms: 3, detail: EVIL.name }],
    messages: [{ name: EVIL.name, number: EVIL.text, message: EVIL.text, urgent: true }],
  };
}
