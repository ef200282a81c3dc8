import type { Path } from "../jsonc.ts";
import { placeholderNames } from "../placeholders.ts";
import type { Assistant } from "./assistant.ts";
import { greetingVariables } from "./call_greeting.ts";
import { languagesOf, localizeAssistant } from "./languages.ts";
import type { ProblemReport } from "./problem_report.ts";

/** Reports recorded speech that cannot be what its text says, and a cache that is never used. */
export function checkGreeting(path: Path, assistant: Assistant, report: ProblemReport): void {
  const { greetingAudio, disclosure, languages, greeting } = assistant;
  const places = [
    { at: path, greetingAudio, disclosure },
    ...languages.map((language) => ({
      ...language,
      at: [...path, "languages", language.code],
    })),
  ];
  for (const { at, ...fields } of places) {
    for (
      const [field, speech] of Object.entries({
        greetingAudio: fields.greetingAudio,
        disclosure: fields.disclosure,
      })
    ) {
      if (typeof speech !== "object") continue;
      const [name] = placeholderNames(speech.text);
      if (name === undefined) continue;
      report.addProblem(
        [...at, field, "text"],
        `found {{${name}}}, but the words of a file are always the same`,
      );
    }
  }
  const codes = languagesOf(assistant);
  for (const code of codes.length > 0 ? codes : [undefined]) {
    const spoken = localizeAssistant(assistant, code);
    if (typeof spoken.greetingAudio !== "object" || typeof spoken.disclosure !== "string") continue;
    const at = code !== undefined && code !== assistant.language ? ["languages", code] : [];
    report.addProblem(
      [...path, ...at, "disclosure"],
      "the model cannot say this in front of a recorded greeting; set it to an object with file and text",
    );
  }
  if (greetingAudio !== "cache") return;
  const [name] = greetingVariables(assistant);
  if (name === undefined && greeting !== "") return;
  const why = name === undefined
    ? "the greeting is empty"
    : `{{${name}}} in instructions, greeting or disclosure differs from call to call`;
  report.addWarning([...path, "greetingAudio"], `cache has no effect because ${why}`);
}
