import { z } from "zod";
import { E164 } from "../phone_number.ts";
import { dailyHours } from "../weekly_hours.ts";
import {
  carrierPrices,
  dollarLimit,
  limit,
  listOf,
  nonEmpty,
  oneOf,
  type Setting,
  wholeNumber,
} from "./setting_types.ts";

const CALLER_PATTERNS = listOf(
  /^(\+\d{0,15}\*?|[^+,\s]+)$/,
  "numbers such as +15551230000, prefixes such as +1555*, or names that networks send, such as anonymous",
);

/** Limits of calls, callers, outbound calls and connections. */
export const CALL_SETTINGS = {
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
      "Maximum cost of all calls of a day (UTC), including the carrier (US dollars). Further calls get " +
      "OVERFLOW. An assistant's limits.dayUsd overrides it.",
    schema: dollarLimit(0.01, 1_000_000),
    productionDefault: "50",
    withoutLimit: "a day may cost any amount",
  },
  CARRIER_PRICES: {
    description:
      "Your carrier's prices (US dollars), where they differ from Twilio's list prices of 2026-10. Per minute: in " +
      "(by the prefix of your number), out (by the prefix of the called number), sip (and browser legs), stream. Per " +
      "detection of an answering machine: amd.",
    schema: carrierPrices,
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
  STREAM_GRACE_SECONDS: {
    description:
      "How long a call waits for its media stream to come back after a loss (s). The conversation continues then.",
    schema: wholeNumber(0, 60).default(10),
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
    withoutLimit: "one caller may call any number of times in an hour",
  },
  CALLS_PER_NUMBER_AND_DAY: {
    description:
      "Maximum number of calls from and to one number in 24 hours; further calls are rejected, or not placed.",
    schema: limit(1, 100_000),
    productionDefault: "100",
    withoutLimit: "one number may call, or be called, any number of times in a day",
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
      "Numbers that Parley may call and transfer callers to, such as +49*, +15551230000; * allows all. " +
      "Default: the country of TWILIO_PHONE_NUMBER without its premium-rate numbers, if Parley knows them, and the " +
      "numbers in the assistants file and OVERFLOW.",
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
    description: "MAX_PENDING_STREAMS when TWILIO_AUTH_TOKEN is not set.",
    schema: wholeNumber(1, 100_000).default(32),
  },
  MAX_UNSIGNED_STREAMS_PER_ADDRESS: {
    description: "MAX_PENDING_STREAMS per client address when TWILIO_AUTH_TOKEN is not set.",
    schema: wholeNumber(1, 100_000).default(4),
  },
} satisfies Record<string, Setting>;
