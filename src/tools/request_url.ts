import type { JsonObject } from "../json.ts";
import { type PlaceholderLookup, replacePlaceholders, textOf } from "../placeholders.ts";
import { ToolError } from "./tool.ts";

/**
 * Fills the URL template of an HTTP tool. A value cannot leave its path segment or query value.
 *
 * @throws {ToolError} if a path value is empty or contains `.` or `..` segments.
 */
export function fillUrl(template: string, lookup: PlaceholderLookup): URL {
  const queryStart = template.indexOf("?");
  return new URL(replacePlaceholders(template, (name, offset) => {
    const text = textOf(lookup(name));
    if (queryStart >= 0 && offset > queryStart) return encodeURIComponent(text);
    if (text === "") throw new ToolError(`"${name}" is missing. Ask for it.`);
    // Encoding is not enough: some servers decode the path before they resolve it.
    if (text.split(/[/\\]/).some((segment) => segment === "." || segment === "..")) {
      throw new ToolError(`"${name}" may not contain the path segments "." or "..".`);
    }
    return encodeURIComponent(text);
  }));
}

/** Appends all arguments but `except` to the query: one parameter per list item, objects as JSON. */
export function appendQuery(url: URL, args: JsonObject, except: readonly string[]): void {
  for (const [name, value] of Object.entries(args)) {
    if (except.includes(name)) continue;
    for (const item of Array.isArray(value) ? value : [value]) url.searchParams.append(name, textOf(item));
  }
}
