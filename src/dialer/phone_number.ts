/** E.164: `+`, country code and number, 15 digits at most. Source: ITU-T E.164 */
export const E164 = /^\+[1-9]\d{1,14}$/;

/** A number as people write it (`+1 (555) 123-0000`) in E.164; undefined when it is none, or has no country code. */
export function readPhoneNumber(text: string): string | undefined {
  const number = text.trim().replaceAll(/(?!^)[\s().\-/\u00a0\u2010-\u2015]/g, "");
  return E164.test(number) ? number : undefined;
}

/**
 * Reads a do-not-call list: a number a line; what follows a `#` is a remark.
 *
 * @throws {TypeError} naming each line that is no number: whoever stands there would be called.
 */
export function readDoNotCall(text: string, path: string): ReadonlySet<string> {
  const numbers = new Set<string>();
  const wrong: string[] = [];
  for (const [index, line] of text.split(/\r\n?|\n/).entries()) {
    const entry = line.replace(/#.*$/, "").trim();
    if (entry === "") continue;
    const number = readPhoneNumber(entry);
    if (number === undefined) wrong.push(`line ${index + 1}: ${JSON.stringify(entry.slice(0, 40))}`);
    else numbers.add(number);
  }
  if (wrong.length === 0) return numbers;
  const more = wrong.length > 5 ? `, and ${wrong.length - 5} more` : "";
  throw new TypeError(
    `Cannot use "${path}" as a do-not-call list: ${wrong.slice(0, 5).join(", ")}${more}; ` +
      "a number a line was expected, such as +15551230000",
  );
}
