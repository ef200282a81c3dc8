/** The assistants file as it is written, each field with what it is for: the editors' schema and the reference are made of it. */

import { z } from "zod";
import { DAYS } from "./assistant.ts";
import { E164 } from "../dialer/phone_number.ts";
import { byName, flag, list, number, object, oneOf, text, textLike, wholeNumber } from "./fields.ts";

/** Most characters of instructions: the model takes 16,384 tokens of them, tools included. */
export const MAX_INSTRUCTIONS = 65_536;

const NAME = textLike(/^[A-Za-z0-9_-]{1,40}$/, "letters, digits, _ and -, at most 40");
const NUMBER = textLike(E164, "a number such as +15551230000");
const KEY = textLike(/^[0-9*#]$/, "one key: 0 to 9, * or #");
const CODE = textLike(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, "a language such as es or es-MX");
/** Who calls or is called. Networks have names beside numbers, such as `anonymous`, `sip:…` and `client:…`. */
const PARTY = textLike(
  /^(\+\d{1,15}\*?|\+\*|[A-Za-z][^\s*]{0,199}\*?)$/,
  "a number such as +15551230000, or a beginning such as +49*",
);
const TIME = "a time such as 09:00";
const URL_TEXT = textLike(/^\S{1,2000}$/, "an address such as https://api.example.com/orders");

const HOURS = object({
  timeZone: text(64).refine(isTimeZone, "allowed: a time zone such as Europe/Berlin")
    .meta({ description: "Time zone, such as Europe/Berlin." }),
  days: list(oneOf(DAYS)).min(1, "allowed: at least one day").default([...DAYS])
    .meta({ description: "Days on which they begin." }),
  from: textLike(/^([01]\d|2[0-3]):[0-5]\d$/, TIME).meta({ description: "When they begin, such as 09:00." }),
  to: textLike(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, TIME).meta({
    description: "When they end, such as 17:00; earlier than `from` is on the next day.",
  }),
}).refine(({ from, to }) => from !== to, "allowed: from and to that differ; 00:00 to 24:00 is the whole day");

const ANSWERS = object({
  to: list(PARTY).min(1, "allowed: at least one number").optional().meta({
    description: "Dialled numbers, such as +15559870000, or beginnings, such as +49*.",
  }),
  from: list(PARTY).min(1, "allowed: at least one number").optional().meta({
    description: "Callers' numbers, in the same way; also anonymous, sip:…, client:….",
  }),
  hours: z.union([HOURS, list(HOURS).min(1, "allowed: at least one")]).optional().meta({
    description: "When it answers: hours, or a list of them.",
  }),
}).refine((answers) => Object.keys(answers).length > 0, "allowed: at least one of to, from, hours");

const turns = {
  createResponse: flag().default(true).meta({ description: "Whether the end of a turn is answered." }),
  interruptResponse: flag().default(true).meta({
    description: "Whether the caller can talk over the assistant.",
  }),
};

const TURN_DETECTION = z.discriminatedUnion("type", [
  object({
    type: z.literal("server_vad").meta({ description: "server_vad: by loudness and pauses." }),
    threshold: number(0, 1).default(0.5).meta({
      description: "Of server_vad: the higher, the louder speech has to be.",
    }),
    prefixPaddingMs: wholeNumber(0, 5_000).default(300).meta({
      description: "Of server_vad: audio kept from before speech was heard (ms).",
    }),
    silenceDurationMs: wholeNumber(100, 5_000).default(500).meta({
      description: "Of server_vad: pause that ends a turn (ms).",
    }),
    ...turns,
    idleTimeoutMs: wholeNumber(5_000, 30_000).optional().meta({
      description: "Of server_vad: silence after which the model speaks up by itself (ms).",
    }),
  }),
  object({
    type: z.literal("semantic_vad").meta({ description: "semantic_vad: by what is said." }),
    eagerness: oneOf(["low", "medium", "high", "auto"]).default("auto").meta({
      description:
        "Of semantic_vad: how soon it answers; low waits 8 s at most, medium and auto 4 s, high 2 s.",
    }),
    ...turns,
  }),
], { error: "allowed: server_vad, semantic_vad" });

const TRANSCRIPTION = object({
  model: text(100).default("gpt-transcribe").meta({ description: "Model that writes." }),
  language: textLike(/^[a-z]{2}$/, "a language such as en").optional().meta({
    description: "What is spoken (ISO 639-1). Left out: the language of the call, if it is known.",
  }),
  prompt: text(2_000).optional().meta({ description: "Words to expect, such as names of products." }),
});

const CONSENT = z.string("allowed: a text").max(300, "allowed: at most 300 characters");

const LANGUAGE = object({
  voice: text(100).optional().meta({ description: "Voice in this language." }),
  greeting: text(4_000).optional().meta({ description: "Greeting in this language." }),
  instructions: text(MAX_INSTRUCTIONS).optional().meta({ description: "Added to the instructions." }),
  consent: CONSENT.optional().meta({
    description: "What is said before a call that is recorded, in this language.",
  }),
  key: KEY.optional().meta({ description: "Key that chooses it before the assistant speaks." }),
  offer: text(300).optional().meta({
    description: "Sentence that offers the key, in this language. Needs a key, and a key needs it.",
  }),
}).refine(
  ({ key, offer }) => (key === undefined) === (offer === undefined),
  "allowed: key and offer together",
);

export const WEBHOOK = object({
  url: URL_TEXT.meta({
    description: "Address. https, unless it is on this machine or a private network. May have ${TOOL_…}.",
  }),
  allowPrivate: flag().default(false).meta({
    description: "Whether it may be on a private network. On this machine (localhost) it may.",
  }),
});

export const AFTER_CALL = WEBHOOK.extend({
  summary: flag().default(false).meta({
    description:
      "Whether the model writes a summary of each call, in two or three sentences, when it is over.",
  }),
});

const HEADERS = byName(
  textLike(
    /^(?!(?:accept-encoding|connection|content-length|expect|host|te|trailer|transfer-encoding|upgrade)$)[\w!#$%&'*+.^`|~-]+$/i,
    "the name of a header that Parley does not set itself",
  ),
  textLike(/^[\t\x20-\x7e]{0,4000}$/, "printable ASCII"),
);

export const DESTINATION = object({
  number: textLike(
    /^(\+[1-9]\d{1,14}|sip:[^\s@<>"]+@[^\s@<>"]+)$/,
    "a number such as +15551230000, or sip:name@host",
  ).meta({ description: "Number, such as +15551230000, or sip:name@host." }),
  about: text(500).default("").meta({ description: "What it is there for, for the model." }),
  ringSeconds: wholeNumber(5, 60).default(20).meta({ description: "How long it rings (s)." }),
  callerId: NUMBER.optional().meta({
    description: "Number it sees: one of yours at Twilio. Left out: the caller's.",
  }),
});

export const HTTP_TOOL = object({
  description: text(1_000).meta({ description: "What it does and when to use it, for the model." }),
  parameters: z.looseObject({
    type: z.literal("object", "allowed: object"),
    properties: byName(NAME, z.looseObject({}, "allowed: an object")).default({}),
    required: list(text(40)).default([]),
  }, "allowed: a JSON Schema of an object").default({ type: "object", properties: {}, required: [] }).meta({
    description: "JSON Schema of its arguments, an object's.",
  }),
  method: oneOf(["GET", "POST", "PUT", "PATCH", "DELETE"]).default("GET").meta({
    description: "Method of the request.",
  }),
  url: URL_TEXT.meta({
    description: "Address. May have ${TOOL_…}; arguments and secrets as {{…}} behind the host.",
  }),
  headers: HEADERS.default({}).meta({ description: "May have ${TOOL_…} and {{secret.…}}." }),
  body: z.unknown().optional().meta({
    description:
      "JSON to send. Its texts may have ${TOOL_…} and {{…}}; one that is a single {{…}} becomes the value.",
  }),
  timeoutSeconds: number(0.5, 60).default(5).meta({ description: "Longest wait for the answer (s)." }),
  maxResponseBytes: wholeNumber(100, 1_048_576).default(65_536).meta({
    description: "Longest answer (bytes).",
  }),
  answer: oneOf(["json", "text"]).default("json").meta({
    description: "What it answers: JSON or plain text.",
  }),
  allowPrivate: WEBHOOK.shape.allowPrivate,
});

export const MCP_SERVER = object({
  url: URL_TEXT.meta({
    description: "Address, https. The vendor of the model talks to it. May have ${TOOL_…}.",
  }),
  headers: HEADERS.default({}).meta({ description: "Sent along by the vendor. May have ${TOOL_…}." }),
  allowedTools: list(text(100)).min(1, "allowed: at least one tool").meta({
    description: "Tools of it that may be used.",
  }),
  approval: oneOf(["caller", "never"]).default("caller").meta({
    description: "Who approves each use: the caller, by pressing 1; never: nobody is asked.",
  }),
});

export const ASSISTANT = object({
  answers: ANSWERS.optional().meta({
    description: "Calls it takes: those that fit all it names. Left out: those it is named for.",
  }),
  instructions: z.union([
    text(MAX_INSTRUCTIONS),
    object({ file: text(500).meta({ description: "File beside this one that has them." }) }),
  ]).optional().meta({
    description: "Who it is and how it should behave. May have {{…}}. Left out: SYSTEM_MESSAGE.",
  }),
  greeting: z.string("allowed: a text").max(4_000, "allowed: at most 4000 characters").optional().meta({
    description:
      "What it is told to open with. May have {{…}}. Empty: the caller speaks first. Left out: GREETING.",
  }),
  model: text(100).optional().meta({ description: "Speech-to-speech model. Left out: OPENAI_MODEL." }),
  voice: text(100).optional().meta({ description: "Voice. Left out: OPENAI_VOICE." }),
  speed: number(0.25, 1.5).default(1).meta({ description: "How fast it speaks." }),
  reasoning: oneOf(["minimal", "low", "medium", "high", "xhigh"]).optional().meta({
    description: "How hard it thinks, for models that do: gpt-realtime-2 and newer.",
  }),
  turnDetection: TURN_DETECTION.prefault({ type: "server_vad" }).meta({
    description: "How it is heard that the caller begins and ends to speak.",
  }),
  noiseReduction: oneOf(["near_field", "far_field", "off"]).default("near_field").meta({
    description: "Noise taken away: near_field for handsets, far_field for hands-free.",
  }),
  transcription: z.union([z.literal("off", "allowed: off"), TRANSCRIPTION]).prefault({}).meta({
    description: "How the caller's words are written down, or off.",
  }),
  language: CODE.optional().meta({ description: "What it speaks at first, such as en or es-MX." }),
  languages: byName(CODE, LANGUAGE).default({}).meta({
    description: "Languages it can go on in, and what is different in each.",
  }),
  tools: list(text(40)).default(["end_call"]).meta({
    description:
      "What it may do: end_call, transfer_call, send_digits, take_message, switch_language, pause_recording, resume_recording, " +
      "and names from tools and mcpServers.",
  }),
  transferTo: list(text(40)).default([]).meta({ description: "Destinations it may pass a caller on to." }),
  waiting: object({
    afterSeconds: number(0.5, 10).default(1.5).meta({
      description: "How long a tool may take in silence (s).",
    }),
    say: text(300).optional().meta({ description: "What is said then. Left out: a tone." }),
  }).optional().meta({ description: "What is heard while a tool takes its time. Left out: nothing." }),
  keypad: object({
    pauseSeconds: number(0.5, 10).default(2).meta({
      description: "Pause that ends what the caller enters (s).",
    }),
    menu: byName(KEY, text(40)).default({}).meta({
      description: "Keys that pass the caller on to a destination by themselves.",
    }),
    secrets: byName(
      NAME,
      object({ digits: wholeNumber(1, 32).meta({ description: "How many digits it has." }) }),
    ).default({}).meta({
      description: "What the caller may enter unknown to the model; HTTP tools have it as {{secret.NAME}}.",
    }),
  }).prefault({}).meta({ description: "What keys do." }),
  silence: object({
    afterSeconds: number(3, 120).meta({ description: "Silence of both sides before it asks (s)." }),
    prompts: wholeNumber(0, 10).default(2).meta({ description: "How often it asks before it says goodbye." }),
  }).optional().meta({ description: "What happens when nobody speaks. Left out: nothing." }),
  protectGreetingSeconds: number(0, 10).default(0).meta({
    description: "How much of the greeting the caller cannot interrupt (s).",
  }),
  variables: WEBHOOK.optional().meta({
    description: "Asked before the call for further values of {{…}}, 2 s at most.",
  }),
  voicemail: z.union([
    oneOf(["hang up"]),
    object({
      leave: text(1_000).meta({ description: "Message for the machine, after its beep. May have {{…}}." }),
    }),
  ]).optional().meta({
    description: "On calls it makes, which Twilio then listens to, for a fee: what to do about a machine. " +
      "Left out: it talks to whoever answers.",
  }),
  recording: z.union([
    flag(),
    object({
      consent: CONSENT.optional().meta({
        description: "What Twilio says before, in `language`. Empty: nothing. Left out: RECORDING_CONSENT.",
      }),
    }),
  ]).optional().meta({ description: "Whether its calls are recorded, and how. Left out: RECORDING." }),
  callsFor: text(200).optional().meta({
    description: "In whose name it calls, told to who asks. Left out: its own name.",
  }),
  limits: object({
    callSeconds: wholeNumber(10, 86_400).optional().meta({
      description: "Longest call (s). Left out: MAX_CALL_SECONDS.",
    }),
    callUsd: number(0.01, 10_000).optional().meta({ description: "Most a call may cost (US dollars)." }),
    callerDayUsd: number(0.01, 10_000).optional().meta({
      description: "Most the calls of one number may cost in a day (US dollars).",
    }),
    callerDayMinutes: number(1, 1_440).optional().meta({
      description: "Most minutes one number may be on the line in a day.",
    }),
    dayMinutes: number(1, 1_000_000).optional().meta({
      description: "Most minutes of all calls in a day. Beyond it, this assistant takes none.",
    }),
    dayUsd: number(0.01, 1_000_000).optional().meta({
      description: "Most all calls may cost in a day (US dollars). Beyond it, this assistant takes none.",
    }),
  }).default({}).meta({ description: "When it comes to an end. Days are UTC." }),
});

export const FILE = object({
  $schema: z.string("allowed: a text").optional().meta({ description: "For editors." }),
  default: text(40).optional().meta({
    description: "Assistant for calls that fit no other. May be left out where there is only one.",
  }),
  destinations: byName(NAME, DESTINATION).default({}).meta({
    description: "Where calls may be passed on to, by name. Nowhere else.",
  }),
  tools: byName(NAME, HTTP_TOOL).default({}).meta({ description: "What may be asked over HTTP, by name." }),
  mcpServers: byName(NAME, MCP_SERVER).default({}).meta({
    description: "Remote servers of the Model Context Protocol, by name.",
  }),
  afterCall: AFTER_CALL.optional().meta({
    description: "Told of every call that ended, and of messages; signed with WEBHOOK_SECRET.",
  }),
  assistants: byName(NAME, ASSISTANT).meta({ description: "The assistants, by name." }),
});

export type DestinationEntry = z.output<typeof DESTINATION>;
export type HttpToolEntry = z.output<typeof HTTP_TOOL>;
export type McpServerEntry = z.output<typeof MCP_SERVER>;
export type AssistantEntry = z.output<typeof ASSISTANT>;
export type WebhookEntry = z.output<typeof WEBHOOK>;

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
