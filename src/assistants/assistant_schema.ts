/** Zod schema of an assistant. The descriptions are published in the JSON schema and the docs. */

import { z } from "zod";
import { DAYS, isTimeZone } from "../weekly_hours.ts";
import { ENDPOINT } from "./endpoint_schema.ts";
import {
  byName,
  flag,
  list,
  NAME,
  number,
  object,
  oneOf,
  text,
  textLike,
  wholeNumber,
} from "./field_types.ts";
import { DISCLOSURE, GREETING_AUDIO, GREETING_FILE } from "./greeting_schema.ts";
import { INTERRUPTIONS } from "./interruption_schema.ts";
import { OUTAGE } from "./outage_schema.ts";

/** Maximum length of instructions (characters). The model accepts 16,384 tokens, tools included. */
export const MAX_INSTRUCTIONS = 65_536;

const KEY = textLike(/^[0-9*#]$/, "one key: 0 to 9, * or #");
const LANGUAGE_CODE = textLike(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, "a language such as es or es-MX");
/** A called or calling party: a number, or a name such as `anonymous`, `sip:…` or `client:…`. */
const PARTY = textLike(
  /^(\+\d{1,15}\*?|\+\*|[A-Za-z][^\s*]{0,199}\*?)$/,
  "a number such as +15551230000, or a prefix such as +49*",
);
const TIME = "a time such as 09:00";

const HOURS = object({
  timeZone: text(64).refine(isTimeZone, "allowed: a time zone such as Europe/Berlin")
    .describe("IANA time zone, such as Europe/Berlin."),
  days: list(oneOf(DAYS)).min(1, "allowed: at least one day").default([...DAYS])
    .describe("Days on which the hours start."),
  from: textLike(/^([01]\d|2[0-3]):[0-5]\d$/, TIME).describe("Start time, such as 09:00."),
  to: textLike(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, TIME).describe(
    "End time, such as 17:00. A time before `from` is on the next day.",
  ),
}).refine(
  ({ from, to }) => from !== to,
  "allowed: different times in from and to; 00:00 to 24:00 is the whole day",
);

const ANSWERS = object({
  to: list(PARTY).min(1, "allowed: at least one number").optional().describe(
    "Called numbers, such as +15559870000, or prefixes, such as +49*.",
  ),
  from: list(PARTY).min(1, "allowed: at least one number").optional().describe(
    "Calling numbers or prefixes; also anonymous, sip:… and client:….",
  ),
  hours: z.union([HOURS, list(HOURS).min(1, "allowed: at least one")]).optional().describe(
    "Weekly hours in which the assistant answers, or a list of them.",
  ),
}).refine((answers) => Object.keys(answers).length > 0, "allowed: at least one of to, from, hours");

const responseFlags = {
  createResponse: flag().optional().describe(
    "Who requests the response when the caller's turn ends. true: the model's server; false: Parley.",
  ),
  interruptResponse: flag().optional().describe(
    "Whether the caller can interrupt the assistant (barge-in). false: the assistant finishes, then answers what the caller said meanwhile.",
  ),
};

const TURN_DETECTION = z.discriminatedUnion("type", [
  object({
    type: z.literal("server_vad").describe("server_vad detects turns by volume and pauses."),
    threshold: number(0, 1).default(0.5).describe("server_vad only: higher values require louder speech."),
    prefixPaddingMs: wholeNumber(0, 5_000).default(300).describe(
      "server_vad only: audio kept from before the detected start of speech (ms).",
    ),
    silenceDurationMs: wholeNumber(100, 5_000).default(500).describe(
      "server_vad only: pause that ends a turn (ms).",
    ),
    ...responseFlags,
    idleTimeoutMs: wholeNumber(5_000, 30_000).optional().describe(
      "server_vad only: silence after which the model speaks unprompted (ms).",
    ),
  }),
  object({
    type: z.literal("semantic_vad").describe("semantic_vad detects turns by the words spoken."),
    eagerness: oneOf(["low", "medium", "high", "auto"]).default("auto").describe(
      "semantic_vad only: how soon the assistant responds. The maximum wait is 8 s for low, 4 s for " +
        "medium and auto, 2 s for high.",
    ),
    ...responseFlags,
  }),
], { error: "allowed: server_vad, semantic_vad" });

const TRANSCRIPTION = object({
  model: text(100).default("gpt-transcribe").describe("Transcription model."),
  language: textLike(/^[a-z]{2}$/, "a language such as en").optional().describe(
    "Language the caller speaks (ISO 639-1). Default: the language of the call, if set.",
  ),
  prompt: text(2_000).optional().describe("Words to expect, such as product names."),
});

const CONSENT = z.string("allowed: a string").max(300, "allowed: at most 300 characters");

const LANGUAGE = object({
  voice: text(100).optional().describe("Voice in this language."),
  greeting: text(4_000).optional().describe("Greeting in this language."),
  greetingAudio: GREETING_FILE.optional().describe("Recorded greeting in this language."),
  disclosure: DISCLOSURE.optional().describe("Disclosure in this language."),
  instructions: text(MAX_INSTRUCTIONS).optional().describe("Text appended to the assistant's instructions."),
  consent: CONSENT.optional().describe("Announcement before a recorded call, in this language."),
  key: KEY.optional().describe(
    "Key that selects this language before the assistant speaks. Requires `offer`.",
  ),
  offer: text(300).optional().describe("Sentence that offers the key, in this language. Requires `key`."),
}).refine(
  ({ key, offer }) => (key === undefined) === (offer === undefined),
  "allowed: key and offer together",
);

export const ASSISTANT = object({
  answers: ANSWERS.optional().describe(
    "Calls that the assistant answers: those that match every field given here. Default: only calls " +
      "assigned to it by name or by `default`.",
  ),
  instructions: z.union([
    text(MAX_INSTRUCTIONS),
    object({
      file: text(500).describe("File with the instructions, relative to the assistants file."),
    }),
  ]).optional().describe("System prompt. May contain {{…}}. Default: SYSTEM_MESSAGE."),
  greeting: z.string("allowed: a string").max(4_000, "allowed: at most 4000 characters").optional().describe(
    "Instructions for the first response. May contain {{…}}. Empty: the caller speaks first. Default: " +
      "GREETING.",
  ),
  greetingAudio: GREETING_AUDIO.optional().describe(
    "Recorded greeting in the first language, which plays at once and instead of `greeting`. cache: the greeting as the " +
      "model spoke it in an earlier call. Default: the model greets.",
  ),
  disclosure: DISCLOSURE.optional().describe(
    "Sentence in front of the greeting, such as that the caller speaks with a machine. The caller cannot interrupt it; " +
      "if the model says it, nor the greeting. A text may contain {{…}}.",
  ),
  model: text(100).optional().describe("Speech-to-speech model. Default: OPENAI_MODEL."),
  voice: text(100).optional().describe("Voice. Default: OPENAI_VOICE."),
  speed: number(0.25, 1.5).default(1).describe("Speaking rate; 1 is normal."),
  reasoning: oneOf(["minimal", "low", "medium", "high", "xhigh"]).optional().describe(
    "Reasoning effort, for models that support it: gpt-realtime-2 and newer.",
  ),
  turnDetection: TURN_DETECTION.prefault({ type: "server_vad" }).describe(
    "How the model detects the start and end of the caller's turns.",
  ),
  noiseReduction: oneOf(["near_field", "far_field", "off"]).default("near_field").describe(
    "Noise reduction: near_field for handsets, far_field for hands-free devices.",
  ),
  transcription: z.union([z.literal("off", "allowed: off"), TRANSCRIPTION]).prefault({}).describe(
    "Transcription of the caller's speech, or off.",
  ),
  language: LANGUAGE_CODE.optional().describe("First language, such as en or es-MX."),
  languages: byName(LANGUAGE_CODE, LANGUAGE).default({}).describe(
    "Languages the assistant can switch to, with the fields that differ in each.",
  ),
  tools: list(text(40)).default(["end_call"]).describe(
    "Tools of the assistant: end_call, transfer_call, send_digits, take_message, switch_language, " +
      "pause_recording, resume_recording, and names from `tools` and `mcpServers`.",
  ),
  transferTo: list(text(40)).default([]).describe(
    "Names of the destinations to which the assistant may transfer the caller.",
  ),
  waiting: object({
    afterSeconds: number(0.5, 10).default(1.5).describe(
      "Time a tool may run before the caller hears something (s).",
    ),
    say: text(300).optional().describe("Sentence to speak then. Default: a soft tone."),
  }).optional().describe("What the caller hears while a tool runs for a long time. Default: nothing."),
  holding: object({
    afterMs: wholeNumber(200, 5_000).default(800).describe(
      "Silence of both sides before the caller hears something (ms).",
    ),
    audio: text(4_096).optional().describe(
      "WAV file to play once then, before the tone; relative to this file, at most 30 s. Default: only the soft tone.",
    ),
  }).prefault({}).describe("What the caller hears while the model's server is lost or stands still."),
  outage: OUTAGE.prefault({}).describe("What the caller gets when all models are down."),
  keypad: object({
    pauseSeconds: number(0.5, 10).default(2).describe("Pause that ends a keypad entry (s)."),
    menu: byName(KEY, text(40)).default({}).describe(
      "Keys that transfer the caller to a destination, without the model.",
    ),
    secrets: byName(
      NAME,
      object({ digits: wholeNumber(1, 32).describe("Number of digits.") }),
    ).default({}).describe(
      "Numbers that the caller enters and the model never sees. HTTP tools use them as {{secret.NAME}}.",
    ),
  }).prefault({}).describe("Keypad input (DTMF)."),
  silence: object({
    afterSeconds: number(3, 120).describe(
      "Silence of both sides after which the assistant prompts the caller (s).",
    ),
    prompts: wholeNumber(0, 10).default(2).describe("Number of prompts before the assistant says goodbye."),
  }).optional().describe("What to do when nobody speaks. Default: nothing."),
  protectGreetingSeconds: number(0, 10).default(0).describe(
    "How long the caller cannot interrupt the greeting (s).",
  ),
  interruptions: INTERRUPTIONS.prefault({}).describe(
    "What happens when the caller speaks while the assistant does.",
  ),
  variables: ENDPOINT.optional().describe(
    "Endpoint that returns further values of {{…}} before the call, within 2 s.",
  ),
  voicemail: z.union([
    oneOf(["hang up"]),
    object({
      leave: text(1_000).describe("Message to leave after the beep. May contain {{…}}."),
    }),
  ]).optional().describe(
    "What to do when an answering machine picks up an outbound call. Twilio charges for the detection. " +
      "Default: no detection.",
  ),
  recording: z.union([
    flag(),
    object({
      consent: CONSENT.optional().describe(
        "Announcement that Twilio speaks first, in `language`. Empty: none. Default: RECORDING_CONSENT.",
      ),
    }),
  ]).optional().describe("Whether calls are recorded, and how. Default: RECORDING."),
  callsFor: text(200).optional().describe(
    "Company or person for whom the assistant calls; it gives this name to people who ask. Default: the assistant's name.",
  ),
  limits: object({
    callSeconds: wholeNumber(10, 86_400).optional().describe(
      "Maximum duration of a call (s). Default: MAX_CALL_SECONDS.",
    ),
    callUsd: number(0.01, 10_000).optional().describe("Maximum cost of one call (US dollars)."),
    callerDayUsd: number(0.01, 10_000).optional().describe(
      "Maximum cost of all calls with one number per day (US dollars).",
    ),
    callerDayMinutes: number(1, 1_440).optional().describe("Maximum call minutes with one number per day."),
    dayMinutes: number(1, 1_000_000).optional().describe(
      "Maximum call minutes of all assistants per day. This assistant answers no calls beyond it.",
    ),
    dayUsd: number(0.01, 1_000_000).optional().describe(
      "Maximum cost of all calls per day (US dollars). This assistant answers no calls beyond it. Default: " +
        "MAX_USD_PER_DAY.",
    ),
  }).default({}).describe("Limits on time and cost. Days are UTC."),
});

export type AssistantEntry = z.output<typeof ASSISTANT>;
