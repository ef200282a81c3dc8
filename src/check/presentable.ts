import { printable } from "../printable.ts";
import type { Finding } from "./finding.ts";

/** Most characters of a text that are shown. */
const MAX_TEXT = 1_000;

/** A finding without secrets, and without characters that a stranger could break the line or move the cursor with. */
export function presentable(finding: Finding, secrets: readonly string[]): Finding {
  // The longest first, for one may be a part of another; and as they are in quotes.
  const hidden = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length);
  const clean = (text: string) => {
    for (const secret of hidden) text = text.replaceAll(secret, "[secret]");
    // Cut only now: a part of a secret would not be found.
    const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
    return printable(short);
  };
  const { found, remedy } = finding;
  return { ...finding, found: clean(found), ...(remedy === undefined ? {} : { remedy: clean(remedy) }) };
}
