/** Compares what is with what was expected. */

import { isObject } from "../../json.ts";

/** One thing that is not as expected: where in the value, what was expected, and what is there. */
export interface Difference {
  readonly path: string;
  readonly expected: string;
  readonly got: string;
}

/**
 * What is not as expected. A text of the form `/…/flags` is a regular expression (for anything but a text, its JSON is
 * tried); an object needs to be a part of what is there, and a list of the same length; anything else the same.
 */
export function differences(expected: unknown, got: unknown, path = ""): Difference[] {
  const pattern = typeof expected === "string" ? patternIn(expected) : undefined;
  if (pattern) {
    const text = typeof got === "string" ? got : JSON.stringify(got);
    return text !== undefined && pattern.test(text)
      ? []
      : [{ path, expected: String(pattern), got: shown(got) }];
  }
  if (Array.isArray(expected) && Array.isArray(got)) {
    if (expected.length !== got.length) {
      return [{ path, expected: `${expected.length} in the list`, got: `${got.length}: ${shown(got)}` }];
    }
    return expected.flatMap((part, i) => differences(part, got[i], `${path}[${i}]`));
  }
  if (isObject(expected) && isObject(got)) {
    return Object.entries(expected).flatMap(([name, part]) =>
      differences(part, got[name], path ? `${path}.${name}` : name)
    );
  }
  return Object.is(expected, got) ? [] : [{ path, expected: shown(expected), got: shown(got) }];
}

/** Whether all is as expected. */
export function matches(expected: unknown, got: unknown): boolean {
  return differences(expected, got).length === 0;
}

/**
 * The regular expression a text is; undefined for one that is just a text.
 *
 * @throws {SyntaxError} when it is none after all.
 */
export function patternIn(text: string): RegExp | undefined {
  const [, source, flags] = /^\/(.+)\/([imsu]*)$/s.exec(text) ?? [];
  return source === undefined ? undefined : new RegExp(source, flags);
}

/** A value on one line, cut where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
