import { escapeUnprintable } from "../printable.ts";
import type { Finding } from "./finding.ts";

/** Maximum length of a printed text (characters). */
const MAX_LENGTH = 1_000;

/** Removes secrets and control characters, so that foreign text cannot break lines or move the cursor. */
export function redactFinding(finding: Finding, secrets: readonly string[]): Finding {
  // The longest first, because one secret may contain another; each also as it appears inside a JSON string.
  const forms = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    .sort((a, b) => b.length - a.length);
  const clean = (text: string) => {
    for (const secret of forms) text = text.replaceAll(secret, "[secret]");
    // Truncated after the replacement: a part of a secret would not be found.
    const short = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
    return escapeUnprintable(short);
  };
  const { message, remedy } = finding;
  return { ...finding, message: clean(message), ...(remedy === undefined ? {} : { remedy: clean(remedy) }) };
}
