/** A script as it is written. */

import { z } from "zod";

const text = (allowed = "a text") =>
  z.string(`allowed: ${allowed}`).min(1, `allowed: ${allowed}`).max(
    10_000,
    "allowed: at most 10000 characters",
  );
const like = (pattern: RegExp, allowed: string) =>
  z.string(`allowed: ${allowed}`).regex(pattern, `allowed: ${allowed}`);
const milliseconds = (least = 0) => {
  const allowed = `allowed: whole milliseconds from ${least} to 600000`;
  return z.int(allowed).min(least, allowed).max(600_000, allowed);
};
const object = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: ({ code }) =>
      code === "invalid_type"
        ? `allowed: an object of ${Object.keys(shape).join(", ")}`
        : code === "unrecognized_keys"
        ? `allowed: ${Object.keys(shape).join(", ")}`
        : undefined,
  });
const list = <Item extends z.ZodType>(item: Item) => z.array(item, "allowed: a list");
const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `allowed: ${values.join(", ")}` });
const flag = z.literal(true, "allowed: true");

const WAV = like(/\.wav$/i, "the name of a WAV file beside the script");
const PARTY = like(/^\S{1,200}$/, "a number such as +15551230000");
const KEYS = like(/^[0-9*#A-D]{1,64}$/, "keys: 0 to 9, *, #, A to D");
/** A name as both the vendor and its client take it. */
const FUNCTION = like(/^[\w-]{1,64}$/, "the name of a tool");
/** Something to compare with: a value, an object that is a part of it, or a text that is a regular expression. */
const EXPECTED = z.unknown();
const EXPECTED_TEXT = text("a text, or a regular expression such as /hello/i");
const EXPECTED_OBJECT = z.record(z.string(), EXPECTED, "allowed: an object");

const CALL = object({
  name: FUNCTION,
  /** An object is sent as JSON; a text as it is, whether it is JSON or not. */
  arguments: z.union([z.string(), EXPECTED_OBJECT], "allowed: an object, or a text as it is sent").default(
    {},
  ),
  /** How long the arguments take to come, in ms. */
  slow: milliseconds().default(0),
});

const FAIL = object({
  /** The response fails with this code, after what is said. */
  response: text("a code such as server_error").exactOptional(),
  /** There is no response but an error event with this code. */
  error: text("a code such as rate_limit_exceeded").exactOptional(),
  /** The socket is closed with this code, after what is said. */
  close: z.int("allowed: a close code such as 1011").min(1000, "allowed: 1000 to 4999").max(
    4999,
    "allowed: 1000 to 4999",
  ).exactOptional(),
  /** Nothing more comes, and the response does not end. */
  hang: flag.exactOptional(),
});

const MODEL = object({
  /** What it says; "" is nothing at all. */
  say: z.string("allowed: a text").max(10_000, "allowed: at most 10000 characters").optional(),
  /** What that sounds like, instead of a made-up voice. */
  wav: WAV.optional(),
  call: CALL.optional(),
  calls: list(CALL).min(1, "allowed: at least one").optional(),
  /** A tool of a remote server it asks to be allowed. */
  approval: object({ server: text(), name: FUNCTION, arguments: EXPECTED_OBJECT.default({}) }).optional(),
  /** How long nothing comes at first, in ms. */
  slow: milliseconds().default(0),
  fail: FAIL.optional(),
});

const CALLER = object({
  /** Does not wait for the end of the answer, but for so many ms of it. */
  interrupt: milliseconds().optional(),
  /** Waits so many ms before the rest. */
  pause: milliseconds().default(0),
  /** Words of a made-up voice: their text, or how long they are in ms. */
  say: z.union([milliseconds(200), text()], "allowed: a text, or milliseconds from 200").optional(),
  wav: WAV.optional(),
  press: KEYS.optional(),
  hangUp: flag.optional(),
});

const TURN_EXPECT = object({
  /** What the service asked for with this response. */
  instructions: EXPECTED_TEXT.optional(),
  /** Texts the model was given since its turn before, without being asked to speak. */
  notes: list(EXPECTED_TEXT).optional(),
  /** What the call came to: JSON where it is JSON. */
  output: EXPECTED.optional(),
  /** The same of several calls, in their order. */
  outputs: list(EXPECTED).optional(),
  /** Whether the tool of a remote server was allowed. */
  approved: z.boolean("allowed: true, false").optional(),
  /** The session's settings at that moment. */
  session: EXPECTED_OBJECT.optional(),
  /** How much of it the caller heard; two numbers are milliseconds, from and to. */
  heard: z.union(
    [z.enum(["all", "part", "nothing"]), z.tuple([z.number(), z.number()])],
    'allowed: "all", "part", "nothing", or [from, to] in milliseconds',
  ).optional(),
});

const TURN = object({ model: MODEL.optional(), caller: CALLER.optional(), expect: TURN_EXPECT.optional() });

/** What became of a number that was dialled: `canceled` is a caller who hangs up while it rings. */
const DIAL_STATUS = oneOf(["completed", "busy", "no-answer", "failed", "canceled"]);
const DIALLED = object({
  status: DIAL_STATUS,
  ringMs: milliseconds().default(200),
  talkMs: milliseconds().default(200),
});

/** How a call can end: by whom, or how else. */
export const ENDINGS = ["caller", "service", "transferred", "rejected", "broken"] as const;

/** The schema of a script. */
export const SCRIPT = object({
  $schema: z.string().optional(),
  name: text().optional(),
  call: object({ from: PARTY.default("+15550100001"), to: PARTY.default("+15550100002") })
    .prefault({}),
  /** What becomes of each number that is dialled; `*` is any other. */
  dial: z.record(
    PARTY,
    z.union([DIAL_STATUS.transform((status) => ({ status, ringMs: 200, talkMs: 200 })), DIALLED], {
      error: "allowed: completed, busy, no-answer, failed, canceled, or an object of status, ringMs, talkMs",
    }),
    "allowed: an object of numbers",
  ).default({}),
  /** How long each turn, and the end, may be waited for. */
  patienceSeconds: z.number("allowed: seconds from 1 to 600").min(1, "allowed: seconds from 1 to 600")
    .max(600, "allowed: seconds from 1 to 600").default(10),
  turns: list(TURN),
  expect: object({
    ending: oneOf(ENDINGS).optional(),
    /** Every TwiML verb that was met, in order: names, or objects that are a part of it. */
    verbs: list(
      z.union([text("a verb"), EXPECTED_OBJECT], "allowed: a verb, or an object of verb and its attributes"),
    )
      .optional(),
    /** What of the model's words was heard, wholly or in part, in order. */
    heard: list(EXPECTED_TEXT).optional(),
    /** Keypad tones that were heard. */
    digits: z.string("allowed: keys").regex(/^[0-9*#A-D]*$/, "allowed: keys: 0 to 9, *, #, A to D")
      .optional(),
    /** The settings of the session as it was first configured. */
    session: EXPECTED_OBJECT.optional(),
  }).optional(),
});

/** A script as it was read. */
export type Written = z.output<typeof SCRIPT>;
export type WrittenTurn = Written["turns"][number];
export type TurnExpectation = NonNullable<WrittenTurn["expect"]>;
export type CallExpectation = NonNullable<Written["expect"]>;
/** What became of a dialled number, and how long it took. */
export type Dialled = z.output<typeof DIALLED>;
export type Ending = (typeof ENDINGS)[number];
