/** The schema of a script file. */

import { z } from "zod";
import type { McpTool } from "../model/model_behavior.ts";

const MAX_TEXT = [10_000, "allowed: at most 10000 characters"] as const;
const text = (allowed = "a string") =>
  z.string(`allowed: ${allowed}`).min(1, `allowed: ${allowed}`).max(...MAX_TEXT);
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
        ? `allowed: an object with ${Object.keys(shape).join(", ")}`
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
/** A tool name that OpenAI's API accepts. */
const FUNCTION = like(/^[\w-]{1,64}$/, "the name of a tool");
/** See `differences`: a value, an object that is a part of it, or a regular expression in a string. */
const EXPECTED = z.unknown();
const EXPECTED_TEXT = text("a string, or a regular expression such as /hello/i");
const EXPECTED_OBJECT = z.record(z.string(), EXPECTED, "allowed: an object");

/** A string unchanged, any other value as JSON. */
const asText = (value: unknown) => typeof value === "string" ? value : JSON.stringify(value);

const CALL = object({
  name: FUNCTION,
  /** An object is sent as JSON, a string unchanged. */
  arguments: z.union([z.string(), EXPECTED_OBJECT], "allowed: an object, or a string to send unchanged")
    .default({}),
  /** Time to send the arguments (ms). */
  slow: milliseconds().default(0),
}).transform(({ name, arguments: args, slow }) => ({ name, arguments: asText(args), durationMs: slow }));

const CLOSE_CODES = "allowed: 1000 to 4999";
const FAIL = object({
  /** The response fails with this code, after its speech. */
  response: text("a code such as server_error").exactOptional(),
  /** Instead of a response, an `error` event with this code. */
  error: text("a code such as rate_limit_exceeded").exactOptional(),
  /** The socket is closed with this code, after the speech. */
  close: z.int("allowed: a close code such as 1011").min(1000, CLOSE_CODES).max(4999, CLOSE_CODES)
    .exactOptional(),
  /** Nothing is sent after the speech, and the response does not end. */
  hang: flag.exactOptional(),
});

/** A tool of a remote MCP server. */
const MCP_TOOL = object({
  server: text(),
  name: FUNCTION,
  arguments: EXPECTED_OBJECT.default({}),
  /** Its return value; anything but a string is sent as JSON. */
  output: EXPECTED.optional(),
  /** It fails with this message instead. */
  error: text().optional(),
  /** Run time (ms). */
  slow: milliseconds().default(0),
}).transform(({ arguments: args, output = {}, slow, ...tool }): McpTool => (
  { ...tool, arguments: asText(args), output: asText(output), durationMs: slow }
));

const MODEL = object({
  /** Spoken words; `""` is an empty response. */
  say: z.string("allowed: a string").max(...MAX_TEXT).optional(),
  /** A recording of it, instead of the synthetic voice. */
  wav: WAV.optional(),
  call: CALL.optional(),
  calls: list(CALL).min(1, "allowed: at least one").optional(),
  /** Uses a tool of a remote MCP server that needs no approval. */
  mcp: MCP_TOOL.optional(),
  /** Requests approval to use such a tool, which runs when approved. */
  approval: MCP_TOOL.optional(),
  /** Delay before its first output (ms). */
  slow: milliseconds().default(0),
  fail: FAIL.optional(),
});

const CALLER = object({
  /** Barges in after this much of the answer (ms), instead of waiting for its end. */
  interrupt: milliseconds().optional(),
  /** Waits before the rest (ms). */
  pause: milliseconds().default(0),
  /** Words, or a duration (ms), in a synthetic voice. */
  say: z.union([milliseconds(200), text()], "allowed: a string, or milliseconds from 200").optional(),
  wav: WAV.optional(),
  press: KEYS.optional(),
  hangUp: flag.optional(),
});

const TURN_EXPECT = object({
  /** The instructions of the service's `response.create`. */
  instructions: EXPECTED_TEXT.optional(),
  /** Texts the service added to the conversation since the model's previous turn. */
  notes: list(EXPECTED_TEXT).optional(),
  /** The output of the function call, parsed if it is JSON. */
  output: EXPECTED.optional(),
  /** The outputs of several calls, in order. */
  outputs: list(EXPECTED).optional(),
  /** Whether the remote tool was approved. */
  approved: z.boolean("allowed: true, false").optional(),
  /** The session's settings when the response was requested. */
  session: EXPECTED_OBJECT.optional(),
  /** The heard part of its speech; two numbers are a range (ms). */
  heard: z.union(
    [z.enum(["all", "part", "nothing"]), z.tuple([z.number(), z.number()])],
    'allowed: "all", "part", "nothing", or [from, to] in milliseconds',
  ).optional(),
});

const TURN = object({ model: MODEL.optional(), caller: CALLER.optional(), expect: TURN_EXPECT.optional() });

/** The outcome of a dialed number; `canceled` is a caller who hangs up while it rings. */
const STATUSES = ["completed", "busy", "no-answer", "failed", "canceled"] as const;
const DIAL_STATUS = oneOf(STATUSES);
const DIAL_RESULT = object({
  status: DIAL_STATUS,
  ringMs: milliseconds().default(200),
  talkMs: milliseconds().default(200),
});

/** The party that ended a call, or how it ended otherwise. */
export const ENDINGS = ["caller", "service", "transferred", "rejected", "failed"] as const;

const TIMEOUTS = "allowed: seconds from 1 to 600";

/** The schema of a script. */
export const SCRIPT = object({
  $schema: z.string().optional(),
  name: text().optional(),
  call: object({
    from: PARTY.default("+15550100001"),
    to: PARTY.default("+15550100002"),
    /** The assistant that answers. Default: by the rules of the service. */
    assistant: text().optional(),
  }).prefault({}),
  /** The outcome of each dialed number; `*` is any other number. */
  dial: z.record(
    PARTY,
    z.union([DIAL_STATUS.transform((status) => ({ status, ringMs: 200, talkMs: 200 })), DIAL_RESULT], {
      error: `allowed: ${STATUSES.join(", ")}, or an object with status, ringMs, talkMs`,
    }),
    "allowed: an object by number",
  ).default({}),
  /** Timeout of each turn, and of the end of the call. */
  timeoutSeconds: z.number(TIMEOUTS).min(1, TIMEOUTS).max(600, TIMEOUTS).default(10),
  turns: list(TURN),
  expect: object({
    ending: oneOf(ENDINGS).optional(),
    /** Every TwiML verb that ran, in order: its name, or an object with the verb and its attributes. */
    verbs: list(
      z.union(
        [text("a verb"), EXPECTED_OBJECT],
        "allowed: a verb, or an object with verb and its attributes",
      ),
    ).optional(),
    /** The model's texts the caller heard, wholly or in part, in order. */
    heard: list(EXPECTED_TEXT).optional(),
    /** The keypad tones the caller heard. */
    digits: z.string("allowed: keys").regex(/^[0-9*#A-D]*$/, "allowed: keys: 0 to 9, *, #, A to D")
      .optional(),
    /** The session's settings as first configured. */
    session: EXPECTED_OBJECT.optional(),
  }).optional(),
});

/** A script file that fits the schema. */
export type ScriptDocument = z.output<typeof SCRIPT>;
export type TurnDocument = ScriptDocument["turns"][number];
export type ModelDocument = NonNullable<TurnDocument["model"]>;
export type TurnExpectation = NonNullable<TurnDocument["expect"]>;
export type CallExpectation = NonNullable<ScriptDocument["expect"]>;
