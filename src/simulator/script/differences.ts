/** Compares a value with an expected one. */

import { isObject, type JsonObject } from "../../json.ts";
import type { SessionConfig } from "../model/session_config.ts";

/** One difference: path in the value, expected and actual value. */
export interface Difference {
  readonly path: string;
  readonly expected: string;
  readonly actual: string;
}

/**
 * The differences of `actual` from `expected`. A string of the form `/…/flags` is a regular expression,
 * tested against a string or the JSON of another value; an object must be a part of the value; a list must
 * have the same length; any other value must be the same.
 */
export function differences(expected: unknown, actual: unknown, path = ""): Difference[] {
  const pattern = typeof expected === "string" ? parsePattern(expected) : undefined;
  if (pattern) {
    const text = typeof actual === "string" ? actual : JSON.stringify(actual);
    return text !== undefined && pattern.test(text)
      ? []
      : [{ path, expected: String(pattern), actual: oneLine(actual) }];
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (expected.length !== actual.length) {
      return [{
        path,
        expected: `${expected.length} in the list`,
        actual: `${actual.length}: ${oneLine(actual)}`,
      }];
    }
    return expected.flatMap((part, i) => differences(part, actual[i], `${path}[${i}]`));
  }
  if (isObject(expected) && isObject(actual)) {
    return Object.entries(expected).flatMap(([name, part]) =>
      differences(part, actual[name], path ? `${path}.${name}` : name)
    );
  }
  return Object.is(expected, actual) ? [] : [{ path, expected: oneLine(expected), actual: oneLine(actual) }];
}

export function matches(expected: unknown, actual: unknown): boolean {
  return differences(expected, actual).length === 0;
}

/** `output.ok: expected true, got false`. */
export function formatDifference({ path, expected, actual }: Difference): string {
  return `${path}: expected ${expected}, got ${actual}`;
}

/**
 * The regular expression in a string; undefined for a plain string.
 *
 * @throws {SyntaxError} for an invalid regular expression.
 */
export function parsePattern(text: string): RegExp | undefined {
  const [, source, flags] = /^\/(.+)\/([imsu]*)$/s.exec(text) ?? [];
  return source === undefined ? undefined : new RegExp(source, flags);
}

/** A value as JSON, at most 300 characters. */
export function oneLine(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

/**
 * The differences of a session's settings from the expected ones. `tools` lists every tool in any order: its
 * name (of a remote server, its label), or an object with `name` and further fields to compare.
 */
export function sessionDifferences(
  { tools: expected, ...rest }: JsonObject,
  config: SessionConfig,
): Difference[] {
  const unmet = differences(rest, config, "session");
  if (!Array.isArray(expected)) {
    return expected === undefined
      ? unmet
      : [...unmet, ...differences(expected, config.tools, "session.tools")];
  }
  const tools = new Map(
    config.tools.map((tool) => [tool.type === "mcp" ? tool.server_label : tool.name, tool]),
  );
  const names = expected.map((tool: unknown) => typeof tool === "string" ? tool : String(Object(tool).name));
  const expectedNames = oneLine(names.toSorted()), actualNames = oneLine([...tools.keys()].toSorted());
  if (expectedNames !== actualNames) {
    unmet.push({ path: "session.tools", expected: expectedNames, actual: actualNames });
  }
  for (const [i, tool] of expected.entries()) {
    const { name: _, ...fields } = Object(tool);
    const configured = tools.get(names[i] ?? "");
    if (typeof tool !== "string" && configured) {
      unmet.push(...differences(fields, configured, `session.tools.${names[i]}`));
    }
  }
  return unmet;
}
