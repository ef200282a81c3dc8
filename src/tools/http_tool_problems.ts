import { isHeader } from "./http_exchange.ts";
import { argumentsSchema, type HttpToolOptions } from "./http_tool.ts";
import { namesIn } from "./template.ts";

/** What is wrong with a tool's description, each with its member's name first; before the first call rather than in it. */
export function httpToolProblems(
  tool: Pick<HttpToolOptions, "parameters" | "method" | "url" | "headers" | "body">,
  secrets: readonly string[],
): string[] {
  const { parameters, method, url, headers, body } = tool;
  const problems = urlProblems(url);
  let properties: string[] = [];
  try {
    argumentsSchema(parameters);
    properties = Object.keys(parameters.properties ?? {});
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    problems.push(`parameters: no schema that can be checked: ${why}`);
  }
  for (const [name, template] of Object.entries(headers)) {
    if (!isHeader(name, template)) problems.push(`headers: ${JSON.stringify(name)} cannot be sent as it is`);
  }
  if (method === "GET" && body !== undefined) problems.push("body: a GET has none; use POST or leave it out");
  const known = [...properties, ...secrets.map((name) => `secret.${name}`)];
  for (const [member, template] of Object.entries({ url, headers, body })) {
    if (braces(template)) problems.push(`${member}: has "{{" or "}}" that are around no name`);
    for (const name of namesIn(template)) {
      if (known.includes(name)) continue;
      problems.push(`${member}: {{${name}}} is neither an argument nor a secret of the keypad`);
    }
  }
  return problems;
}

function urlProblems(template: string): string[] {
  const [fixed = ""] = template.split("{{");
  const url = URL.canParse(fixed) ? new URL(fixed) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") {
    return ["url: has to begin with https:// or http:// and a host"];
  }
  // Up to the first slash of the path it has to be as it is.
  if (fixed !== template && !/^https?:\/\/[^/?#]+[/?]/.test(fixed)) {
    return ["url: {{…}} may be in path and query only"];
  }
  const problems: string[] = [];
  if (url.username !== "" || url.password !== "") problems.push("url: has a user or password; use a header");
  if (template.includes("#")) problems.push("url: has a fragment, which is never sent");
  return problems;
}

function braces(template: unknown): boolean {
  if (typeof template === "string") {
    return /\{\{|\}\}/.test(template.replaceAll(/\{\{\s*[\w.-]+\s*\}\}/g, ""));
  }
  return typeof template === "object" && template !== null && Object.values(template).some(braces);
}
