/** Zod schemas of the HTTP endpoints, tools and MCP servers in the assistants file. */

import { z } from "zod";
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

const URL_TEXT = textLike(/^\S{1,2000}$/, "a URL such as https://api.example.com/orders");

export const ENDPOINT = object({
  url: URL_TEXT.describe(
    "URL. https, unless the host is this machine or a private network. May contain ${TOOL_…}.",
  ),
  allowPrivate: flag().default(false).describe(
    "Whether the host may be in a private network. localhost is always allowed.",
  ),
});

export const AFTER_CALL = ENDPOINT.extend({
  summary: flag().default(false).describe(
    "Whether the model writes a summary of two or three sentences after each call.",
  ),
});

const HEADERS = byName(
  textLike(
    /^(?!(?:accept-encoding|connection|content-length|expect|host|te|trailer|transfer-encoding|upgrade)$)[\w!#$%&'*+.^`|~-]+$/i,
    "the name of a header that Parley does not set itself",
  ),
  textLike(/^[\t\x20-\x7e]{0,4000}$/, "printable ASCII"),
);

export const HTTP_TOOL = object({
  description: text(1_000).describe("Tells the model what the tool does and when to use it."),
  parameters: z.looseObject({
    type: z.literal("object", "allowed: object"),
    properties: byName(NAME, z.looseObject({}, "allowed: an object")).default({}),
    required: list(text(40)).default([]),
  }, "allowed: a JSON Schema of an object").default({ type: "object", properties: {}, required: [] })
    .describe("JSON Schema of the arguments; its type is object."),
  method: oneOf(["GET", "POST", "PUT", "PATCH", "DELETE"]).default("GET").describe("HTTP method."),
  url: URL_TEXT.describe(
    "URL. May contain ${TOOL_…} and, after the host, {{…}} with arguments, variables and secrets.",
  ),
  headers: HEADERS.default({}).describe(
    "Request headers. May contain ${TOOL_…}, variables of the call such as {{caller}}, and {{secret.…}}.",
  ),
  body: z.unknown().optional().describe(
    "JSON request body. Its strings may contain ${TOOL_…} and {{…}}; a string that is a single {{…}} " +
      "becomes the value itself.",
  ),
  timeoutSeconds: number(0.5, 60).default(5).describe("Timeout for the response (s)."),
  maxResponseBytes: wholeNumber(100, 1_048_576).default(65_536).describe(
    "Maximum size of the response (bytes).",
  ),
  answer: oneOf(["json", "text"]).default("json").describe("Format of the response: JSON or plain text."),
  allowPrivate: ENDPOINT.shape.allowPrivate,
});

export const MCP_SERVER = object({
  url: URL_TEXT.describe(
    "URL (https). The model provider connects to it, not Parley. May contain ${TOOL_…}.",
  ),
  headers: HEADERS.default({}).describe("Headers that the model provider sends. May contain ${TOOL_…}."),
  allowedTools: list(text(100)).min(1, "allowed: at least one tool").describe(
    "Tools of the server that the assistant may use.",
  ),
  approval: oneOf(["caller", "never"]).default("caller").describe(
    "Who approves each use. caller: the caller, by pressing 1; never: no approval is needed.",
  ),
});

export type EndpointEntry = z.output<typeof ENDPOINT>;
export type HttpToolEntry = z.output<typeof HTTP_TOOL>;
export type McpServerEntry = z.output<typeof MCP_SERVER>;
