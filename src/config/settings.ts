/** Every setting of the service. docs/settings.md and .env.example are generated from this file. */

import { z } from "zod";
import { E164 } from "../phone_number.ts";
import { nearestName } from "../nearest_name.ts";
import { LOG_FORMATS, LOG_LEVELS } from "../telemetry/log.ts";
import { dailyHours } from "../weekly_hours.ts";
import {
  announcement,
  dollarLimit,
  limit,
  listOf,
  nonEmpty,
  oneOf,
  port,
  secretText,
  textLike,
  truncation,
  url,
  wholeNumber,
} from "./setting_types.ts";

/** One environment variable. */
export interface Setting {
  /** For the docs, in one line. */
  readonly description: string;
  /** Parses the text of the variable; `undefined` gives the default. */
  readonly schema: z.ZodType;
  /** The value must appear nowhere, and `NAME_FILE` may name a file that contains it. */
  readonly secret?: true;
  /** An empty value differs from an unset one. */
  readonly allowEmpty?: true;
  /** Default in production, as text. Such a setting also accepts `none`, which means no limit. */
  readonly productionDefault?: string;
  /** Effect of `none`, for the warning about it. Missing: `none` needs no warning. */
  readonly withoutLimit?: string;
}

const CALLER_PATTERNS = listOf(
  /^(\+\d{0,15}\*?|[^+,\s]+)$/,
  "numbers such as +15551230000, prefixes such as +1555*, or names that networks send, such as anonymous",
);

