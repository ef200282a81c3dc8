import { dirname, isAbsolute, join } from "node:path";
import type { z } from "zod";
import { isObject, type JsonObject } from "../json.ts";
import type { Assistants } from "./assistant.ts";
import type { Environment } from "../config/environment.ts";
import { ToolVariables } from "./tool_variables.ts";
import { ASSISTANT } from "./assistant_schema.ts";
import { AFTER_CALL, HTTP_TOOL, MCP_SERVER } from "./endpoint_schema.ts";
import { DESTINATION, FILE } from "./file_schema.ts";
import { checkOutage } from "./check_outage.ts";
import { checkReferences, checkRuleConflicts, type Section } from "./references.ts";
import { ProblemReport } from "./problem_report.ts";
import { type Defaults, resolveAssistant, rulesOf } from "./assistant_resolver.ts";
import { EndpointResolver } from "./endpoint_resolver.ts";
import { JsoncSource } from "../jsonc.ts";

export interface AssistantsInput extends Environment {
  readonly text: string;
  /** Path of the file; paths in it are relative to its folder. */
  readonly path: string;
  /** Values for the fields that an assistant leaves out. */
  readonly defaults: Defaults;
}

/** Fields that the cross-checks use. If one of them is invalid, the entry is not checked further. */
const REFERENCED_FIELDS: readonly PropertyKey[] = [
  "answers",
  "languages",
  "tools",
  "transferTo",
  "keypad",
  "outage",
  "variables",
  "parameters",
];

/** Lists every problem of an assistants file. */
export class AssistantsError extends Error {
  override readonly name = "AssistantsError";

  /** @param hasAfterCall Whether the file has a webhook, which needs WEBHOOK_SECRET. */
  constructor(readonly problems: readonly string[], readonly hasAfterCall = false) {
    super(`Cannot use the assistants file:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  }
}

/**
 * Loads an assistants file.
 *
 * @throws {AssistantsError} listing every problem with line, column, the value found and the values allowed.
 */
export function loadAssistants(
  { text, path, env, readFile, readBytes, defaults }: AssistantsInput,
): Assistants {
  const source = new JsoncSource(text);
  const report = new ProblemReport(path, text, source);
  const { value } = source;
  if (value === undefined) throw new AssistantsError(report.problems);
  report.addIssues(FILE.safeParse(value).error?.issues ?? []);

  // An invalid entry does not hide the problems of the others.
  const file = isObject(value) ? value : {};
  const destinations = parseSection(file.destinations, DESTINATION);
  const tools = parseSection(file.tools, HTTP_TOOL);
  const mcpServers = parseSection(file.mcpServers, MCP_SERVER);
  const assistants = parseSection(file.assistants, ASSISTANT);
  checkReferences({ destinations, tools, mcpServers, assistants }, report);
  const variables = new ToolVariables({ env, readFile });
  const endpoints = new EndpointResolver(report, variables);
  const locate = (file: string) => isAbsolute(file) ? file : join(dirname(path), file);
  const context = {
    destinations: mapValid(destinations, (name, entry) => ({ name, ...entry })),
    tools: mapValid(tools, (name, entry) => endpoints.tool(name, entry)),
    mcpServers: mapValid(mcpServers, (name, entry) => endpoints.mcpServer(name, entry)),
    defaults,
    endpoints,
    readFile: (file: string) => readFile(locate(file)),
    readBytes: readBytes && ((file: string) => readBytes(locate(file))),
    report,
  };
  const resolved = mapValid(assistants, (name, entry) => resolveAssistant(name, entry, context));
  const rules = [...assistants.valid].flatMap(([name, entry]) => rulesOf(name, entry));
  checkRuleConflicts(rules, report);
  const hasAfterCall = file.afterCall !== undefined;
  for (const [name, entry] of assistants.valid) {
    checkOutage(["assistants", name], entry, hasAfterCall, report);
  }
  const { data: entry } = AFTER_CALL.optional().safeParse(file.afterCall);
  const afterCall = entry && { ...endpoints.endpoint(["afterCall"], entry), summary: entry.summary };
  const defaultAssistant = resolved.get(defaultName(file, assistants.names, report));

  if (report.problemCount > 0 || defaultAssistant === undefined) {
    throw new AssistantsError(report.problems, hasAfterCall);
  }
  return deepFreeze({
    assistants: [...resolved.values()],
    default: defaultAssistant,
    rules,
    destinations: [...context.destinations.values()],
    tools: [...context.tools.values()],
    mcpServers: [...context.mcpServers.values()],
    afterCall,
    secrets: variables.secrets,
    warnings: report.warnings,
  });
}

/** The configuration without an assistants file: one assistant named `default`, from the settings. */
export function defaultAssistants(defaults: Defaults): Assistants {
  return loadAssistants({
    text: '{ "assistants": { "default": {} } }',
    path: "",
    env: () => undefined,
    readFile: () => undefined,
    defaults,
  });
}

function parseSection<Schema extends z.ZodType>(entries: unknown, schema: Schema): Section<z.output<Schema>> {
  const all = isObject(entries) ? Object.entries(entries) : [];
  const valid = new Map<string, z.output<Schema>>();
  for (const [name, entry] of all) {
    const { success, data } = parseValidFields(entry, schema);
    if (success) valid.set(name, data);
  }
  return { names: new Set(all.map(([name]) => name)), valid };
}

/** Parses an entry without its invalid fields, which are already reported. */
function parseValidFields<Schema extends z.ZodType>(entry: unknown, schema: Schema) {
  const parsed = schema.safeParse(entry);
  if (parsed.success || !isObject(entry)) return parsed;
  const invalid = parsed.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys : issue.path.slice(0, 1)
  );
  if (invalid.some((name) => REFERENCED_FIELDS.includes(name))) return parsed;
  return schema.safeParse(
    Object.fromEntries(Object.entries(entry).filter(([name]) => !invalid.includes(name))),
  );
}

function mapValid<Entry, Part>(
  { valid }: Section<Entry>,
  resolve: (name: string, entry: Entry) => Part,
): Map<string, Part> {
  return new Map([...valid].map(([name, entry]) => [name, resolve(name, entry)]));
}

function defaultName(file: JsonObject, names: ReadonlySet<string>, report: ProblemReport): string {
  const { default: configured, assistants } = file;
  const [only = "", ...rest] = names;
  const allowed = `allowed: ${[...names].join(", ")}`;
  // Already reported by the schema.
  if (!isObject(assistants) || (configured !== undefined && typeof configured !== "string")) return "";
  if (only === "") report.addProblem(["assistants"], "found no assistant; define at least one");
  else if (configured === undefined && rest.length > 0) {
    report.addProblem(["default"], `missing; ${allowed}`);
  } else if (configured !== undefined && !names.has(configured)) {
    report.addProblem(["default"], `found ${JSON.stringify(configured)}, which does not exist; ${allowed}`);
  }
  return configured ?? only;
}

/** Freezes a value recursively. {@linkcode JsoncSource} bounds the depth. */
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
