/** Zod schema of the assistants file, from which the JSON schema and the field reference are generated. */

import { z } from "zod";
import { E164 } from "../phone_number.ts";
import { ASSISTANT } from "./assistant_schema.ts";
import { AFTER_CALL, HTTP_TOOL, MCP_SERVER } from "./endpoint_schema.ts";
import { byName, NAME, object, text, textLike, wholeNumber } from "./field_types.ts";

export const DESTINATION = object({
  number: textLike(
    /^(\+[1-9]\d{1,14}|sip:[^\s@<>"]+@[^\s@<>"]+)$/,
    "a number such as +15551230000, or sip:name@host",
  ).describe("Phone number, such as +15551230000, or sip:name@host."),
  about: text(500).default("").describe("Tells the model what the destination is for."),
  ringSeconds: wholeNumber(5, 60).default(20).describe("Ringing time (s)."),
  callerId: textLike(E164, "a number such as +15551230000").optional().describe(
    "Caller id shown to the destination: one of your Twilio numbers. Default: the caller's number.",
  ),
});

export const FILE = object({
  $schema: z.string("allowed: a string").optional().describe("JSON schema, for editors."),
  default: text(40).optional().describe(
    "Assistant for calls that match no rule. Optional if the file has one assistant only.",
  ),
  destinations: byName(NAME, DESTINATION).default({}).describe(
    "Transfer destinations, by name. Calls cannot be transferred anywhere else.",
  ),
  tools: byName(NAME, HTTP_TOOL).default({}).describe("HTTP tools, by name."),
  mcpServers: byName(NAME, MCP_SERVER).default({}).describe(
    "Remote Model Context Protocol (MCP) servers, by name.",
  ),
  afterCall: AFTER_CALL.optional().describe(
    "Endpoint that receives a webhook for every ended call and every message, signed with WEBHOOK_SECRET.",
  ),
  assistants: byName(NAME, ASSISTANT).describe("Assistants, by name."),
});
