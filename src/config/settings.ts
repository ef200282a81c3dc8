import { z } from "zod";
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
    schema: z.string().regex(/^\d+$/, "allowed: a whole number from 0 to 65535").transform(Number)
      .refine((port) => port <= 65_535, "allowed: a whole number from 0 to 65535").default(5050),
  },
  HOST: {
    about: "Address to listen on. Not set: 127.0.0.1 in development, 0.0.0.0 in production.",
    schema: text.optional(),
  },
  TWILIO_AUTH_TOKEN: {
    about: "Primary auth token of the Twilio account: with it, only Twilio's own requests are answered.",
    schema: text.optional(),
    secret: true,
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
  WELCOME_MESSAGE: {
    about: "Spoken by Twilio before the assistant is connected. Not set: nothing, which is faster.",
    schema: z.string().max(300, "allowed: at most 300 characters, or the assistant waits too long")
      .optional(),
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
