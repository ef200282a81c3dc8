import { z } from "zod";
import { nearestName } from "../nearest_name.ts";
import { E164 } from "../phone_number.ts";
import {
  announcement,
  limit,
  listOf,
  nonEmpty,
  oneOf,
  port,
  secretText,
  type Setting,
  textLike,
  truncation,
  url,
  wholeNumber,
} from "./setting_types.ts";
import { modelFallbacks } from "./model_fallbacks.ts";

/** Settings of the service, its network, Twilio, the model and the assistant. */
export const SERVICE_SETTINGS = {
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
    description: "Maximum length of a response of the model (tokens; one second of speech takes about 20): " +
      "max_output_tokens of the session. No default with another OPENAI_REALTIME_URL.",
    schema: limit(1, 4_096),
    productionDefault: "4096",
    withoutLimit: "a response may be as long as the model allows",
  },
  TRUNCATION: {
    description:
      "How the model shortens a conversation that outgrows its context (truncation of the session): auto, " +
      "disabled, or the share to keep, such as 0.8. A share drops several turns at a time, so that the cache " +
      "stays useful. No default with another OPENAI_REALTIME_URL.",
    schema: truncation(),
    productionDefault: "0.8",
  },
  AUDIO_FORMAT: {
    description:
      "Audio format of the model session. pcmu passes the phone call's µ-law audio through; pcm16 is for " +
      "models without µ-law.",
    schema: oneOf(["pcmu", "pcm16"]).default("pcmu"),
  },
  MODEL_FALLBACKS: {
    description:
      "Further model servers, tried in this order when the first one is down, refuses or is slow: a JSON list of " +
      "{name, url, apiKey, model, voice, dialect, audioFormat}. Only url is required; the rest is by default the " +
      "first server's, except apiKey.",
    schema: modelFallbacks.optional(),
    secret: true,
  },
  MODEL_READY_SECONDS: {
    description: "Timeout for connecting to the model and configuring the session (s).",
    schema: wholeNumber(1, 60).default(3),
  },
  MODEL_PONG_SECONDS: {
    description:
      "Time within which the model's server must answer a ping (s). After that, the session is replaced.",
    schema: wholeNumber(1, 600).default(3),
  },
  MODEL_FIRST_AUDIO_SECONDS: {
    description:
      "Time from a request to its first audio or function call (s) after which another model server is tried, if " +
      "MODEL_FALLBACKS names one.",
    schema: wholeNumber(1, 120).default(5),
  },
  MODEL_OUTAGE_SECONDS: {
    description:
      "How long a caller waits without a model (s) until all models count as down, and `outage` of the assistant begins.",
    schema: wholeNumber(1, 120).default(10),
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
} satisfies Record<string, Setting>;
