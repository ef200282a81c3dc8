import type { z } from "zod";
import { isObject, type JsonObject } from "../json.ts";
import type { Assistants, Destination, HttpTool, McpServer } from "./assistant.ts";
import type { Surroundings } from "../config/surroundings.ts";
import { Environment } from "./environment.ts";
import { AFTER_CALL, ASSISTANT, DESTINATION, FILE, HTTP_TOOL, MCP_SERVER } from "./file_schema.ts";
import { checkLinks, checkRules, type Section } from "./links.ts";
import { Report } from "./report.ts";
import { type Defaults, Resolver } from "./resolve.ts";
import { Source } from "../jsonc.ts";

/** The assistants file, and what it may refer to. */
export interface AssistantsInput extends Surroundings {
  readonly text: string;
  /** Where it is; files it names are beside it. */
  readonly path: string;
  /** What an assistant leaves out. */
  readonly defaults: Defaults;
}

/** Fields that others are held to: were they left out, those would seem wrong. */
const LINKED: readonly PropertyKey[] = [
  "answers",
  "languages",
  "tools",
  "transferTo",
  "keypad",
  "variables",
  "parameters",
];

/** Says everything that is wrong with the assistants file, at once. */
export class AssistantsError extends Error {
  override readonly name = "AssistantsError";

  constructor(readonly problems: readonly string[]) {
    super(`Cannot use the assistants file:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
  }
}

/**
 * Reads the assistants file.
 *
 * @throws {AssistantsError} with every problem there is, each with its line and column, what was found and what is allowed.
 */
export function loadAssistants({ text, path, env, readFile, defaults }: AssistantsInput): Assistants {
  const source = new Source(text);
  const report = new Report(path, text, source);
  const { value } = source;
  if (value === undefined) throw new AssistantsError(report.problems);
  report.issues(FILE.safeParse(value).error?.issues ?? []);

  // Where one entry is wrong, all others are looked at nevertheless.
  const file = isObject(value) ? value : {};
  const destinations = section(file.destinations, DESTINATION);
  const tools = section(file.tools, HTTP_TOOL);
  const mcpServers = section(file.mcpServers, MCP_SERVER);
  const assistants = section(file.assistants, ASSISTANT);
  checkLinks({ destinations, tools, mcpServers, assistants }, report);
  const environment = new Environment({ env, readFile });
  const resolver = new Resolver({ report, environment, defaults, readFile, path });
  const parts = {
    destinations: mapped(destinations, (name, entry): Destination => resolver.destination(name, entry)),
    tools: mapped(tools, (name, entry): HttpTool => resolver.tool(name, entry)),
    mcpServers: mapped(mcpServers, (name, entry): McpServer => resolver.mcpServer(name, entry)),
  };
  const resolved = mapped(assistants, (name, entry) => resolver.assistant(name, entry, parts));
  const rules = [...assistants.sound].flatMap(([name, entry]) => resolver.rule(name, entry));
  checkRules(rules, report);
  const { data: told } = AFTER_CALL.optional().safeParse(file.afterCall);
  const afterCall = told && { ...resolver.webhook(["afterCall"], told), summary: told.summary };
  const byDefault = resolved.get(defaultName(file, assistants.names, report));

  if (report.count > 0 || byDefault === undefined) throw new AssistantsError(report.problems);
  return frozen({
    assistants: [...resolved.values()],
    default: byDefault,
    rules,
    destinations: [...parts.destinations.values()],
    tools: [...parts.tools.values()],
    mcpServers: [...parts.mcpServers.values()],
    ...(afterCall ? { afterCall } : {}),
    secrets: environment.secrets,
    warnings: report.warnings,
  });
}

/** What there is without a file: one assistant named `default`, made of the settings. */
export function defaultAssistants(defaults: Defaults): Assistants {
  return loadAssistants({
    text: '{ "assistants": { "default": {} } }',
    path: "",
    env: () => undefined,
    readFile: () => undefined,
    defaults,
  });
}

function section<Schema extends z.ZodType>(entries: unknown, schema: Schema): Section<z.output<Schema>> {
  const all = isObject(entries) ? Object.entries(entries) : [];
  const sound = new Map<string, z.output<Schema>>();
  for (const [name, entry] of all) {
    const { success, data } = parseRest(entry, schema);
    if (success) sound.set(name, data);
  }
  return { names: new Set(all.map(([name]) => name)), sound };
}

/** Reads an entry without its wrong fields, which are told of already. */
function parseRest<Schema extends z.ZodType>(entry: unknown, schema: Schema) {
  const parsed = schema.safeParse(entry);
  if (parsed.success || !isObject(entry)) return parsed;
  const wrong = parsed.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys : issue.path.slice(0, 1)
  );
  if (wrong.some((name) => LINKED.includes(name))) return parsed;
  return schema.safeParse(
    Object.fromEntries(Object.entries(entry).filter(([name]) => !wrong.includes(name))),
  );
}

function mapped<Entry, Part>(
  { sound }: Section<Entry>,
  part: (name: string, entry: Entry) => Part,
): Map<string, Part> {
  return new Map([...sound].map(([name, entry]) => [name, part(name, entry)]));
}

function defaultName(file: JsonObject, names: ReadonlySet<string>, report: Report): string {
  const { default: given, assistants } = file;
  const [only = "", ...others] = names;
  const allowed = `allowed: ${[...names].join(", ")}`;
  // Where there are no assistants, or the name is no text, that is told already.
  if (!isObject(assistants) || (given !== undefined && typeof given !== "string")) return "";
  if (only === "") report.problem(["assistants"], "found none; describe at least one assistant");
  else if (given === undefined && others.length > 0) report.problem(["default"], `missing; ${allowed}`);
  else if (given !== undefined && !names.has(given)) {
    report.problem(["default"], `found ${JSON.stringify(given)}, which is not there; ${allowed}`);
  }
  return given ?? only;
}

/** All of it frozen; the depth of the file is bounded. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) frozen(member);
  }
  return value;
}
