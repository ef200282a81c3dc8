import { z } from "zod";
import { CallingHours } from "../dialer/calling_hours.ts";
import { E164 } from "../dialer/phone_number.ts";
import { LOG_FORMATS, LOG_LEVELS } from "../telemetry/log.ts";

/** One environment variable: what it is for, what it may be, what it is when it is not set. */
export interface Setting {
  /** For `.env.example` and the README. */
  readonly about: string;
  readonly schema: z.ZodType;
  /** Its value appears nowhere, and it may be given as `NAME_FILE`. */
  readonly secret?: true;
  /** Empty is a value of its own and not the same as unset. */
  readonly mayBeEmpty?: true;
}

const text = z.string().min(1);

function address(protocols: readonly string[]) {
  return z.string().transform((value, context) => {
    const url = URL.canParse(value) ? new URL(value) : undefined;
    const fits = url && protocols.includes(url.protocol) && !url.search && !url.hash && !url.username &&
      url.hostname;
    if (!fits) {
      context.addIssue(`allowed: an address that begins with ${protocols.join("// or ")}//, without query`);
      return z.NEVER;
    }
    return url.href.replace(/\/$/, "");
  });
}

function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `allowed: ${values.join(", ")}` });
}

function wholeNumber(least: number, most: number) {
  const allowed = `allowed: a whole number from ${least} to ${most}`;
  return z.string().regex(/^\d{1,9}$/, allowed).transform(Number)
    .refine((value) => value >= least && value <= most, allowed);
}

/** Values separated by commas. */
function listOf(item: RegExp, allowed: string) {
  return z.string().transform((value): readonly string[] =>
    value.split(",").map((each) => each.trim()).filter((each) => each !== "")
  )
    .refine(
      (values) => values.every((value) => item.test(value)),
      `allowed: ${allowed}, separated by commas`,
    );
}

const CALLERS = listOf(
  /^(\+\d{0,15}\*?|[^+,\s]+)$/,
  "numbers such as +15551230000, beginnings such as +1555*, or what the network says instead, such as anonymous",
);

