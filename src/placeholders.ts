/** Templates: texts and JSON values with `{{name}}` placeholders. */

import { isObject } from "./json.ts";

const PLACEHOLDER = /\{\{\s*([\w.-]+)\s*\}\}/g;

/** Returns the value of a name, or undefined if it has none. */
export type PlaceholderLookup = (name: string) => unknown;

/** The distinct placeholder names in all strings of a JSON value. */
export function placeholderNames(template: unknown): string[] {
  if (typeof template === "string") {
    return [...new Set([...template.matchAll(PLACEHOLDER)].map(([, name = ""]) => name))];
  }
  if (typeof template !== "object" || template === null) return [];
  return [...new Set(Object.values(template).flatMap(placeholderNames))];
}

/** Replaces each placeholder with `replacement`; `{{…}}` inside a replacement is not replaced. */
export function replacePlaceholders(
  template: string,
  replacement: (name: string, offset: number) => string,
): string {
  return template.replaceAll(PLACEHOLDER, (_, name: string, offset: number) => replacement(name, offset));
}

/** Fills a template. A missing value becomes the empty string. */
export function fillText(template: string, lookup: PlaceholderLookup): string {
  return replacePlaceholders(template, (name) => textOf(lookup(name)));
}

/** Fills a JSON value. A string that is a single placeholder becomes the value itself, or is omitted without one. */
export function fillJson(template: unknown, lookup: PlaceholderLookup): unknown {
  if (Array.isArray(template)) {
    return template.map((item) => fillJson(item, lookup)).filter((item) => item !== undefined);
  }
  if (isObject(template)) {
    return Object.fromEntries(
      Object.entries(template).map(([name, value]) => [name, fillJson(value, lookup)]),
    );
  }
  if (typeof template !== "string") return template;
  const [only, ...rest] = template.matchAll(PLACEHOLDER);
  if (only?.[0] === template && rest.length === 0) return lookup(only[1] ?? "");
  return fillText(template, lookup);
}

/** A value as text: JSON for objects, empty for undefined and null. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return (typeof value === "object" ? JSON.stringify(value) : String(value)).toWellFormed();
}
