import { messageOf } from "../error_message.ts";
import { placeholderNames, replacePlaceholders } from "../placeholders.ts";
import { argumentsSchema } from "../tools/http_tool.ts";
import type { AssistantEntry } from "./assistant_schema.ts";
import { CALL_VARIABLES } from "./call_variables.ts";
import type { HttpToolEntry } from "./endpoint_schema.ts";
import type { ProblemReport } from "./problem_report.ts";

const SECRET = "secret.";

/**
 * Checks the arguments and placeholders of an HTTP tool:
 * - The arguments have a valid schema, and none has the name of a call variable, such as `caller`.
 * - Every placeholder is an argument, a variable or a secret. Every assistant that uses the tool must define its secrets.
 * - Headers contain no arguments, because the model chooses these.
 */
export function checkTool(
  tool: string,
  entry: HttpToolEntry,
  assistants: ReadonlyMap<string, AssistantEntry>,
  report: ProblemReport,
): void {
  const path = ["tools", tool];
  const { parameters, method, url, headers, body } = entry;
  const users = [...assistants].filter(([, { tools }]) => tools.includes(tool));
  const hasVariables = users.some(([, { variables }]) => variables);
  const argumentNames = Object.keys(parameters.properties);
  try {
    argumentsSchema(parameters);
  } catch (error) {
    report.addProblem([...path, "parameters"], `cannot be used as a schema: ${messageOf(error)}`);
  }
  for (const name of argumentNames.filter((name) => CALL_VARIABLES.includes(name))) {
    report.addProblem(
      [...path, "parameters", "properties", name],
      "this is the name of a variable of the call; choose another name",
    );
  }
  for (const name of parameters.required.filter((name) => !argumentNames.includes(name))) {
    report.addProblem(
      [...path, "parameters", "required"],
      `${JSON.stringify(name)} is not in properties; add it there`,
    );
  }
  if (method === "GET" && body !== undefined) {
    report.addProblem([...path, "body"], "a GET request has no body; use POST or remove it");
  }

  const placeholderProblem = (name: string, field: string): string | undefined => {
    if (name.startsWith(SECRET)) {
      const secret = name.slice(SECRET.length);
      const missingIn = missingSecret(secret, users, assistants);
      return missingIn &&
        `found {{${name}}}, but ${secret} is missing in keypad.secrets of ${missingIn}; add it there`;
    }
    const isArgument = argumentNames.includes(name);
    if (isArgument && field === "headers") {
      return `found {{${name}}}, an argument that the model chooses; allowed: variables of the call and {{secret.…}}`;
    }
    if (isArgument || hasVariables || CALL_VARIABLES.includes(name)) return undefined;
    return `{{${name}}} is neither an argument, a variable of the call nor a keypad secret`;
  };
  for (const [field, template] of Object.entries({ url, headers, body })) {
    const here = [...path, field];
    if (hasStrayBraces(template)) report.addProblem(here, 'has "{{" or "}}" without a name');
    for (const name of placeholderNames(template)) {
      const problem = placeholderProblem(name, field);
      if (problem !== undefined) report.addProblem(here, problem);
    }
  }
}

/** The users of a tool that lack a secret; without users, every assistant unless one has it. */
function missingSecret(
  secret: string,
  users: readonly [string, AssistantEntry][],
  assistants: ReadonlyMap<string, AssistantEntry>,
): string | undefined {
  const has = ({ keypad }: AssistantEntry) => Object.hasOwn(keypad.secrets, secret);
  if (users.length === 0) return [...assistants.values()].some(has) ? undefined : "every assistant";
  return users.filter(([, user]) => !has(user)).map(([name]) => name).join(", ") || undefined;
}

function hasStrayBraces(template: unknown): boolean {
  if (typeof template === "string") return /\{\{|\}\}/.test(replacePlaceholders(template, () => ""));
  return typeof template === "object" && template !== null && Object.values(template).some(hasStrayBraces);
}
