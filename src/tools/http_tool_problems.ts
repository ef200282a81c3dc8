import { messageOf } from "../error_message.ts";
import { isValidHeader } from "../net/http_exchange.ts";
import { argumentsSchema, type HttpToolOptions } from "./http_tool.ts";
import { placeholderNames, replacePlaceholders } from "../placeholders.ts";

/**
 * Finds problems in the configuration of an HTTP tool, so that they show at startup and not during a call.
 *
 * @param secrets Names of the secrets a caller may enter.
 * @param isVariable Whether calls have, or may have, a variable of this name.
 * @returns each problem, prefixed with the field: `url: has a fragment, which is never sent`.
 */
export function httpToolProblems(
  tool: Pick<HttpToolOptions, "parameters" | "method" | "url" | "headers" | "body">,
  secrets: readonly string[],
  isVariable: (name: string) => boolean = () => false,
): string[] {
  const { parameters, method, url, headers, body } = tool;
  const problems = urlProblems(url);
  let properties: string[] = [];
  try {
    argumentsSchema(parameters);
    properties = Object.keys(parameters.properties ?? {});
  } catch (error) {
    const why = messageOf(error);
    problems.push(`parameters: cannot be used as a schema: ${why}`);
  }
  for (const [name, template] of Object.entries(headers)) {
    if (!isValidHeader(name, template)) {
      problems.push(`headers: ${JSON.stringify(name)} is not a valid header`);
    }
  }
  if (method === "GET" && body !== undefined) {
    problems.push("body: a GET request has no body; use POST or remove it");
  }
  const knownNames = [...properties, ...secrets.map((name) => `secret.${name}`)];
  for (const [member, template] of Object.entries({ url, headers, body })) {
    if (hasStrayBraces(template)) problems.push(`${member}: has "{{" or "}}" without a name`);
    for (const name of placeholderNames(template)) {
      if (knownNames.includes(name) || isVariable(name)) continue;
      problems.push(
        `${member}: {{${name}}} is neither an argument, a variable of the call nor a keypad secret`,
      );
    }
  }
  return problems;
}

function urlProblems(template: string): string[] {
  const [fixed = ""] = template.split("{{");
  const url = URL.canParse(fixed) ? new URL(fixed) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    return ["url: must start with https:// or http:// and a host"];
  }
  // Scheme and host must be fixed.
  if (fixed !== template && !/^https?:\/\/[^/?#]+[/?]/.test(fixed)) {
    return ["url: {{…}} is allowed in the path and the query only"];
  }
  const problems: string[] = [];
  if (url.username !== "" || url.password !== "") {
    problems.push("url: has a user or password; use a header instead");
  }
  if (template.includes("#")) problems.push("url: has a fragment, which is never sent");
  return problems;
}

function hasStrayBraces(template: unknown): boolean {
  if (typeof template === "string") return /\{\{|\}\}/.test(replacePlaceholders(template, () => ""));
  return typeof template === "object" && template !== null && Object.values(template).some(hasStrayBraces);
}