/** All settings, in the order of the docs. */
export const SETTINGS = {
  APP_ENV: {
    description:
      "Name of the environment, such as local, staging or production. In production, missing or unsafe " +
      "settings are startup errors instead of warnings, and limits have defaults.",
    schema: textLike(/^[\w-]{1,64}$/, "letters, digits, _ and -, at most 64").refine(
      (name) =>
        name === "production" ||
        !/^(prod|prd|live)$/i.test(name) && nearestName(name, ["production"]) === undefined,
      "did you mean production?",
    ).default("development"),
  },
  PUBLIC_URL: {
    description: "URL at which Twilio reaches this service, such as https://phone.example.com.",
    schema: url(["https:", "http:"]).optional(),
  },
  PORT: {
    description: "Port to listen on.",
    schema: port().default(5050),
  },
  HOST: {
    description: "Address to listen on. Default: 0.0.0.0 in production, 127.0.0.1 elsewhere.",
    schema: textLike(
      /^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/,
      "an address such as 0.0.0.0 or ::, or a host name",
    ).optional(),
  },
  TLS_CERT_FILE: {
    description:
      "TLS certificate with its chain (PEM), to serve HTTPS without a proxy. Renewed files are reloaded " +
      "automatically.",
    schema: nonEmpty.optional(),
  },
  TLS_KEY_FILE: {
    description: "Private key of the certificate (PEM).",
    schema: nonEmpty.optional(),
  },
  TLS_CA_FILE: {
    description:
      "Certificates of the authority (PEM), if they came in a file of their own (CA bundle) and not in " +
      "TLS_CERT_FILE.",
    schema: nonEmpty.optional(),
  },
  TRUSTED_PROXIES: {
    description:
      "Addresses of the reverse proxies, such as 127.0.0.1, 10.0.0.0/8. X-Forwarded-For is trusted only " +
      "from these addresses.",
    schema: listOf(
      /^[0-9a-fA-F:.]+(\/\d{1,3})?$/,
      "addresses such as 127.0.0.1 or networks such as 10.0.0.0/8",
    ).optional(),
  },
  TWILIO_ACCOUNT_SID: {
    description: "Twilio account SID (AC…), for requests to Twilio's REST API.",
    schema: textLike(/^AC[0-9a-f]{32}$/, "AC and 32 hexadecimal digits, as shown in the Twilio console")
      .optional(),
  },
  TWILIO_AUTH_TOKEN: {
    description: "Primary auth token of the account. When set, only requests signed by Twilio are accepted.",
    schema: nonEmpty.optional(),
    secret: true,
  },
  TWILIO_AUTH_TOKEN_OLD: {
    description:
      "The account's other auth token while it is rotated: requests signed with either token are accepted. " +
      "See docs/deployment.md.",
    schema: nonEmpty.optional(),
    secret: true,
  },
  TWILIO_API_KEY_SID: {
    description: "API key SID (SK…), used for Twilio's REST API instead of the auth token.",
    schema: textLike(/^SK[0-9a-f]{32}$/, "SK and 32 hexadecimal digits, as shown in the Twilio console")
      .optional(),
  },
  TWILIO_API_KEY_SECRET: {
    description: "Secret of the API key.",
    schema: nonEmpty.optional(),
    secret: true,
  },
  TWILIO_PHONE_NUMBER: {
    description: "Your Twilio phone number, such as +15551230000.",
    schema: textLike(E164, "a number such as +15551230000").optional(),
  },
  TWILIO_API_URL: {
    description: "Base URL of Twilio's REST API. Change it for tests only.",
    schema: url(["https:", "http:"]).default("https://api.twilio.com"),
  },
  OPENAI_API_KEY: {
    description:
      "API key of the model provider. Default in development: the built-in stand-in model answers.",
    schema: nonEmpty.optional(),
    secret: true,
  },
  OPENAI_MODEL: {
    description: "Speech-to-speech model.",
    schema: nonEmpty.default("gpt-realtime-2.1"),
  },
  OPENAI_VOICE: {
    description: "Voice: alloy, ash, ballad, coral, echo, sage, shimmer, verse, marin or cedar.",
    schema: nonEmpty.default("marin"),
  },
  OPENAI_REALTIME_URL: {
    description: "WebSocket URL of the Realtime server.",
    schema: url(["wss:", "ws:"]).default("wss://api.openai.com/v1/realtime"),
  },
  MAX_OUTPUT_TOKENS: {
    description:
      "Maximum length of the model's response (tokens; one second of speech takes about 20), max_output_tokens of the " +
      "session. Has no default with another OPENAI_REALTIME_URL.",
    schema: limit(1, 4_096),
    productionDefault: "4096",
    withoutLimit: "a response may be as long as the model allows",
  },
  TRUNCATION: {
    description:
      "How the model drops the oldest turns of a conversation that outgrows its context, truncation of the " +
      "session: the part to keep, such as 0.8, which keeps the cache useful, or auto, or disabled. Has no default with " +
      "another OPENAI_REALTIME_URL.",
    schema: truncation(),
    productionDefault: "0.8",
  },
  AUDIO_FORMAT: {
    description:
      "Audio format of the model session. pcmu passes the phone call's µ-law audio through; pcm16 is for " +
      "models without µ-law.",
    schema: oneOf(["pcmu", "pcm16"]).default("pcmu"),
  },
  ASSISTANTS_FILE: {
    description:
      "File with the assistants, their tools and transfer destinations (JSON with comments). See " +
      "docs/assistants.md.",
    schema: nonEmpty.optional(),
  },
  SYSTEM_MESSAGE: {
    description: "System prompt of the assistant.",
    schema: nonEmpty.default(
      "You are a friendly assistant on the telephone. Keep your answers short and clear, speak " +
        "naturally, and ask when you did not understand.",
    ),
  },
  GREETING: {
    description: "Instructions for the assistant's first response. Empty: the caller speaks first.",
    schema: z.string().default("Greet the caller in one short sentence and ask how you can help."),
    allowEmpty: true,
  },
  WELCOME_MESSAGE: {
    description: "Sentence that Twilio speaks before the assistant. It delays the assistant. Default: none.",
    schema: announcement.optional(),
  },
  WEBHOOK_SECRET: {
    description:
      "Secret that signs the webhooks to afterCall of the assistants file: whsec_… or any text of 24 " +
      "characters or more.",
    schema: secretText(24).optional(),
    secret: true,
  },
  MAX_CALLS: {
    description: "Maximum number of concurrent calls.",
    schema: limit(1, 100_000),
    productionDefault: "10",
    withoutLimit: "any number of calls may run at once",
  },
  OVERFLOW: {
    description:
      "Response to a call beyond a limit or during shutdown: say (speak a sentence and hang up), busy, a " +
      "number to forward to, or an https URL to redirect to.",
    schema: z.string().refine(
      (value) => ["say", "busy"].includes(value) || E164.test(value) || /^https:\/\/\S+$/.test(value),
      "allowed: say, busy, a number such as +15551230000, or an https:// URL",
    ).default("say"),
  },
  MAX_OVERFLOW_CALLS: {
    description:
      "Maximum number of concurrent calls that are forwarded to the number in OVERFLOW; further calls hear a sentence.",
    schema: wholeNumber(0, 100_000).default(10),
  },
  MAX_TRANSFER_SECONDS: {
    description:
      "Maximum time that a caller stays connected to the destination of a transfer or to the number in OVERFLOW (s). " +
      "Both keep their place in MAX_CALLS or MAX_OVERFLOW_CALLS meanwhile.",
    schema: wholeNumber(10, 14_400).default(1_800),
  },
  MAX_CALL_SECONDS: {
    description:
      "Maximum duration of a call (s). The assistant gets a warning 30 s before the end, says goodbye and hangs up.",
    schema: limit(10, 86_400),
    productionDefault: "3600",
    withoutLimit: "a call may last until somebody hangs up",
  },
  MAX_USD_PER_DAY: {
    description:
      "Most that all calls of a day (UTC) may cost (US dollars). Further calls get OVERFLOW. An assistant's " +
      "limits.dayUsd overrides it.",
    schema: dollarLimit(0.01, 1_000_000),
    productionDefault: "50",
    withoutLimit: "a day may cost any amount",
  },
  DRAIN_SECONDS: {
    description:
      "How long calls in progress may continue after SIGTERM (s). Then the assistant says goodbye.",
    schema: wholeNumber(0, 86_400).default(300),
  },
  MEDIA_TIMEOUT_SECONDS: {
    description: "A call that receives no audio from Twilio for this long (s) is ended.",
    schema: wholeNumber(1, 600).default(15),
  },
  ALLOWED_CALLERS: {
    description: "Callers that are accepted, such as +15551230000, +1555*. Default: all.",
    schema: CALLER_PATTERNS.optional(),
  },
  DENIED_CALLERS: {
    description: "Callers that are rejected, such as +15551230000, +1555*, anonymous.",
    schema: CALLER_PATTERNS.optional(),
  },
  MIN_ATTESTATION: {
    description:
      "Lowest accepted STIR/SHAKEN attestation of the caller's number: A (full), B or C. Default: no check.",
    schema: oneOf(["A", "B", "C"]).optional(),
  },
  CALLS_PER_CALLER_AND_HOUR: {
    description: "Maximum number of calls per caller and hour; further calls are rejected.",
    schema: limit(1, 10_000),
    productionDefault: "20",
    withoutLimit: "one caller may call any number of times",
  },
  RING_SECONDS: {
    description: "Ringing time of an outbound call (s).",
    schema: wholeNumber(5, 600).default(30),
  },
  MAX_OUTBOUND_CALLS: {
    description: "Maximum number of concurrent outbound calls, including queued and ringing calls.",
    schema: wholeNumber(1, 10_000).default(10),
  },
  OUTBOUND_CALLS_PER_SECOND: {
    description: "Outbound calls placed per second. Twilio's limit is 1 per account unless raised.",
    schema: wholeNumber(1, 100).default(1),
  },
  OUTBOUND_ALLOWED: {
    description:
      "Numbers that may be called, and to which callers may be transferred, such as +49*, +15551230000; * is all. " +
      "Default: the country of TWILIO_PHONE_NUMBER, and what the assistants file and OVERFLOW name.",
    schema: listOf(/^(\*|\+\d{1,15}\*?)$/, "numbers such as +15551230000, prefixes such as +49*, or *")
      .optional(),
  },
  CALLING_HOURS: {
    description:
      "Hours in which outbound calls may be placed, such as 09:00-18:00 Europe/Berlin. Default: any time.",
    schema: z.string().transform((value, context) => {
      const [, from = "", to = "", timeZone = ""] = /^(\d\d:\d\d)-(\d\d:\d\d) +(\S+)$/.exec(value) ?? [];
      try {
        return dailyHours(from, to, timeZone);
      } catch {
        context.addIssue("allowed: hours and a time zone such as 09:00-18:00 Europe/Berlin");
        return z.NEVER;
      }
    }).optional(),
  },
  DO_NOT_CALL_FILE: {
    description: "File with numbers that are never called, one per line.",
    schema: nonEmpty.optional(),
  },
  START_SECONDS: {
    description: "Timeout from the WebSocket handshake of a media stream to its start message (s).",
    schema: wholeNumber(1, 60).default(5),
  },
  MAX_FRAME_BYTES: {
    description: "Maximum size of a message on a media stream (bytes). Twilio's messages have about 300.",
    schema: wholeNumber(1_024, 1_048_576).default(65_536),
  },
  MAX_FRAMES_PER_SECOND: {
    description:
      "Maximum message rate of a media stream (per second, averaged over 10 s). Twilio sends 50, plus marks.",
    schema: wholeNumber(60, 10_000).default(100),
  },
  MAX_PENDING_STREAMS: {
    description: "Maximum number of media streams that have not sent their start message.",
    schema: wholeNumber(1, 100_000).default(256),
  },
  MAX_UNSIGNED_STREAMS: {
    description: "The same limit when TWILIO_AUTH_TOKEN is not set.",
    schema: wholeNumber(1, 100_000).default(32),
  },
  MAX_UNSIGNED_STREAMS_PER_ADDRESS: {
    description: "The same limit per client address when TWILIO_AUTH_TOKEN is not set.",
    schema: wholeNumber(1, 100_000).default(4),
  },
  ADMIN_TOKEN: {
    description: "Password for metrics, API and console. Default: they are available on this machine only.",
    schema: secretText(16).optional(),
    secret: true,
  },
  VIEWER_TOKEN: {
    description:
      "Password that reads API, console and metrics, but cannot place or control calls. Needs ADMIN_TOKEN.",
    schema: secretText(16).optional(),
    secret: true,
  },
  METRICS_TOKEN: {
    description: "Password for /metrics only, for Prometheus.",
    schema: secretText(16).optional(),
    secret: true,
  },
  METRICS_PUBLIC: {
    description: "Whether /metrics is available without the password.",
    schema: oneOf(["true", "false"]).default("false").transform((value) => value === "true"),
  },
  DATA_DIR: {
    description: "Directory for all data. Parley writes nowhere else.",
    schema: nonEmpty.default("./data"),
  },
  RECORD_DAYS: {
    description: "How long call records are kept (days). Default: forever.",
    schema: wholeNumber(1, 36_500).optional(),
  },
  RECORD_TOOL_DATA: {
    description:
      "Whether call records keep the arguments and results of tools. Secrets are replaced in both.",
    schema: oneOf(["on", "off"]).default("on"),
  },
  RECORDING: {
    description: "Whether calls are recorded. An assistant can override it. See docs/recordings.md.",
    schema: oneOf(["off", "on"]).default("off"),
  },
  RECORDING_CONSENT: {
    description:
      "Announcement that Twilio speaks before a recorded call. Empty: none, which may be unlawful.",
    schema: announcement.default("This call is recorded."),
    allowEmpty: true,
  },
  RECORDING_DAYS: {
    description: "How long recordings are kept (days). Default: as long as the call record.",
    schema: wholeNumber(1, 36_500).optional(),
  },
  RECORDING_MEGABYTES: {
    description:
      "Disk space for recordings (MB). One hour takes 115 MB. The oldest recordings are deleted first.",
    schema: wholeNumber(1, 100_000_000).default(10_000),
  },
  LOG_LEVEL: {
    description: "Lowest level that is logged.",
    schema: oneOf(LOG_LEVELS).default("info"),
  },
  LOG_EVENTS: {
    description:
      "Events of the model that are logged at level info, with their content but without audio: names or patterns such " +
      "as error, response.done, *.transcription.*. They may contain what was said. Default: none; level debug logs " +
      "the names of all events except deltas.",
    schema: listOf(/^[\w.*]+$/, "names or patterns such as response.done, response.*").optional(),
  },
  LOG_FORMAT: {
    description: "pretty for people, json for programs. Default: json in production, pretty elsewhere.",
    schema: oneOf(LOG_FORMATS).optional(),
  },
} satisfies Record<string, Setting>;

/** Headings of the docs, each with the first setting below it. */
export const SETTING_GROUPS: readonly (readonly [title: string, first: SettingName])[] = [
  ["Service and network", "APP_ENV"],
  ["Twilio", "TWILIO_ACCOUNT_SID"],
  ["Model", "OPENAI_API_KEY"],
  ["Assistant", "ASSISTANTS_FILE"],
  ["Call limits and shutdown", "MAX_CALLS"],
  ["Callers", "ALLOWED_CALLERS"],
  ["Outbound calls", "RING_SECONDS"],
  ["Connection limits", "START_SECONDS"],
  ["Admin access", "ADMIN_TOKEN"],
  ["Data, records and recordings", "DATA_DIR"],
  ["Logging", "LOG_LEVEL"],
];

export type SettingName = keyof typeof SETTINGS;
/** The parsed values of all settings. */
export type Settings = { readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]["schema"]> };
