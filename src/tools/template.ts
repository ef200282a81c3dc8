/** Texts with `{{name}}` in them, which stands for an argument of a tool. */

import { isObject, type JsonObject } from "../json.ts";
import { ToolError } from "./tool.ts";

/** A name in a text. No value is looked through for more of them. */
export const PLACEHOLDER = /\{\{\s*([\w.-]+)\s*\}\}/g;

/** What stands for a name; undefined where it was not given. Throws where it has to be. */
export type Lookup = (name: string) => unknown;

/** The names in the texts of a template, each once. */
export function namesIn(template: unknown): string[] {
  if (typeof template === "string") {
    return [...new Set([...template.matchAll(PLACEHOLDER)].map(([, name = ""]) => name))];
  }
  if (typeof template !== "object" || template === null) return [];
  return [...new Set(Object.values(template).flatMap(namesIn))];
}

/**
 * An address. Whatever the values are, they stay where they are put: in one segment of the path, or in one value of the
 * query. Those that would mean another place in the path, or none, are refused.
 *
 * @throws {ToolError}
 */
export function fillUrl(template: string, lookup: Lookup): URL {
  const query = template.indexOf("?");
  return new URL(template.replaceAll(PLACEHOLDER, (_, name: string, at: number) => {
    const text = textOf(lookup(name));
    if (query >= 0 && at > query) return encodeURIComponent(text);
    if (text === "") throw new ToolError(`"${name}" is needed`);
    // Some servers decode a path before they look at it, so encoding is not enough.
    if (text.split(/[/\\]/).some((part) => part === "." || part === "..")) {
      throw new ToolError(`"${name}" may not have the parts "." or ".." of a path`);
    }
    return encodeURIComponent(text);
  }));
}

/** A text, such as a header's. */
export function fillText(template: string, lookup: Lookup): string {
  return template.replaceAll(PLACEHOLDER, (_, name: string) => textOf(lookup(name)));
}

/** A JSON value. A text that is one `{{name}}` and nothing else becomes the value itself, or is left out without one. */
export function fillJson(template: unknown, lookup: Lookup): unknown {
  if (Array.isArray(template)) {
    return template.map((each) => fillJson(each, lookup)).filter((each) => each !== undefined);
  }
  if (isObject(template)) {
    return Object.fromEntries(
      Object.entries(template).map(([name, value]) => [name, fillJson(value, lookup)]),
    );
  }
  if (typeof template !== "string") return template;
  const [only, ...more] = template.matchAll(PLACEHOLDER);
  if (only?.[0] === template && more.length === 0) return lookup(only[1] ?? "");
  return fillText(template, lookup);
}

/** Arguments as a query: a list repeats its name, an object is JSON. */
export function addToQuery(url: URL, args: JsonObject): void {
  for (const [name, value] of Object.entries(args)) {
    for (const each of Array.isArray(value) ? value : [value]) url.searchParams.append(name, textOf(each));
  }
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return (typeof value === "object" ? JSON.stringify(value) : String(value)).toWellFormed();
}