/** Every setting the service reads from its environment, in the order `.env.example` lists them. */
export const SETTINGS = {
  APP_ENV: {
    about: "Where it runs. In production, what development only warns of refuses to start.",
    schema: oneOf(["development", "production"]).default("development"),
  },
  PUBLIC_URL: {
    about: "Address under which Twilio reaches this service, such as https://phone.example.com.",
    schema: address(["https:", "http:"]).optional(),
  },
  PORT: {
    about: "Port to listen on.",
    schema: wholeNumber(0, 65_535).default(5050),
  },
  HOST: {
    about: "Address to listen on. Not set: 127.0.0.1 in development, 0.0.0.0 in production.",
    schema: text.optional(),
  },
  TLS_CERT_FILE: {
    about:
      "Certificate with its chain (PEM), to speak TLS without a proxy. A renewed file is picked up by itself.",
    schema: text.optional(),
  },
  TLS_KEY_FILE: {
    about: "Private key of that certificate (PEM).",
    schema: text.optional(),
  },
  TRUSTED_PROXIES: {
    about:
      "Addresses of the proxies in front, such as 127.0.0.1, 10.0.0.0/8: only theirs is X-Forwarded-For believed.",
    schema: listOf(
      /^[0-9a-fA-F:.]+(\/\d{1,3})?$/,
      "addresses such as 127.0.0.1 or networks such as 10.0.0.0/8",
    )
      .optional(),
  },
  TWILIO_ACCOUNT_SID: {
    about: "Twilio account, AC…: for what Parley asks of Twilio by itself.",
    schema: z.string().regex(
      /^AC[0-9a-f]{32}$/,
      "allowed: AC and 32 hexadecimal digits, as the console shows it",
    )
      .optional(),
  },
  TWILIO_AUTH_TOKEN: {
    about: "Primary auth token of the Twilio account: with it, only Twilio's own requests are answered.",
    schema: text.optional(),
    secret: true,
  },
  TWILIO_API_KEY_SID: {
    about: "API key, SK…, to use towards Twilio instead of the auth token.",
    schema: z.string().regex(
      /^SK[0-9a-f]{32}$/,
      "allowed: SK and 32 hexadecimal digits, as the console shows it",
    )
      .optional(),
  },
  TWILIO_API_KEY_SECRET: {
    about: "Secret of that API key.",
    schema: text.optional(),
    secret: true,
  },
  TWILIO_PHONE_NUMBER: {
    about: "Your Twilio number, such as +15551230000.",
    schema: z.string().regex(E164, "allowed: a number such as +15551230000").optional(),
  },
  TWILIO_API_URL: {
    about: "Twilio's REST API; another one for tests.",
    schema: address(["https:", "http:"]).default("https://api.twilio.com"),
  },
  OPENAI_API_KEY: {
    about: "Key for the model. Not set in development: an embedded stand-in model answers.",
    schema: text.optional(),
    secret: true,
  },
  OPENAI_MODEL: {
    about: "Speech-to-speech model.",
    schema: text.default("gpt-realtime-2.1"),
  },
  OPENAI_VOICE: {
    about: "Voice: alloy, ash, ballad, coral, echo, sage, shimmer, verse, marin or cedar.",
    schema: text.default("marin"),
  },
  OPENAI_REALTIME_URL: {
    about: "Realtime server to dial.",
    schema: address(["wss:", "ws:"]).default("wss://api.openai.com/v1/realtime"),
  },
  OPENAI_DIALECT: {
    about: "What that server speaks: ga is OpenAI's Realtime API as it is generally available.",
    schema: oneOf(["ga"]).default("ga"),
  },
  AUDIO_FORMAT: {
    about:
      "Audio to and from the model: pcmu passes the call's own µ-law through, pcm16 is for models without it.",
    schema: oneOf(["pcmu", "pcm16"]).default("pcmu"),
  },
  SYSTEM_MESSAGE: {
    about: "Who the assistant is and how it should behave.",
    schema: text.default(
      "You are a friendly assistant on the telephone. Keep your answers short and clear, speak naturally, and ask when " +
        "you did not understand.",
    ),
  },
  GREETING: {
    about: "What the assistant is told to open the call with. Empty: the caller speaks first.",
    schema: z.string().default("Greet the caller in one short sentence and ask how you can help."),
    mayBeEmpty: true,
  },
  ASSISTANTS_FILE: {
    about:
      "Assistants, their tools and where they may pass callers on to (JSON with comments); see docs/assistants.md.",
    schema: text.optional(),
  },
  WEBHOOK_SECRET: {
    about:
      "Signs what is sent to the address of afterCall in that file; whsec_… or any text of 24 characters and more.",
    schema: z.string().min(24, "allowed: at least 24 characters; make one with: openssl rand -hex 24")
      .optional(),
    secret: true,
  },
  WELCOME_MESSAGE: {
    about: "Spoken by Twilio before the assistant is connected. Not set: nothing, which is faster.",
    schema: z.string().max(300, "allowed: at most 300 characters, or the assistant waits too long")
      .optional(),
  },
  MAX_CALLS: {
    about: "Most calls at a time. Not set: no limit.",
    schema: wholeNumber(1, 100_000).optional(),
  },
  OVERFLOW: {
    about:
      "What a call gets that is one too many, or comes while draining: say (a sentence), busy, a number to dial, or an " +
      "https address to redirect to.",
    schema: z.string().refine(
      (value) => ["say", "busy"].includes(value) || E164.test(value) || /^https:\/\/\S+$/.test(value),
      "allowed: say, busy, a number such as +15551230000, or an https:// address",
    ).default("say"),
  },
  MAX_CALL_SECONDS: {
    about:
      "Longest call (s): the assistant is warned 30 s before, says goodbye, and hangs up. Not set: no limit.",
    schema: wholeNumber(10, 86_400).optional(),
  },
  DRAIN_SECONDS: {
    about: "How long calls in progress may go on after SIGTERM (s); then the assistant says goodbye.",
    schema: wholeNumber(0, 86_400).default(300),
  },
  ALLOWED_CALLERS: {
    about: "Callers who may call, such as +15551230000, +1555*. Not set: all.",
    schema: CALLERS.optional(),
  },
  DENIED_CALLERS: {
    about: "Callers who are rejected, such as +15551230000, +1555*, anonymous.",
    schema: CALLERS.optional(),
  },
  MIN_ATTESTATION: {
    about:
      "Least STIR/SHAKEN attestation of the caller's number: A (full), B or C. Not set: none is asked for.",
    schema: oneOf(["A", "B", "C"]).optional(),
  },
  CALLS_PER_CALLER_AND_HOUR: {
    about: "Most calls from one number within an hour; further ones are rejected. Not set: no limit.",
    schema: wholeNumber(1, 10_000).optional(),
  },
  RING_SECONDS: {
    about: "How long a call that Parley places rings (s).",
    schema: wholeNumber(5, 600).default(30),
  },
  MAX_OUTBOUND_CALLS: {
    about: "Most calls that Parley has placed at a time, waiting and ringing ones included.",
    schema: wholeNumber(1, 10_000).default(10),
  },
  OUTBOUND_CALLS_PER_SECOND: {
    about: "How many calls Parley begins within a second; Twilio allows an account 1 unless it was raised.",
    schema: wholeNumber(1, 100).default(1),
  },
  CALLING_HOURS: {
    about: "When Parley may place calls, such as 09:00-18:00 Europe/Berlin. Not set: at any time.",
    schema: z.string().transform((value, context) => {
      const [, from = "", to = "", timeZone = ""] = /^(\d\d:\d\d)-(\d\d:\d\d) +(\S+)$/.exec(value) ?? [];
      try {
        new CallingHours({ from, to, timeZone });
        return { from, to, timeZone };
      } catch {
        context.addIssue("allowed: hours and a time zone such as 09:00-18:00 Europe/Berlin");
        return z.NEVER;
      }
    }).optional(),
  },
  DO_NOT_CALL_FILE: {
    about: "Numbers that Parley never calls, one a line.",
    schema: text.optional(),
  },
  START_SECONDS: {
    about: "Longest time from a media stream's handshake to its start message (s).",
    schema: wholeNumber(1, 60).default(5),
  },
  MEDIA_TIMEOUT_SECONDS: {
    about: "A call without any audio from Twilio for this long (s) is over.",
    schema: wholeNumber(1, 600).default(15),
  },
  MAX_FRAME_BYTES: {
    about: "Longest message accepted on a media stream (bytes). Twilio's have about 300.",
    schema: wholeNumber(1_024, 1_048_576).default(65_536),
  },
  MAX_FRAMES_PER_SECOND: {
    about:
      "Most messages a second on a media stream, over any ten seconds. Twilio sends 50, and a mark now and then.",
    schema: wholeNumber(60, 10_000).default(100),
  },
  MAX_PENDING_STREAMS: {
    about: "Most media streams that have not started yet.",
    schema: wholeNumber(1, 100_000).default(256),
  },
  MAX_UNSIGNED_STREAMS: {
    about: "The same where signatures are not checked.",
    schema: wholeNumber(1, 100_000).default(32),
  },
  MAX_UNSIGNED_STREAMS_PER_ADDRESS: {
    about: "The same from one address.",
    schema: wholeNumber(1, 100_000).default(4),
  },
  ADMIN_TOKEN: {
    about:
      "Password for metrics, API and console, at least 16 characters. Not set: they answer on this machine only.",
    schema: z.string().min(16, "allowed: at least 16 characters; make one with: openssl rand -hex 24")
      .optional(),
    secret: true,
  },
  METRICS_PUBLIC: {
    about: "Whether /metrics answers anybody.",
    schema: oneOf(["true", "false"]).default("false").transform((value) => value === "true"),
  },
  DATA_DIR: {
    about: "Folder for what is kept. Parley writes nowhere else.",
    schema: text.default("./data"),
  },
  RECORD_DAYS: {
    about: "How long calls are kept (days). Not set: for ever.",
    schema: wholeNumber(1, 36_500).optional(),
  },
  RECORDING: {
    about: "Whether calls are recorded, on or off; an assistant may say otherwise. See docs/recordings.md.",
    schema: oneOf(["off", "on"]).default("off"),
  },
  RECORDING_CONSENT: {
    about: "What Twilio says before a call that is recorded. Empty: nothing; the law may ask for it.",
    schema: z.string().max(300, "allowed: at most 300 characters, or the assistant waits too long")
      .default("This call is recorded."),
    mayBeEmpty: true,
  },
  RECORDING_DAYS: {
    about: "How long recordings are kept (days). Not set: as long as the call.",
    schema: wholeNumber(1, 36_500).optional(),
  },
  RECORDING_MEGABYTES: {
    about: "Room for recordings (MB), 115 an hour: the oldest go first.",
    schema: wholeNumber(1, 100_000_000).default(10_000),
  },
  LOG_LEVEL: {
    about: "Quietest line shown: debug, info, warn or error.",
    schema: oneOf(LOG_LEVELS).default("info"),
  },
  LOG_FORMAT: {
    about: "pretty for people, json for programs. Not set: pretty in development, json in production.",
    schema: oneOf(LOG_FORMATS).optional(),
  },
} satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
/** Values of all settings, read and checked. */
export type Settings = { readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]["schema"]> };
