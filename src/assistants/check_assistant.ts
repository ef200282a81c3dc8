import type { Assistant } from "./assistant.ts";
import type { Report } from "./report.ts";
import type { Path } from "../jsonc.ts";
import { namesIn } from "../tools/template.ts";
import { CALL_VARIABLES } from "./template.ts";

/** Models of this vendor that take `reasoning`. */
const REASONS = /^gpt-realtime-2(?!\d)/;

/** Looks at an assistant with everything filled in. */
export function checkAssistant(path: Path, assistant: Assistant, report: Report): void {
  checkModels(path, assistant, report);
  checkVariables(path, assistant, report);
  const idle = assistant.builtIn.find((name) => name === "pause_recording" || name === "resume_recording");
  if (idle !== undefined && !assistant.recording) {
    report.warning([...path, "tools"], `${idle} is of no use in calls that are not recorded; see recording`);
  }
}

/** What the vendor would refuse the whole session for. */
function checkModels(path: Path, { model, reasoning, transcription }: Assistant, report: Report): void {
  if (reasoning !== undefined && model.startsWith("gpt-realtime") && !REASONS.test(model)) {
    const text = `found it for ${JSON.stringify(model)}, which does not reason; leave it out`;
    report.problem([...path, "reasoning"], text);
  }
  if (transcription === "off" || transcription.prompt === undefined) return;
  if (transcription.model === "gpt-realtime-whisper") {
    const text = "found it for gpt-realtime-whisper, which takes none; leave it out";
    report.problem([...path, "transcription", "prompt"], text);
  }
}

/** Names in its texts that nothing has a value for. */
function checkVariables(path: Path, assistant: Assistant, report: Report): void {
  const { instructions, greeting, voicemail, languages, variables } = assistant;
  for (const [field, value] of Object.entries({ instructions, greeting, voicemail, languages })) {
    for (const name of namesIn(value)) {
      const here = [...path, field];
      if (name.startsWith("secret.")) {
        report.problem(here, `found {{${name}}}; allowed: secrets in HTTP tools only`);
      } else if (!variables && !CALL_VARIABLES.includes(name)) {
        const known = `${CALL_VARIABLES.join(", ")} and what variables.url answers`;
        report.warning(here, `{{${name}}} is left out unless an outbound request has it; known are ${known}`);
      }
    }
  }
}
