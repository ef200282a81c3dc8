import { type Doubt, doubtModel, doubtVoice } from "../config/known_values.ts";
import type { Assistant } from "./assistant.ts";
import type { AssistantEntry } from "./assistant_schema.ts";
import type { ProblemReport } from "./problem_report.ts";
import type { Path } from "../jsonc.ts";
import { placeholderNames } from "../placeholders.ts";
import { sayLanguage } from "../twilio/say_language.ts";
import { CALL_VARIABLES } from "./call_variables.ts";

/** OpenAI models that accept `reasoning`. */
const SUPPORTS_REASONING = /^gpt-realtime-2(?!\d)/;

/** Reports fields that the model provider would reject or that have no effect. */
export function checkAssistant(path: Path, assistant: Assistant, report: ProblemReport): void {
  checkModels(path, assistant, report);
  checkVariables(path, assistant, report);
  checkAnnouncements(path, assistant, report);
  const recordingTool = assistant.builtInTools.find((name) =>
    name === "pause_recording" || name === "resume_recording"
  );
  if (recordingTool !== undefined && !assistant.recording) {
    report.addWarning(
      [...path, "tools"],
      `${recordingTool} has no effect because calls are not recorded; set recording to true or remove the tool`,
    );
  }
}

/** Reports models and voices in the file that OpenAI does not have. The settings are checked where they are parsed. */
export function checkNames(path: Path, entry: AssistantEntry, report: ProblemReport): void {
  const { model, voice, languages } = entry;
  const check = (here: Path, doubt: Doubt | undefined) =>
    doubt && (doubt.certain ? report.addProblem(here, doubt.text) : report.addWarning(here, doubt.text));
  if (model !== undefined) check([...path, "model"], doubtModel(model));
  if (voice !== undefined) check([...path, "voice"], doubtVoice(voice));
  for (const [code, { voice }] of Object.entries(languages)) {
    if (voice !== undefined) check([...path, "languages", code, "voice"], doubtVoice(voice));
  }
}

/** Reports fields for which OpenAI rejects the whole session. */
function checkModels(
  path: Path,
  { model, reasoning, transcription }: Assistant,
  report: ProblemReport,
): void {
  if (reasoning !== undefined && model.startsWith("gpt-realtime") && !SUPPORTS_REASONING.test(model)) {
    const text = `${JSON.stringify(model)} does not support reasoning; remove this field`;
    report.addProblem([...path, "reasoning"], text);
  }
  if (transcription === "off" || transcription.prompt === undefined) return;
  if (transcription.model === "gpt-realtime-whisper") {
    const text = "gpt-realtime-whisper does not accept a prompt; remove this field";
    report.addProblem([...path, "transcription", "prompt"], text);
  }
}

/** Warns of announcements in a language that Twilio cannot speak. The model speaks all others. */
function checkAnnouncements(
  path: Path,
  { recording, languages }: Assistant,
  report: ProblemReport,
): void {
  const announcements: [Path, string | undefined][] = [
    [[...path, "recording"], recording?.language],
    ...languages.filter(({ choice, consent }) => choice ?? (recording && consent)).map((
      { code },
    ): [Path, string] => [
      [...path, "languages", code],
      code,
    ]),
  ];
  for (const [here, code] of announcements) {
    if (code === undefined || sayLanguage(code) !== undefined) continue;
    report.addWarning(
      here,
      `Twilio has no voice for ${JSON.stringify(code)}, so an English voice speaks the announcement`,
    );
  }
}

/** Reports placeholders without a variable. */
function checkVariables(path: Path, assistant: Assistant, report: ProblemReport): void {
  const { instructions, greeting, voicemail, languages, variables } = assistant;
  for (const [field, value] of Object.entries({ instructions, greeting, voicemail, languages })) {
    for (const name of placeholderNames(value)) {
      const here = [...path, field];
      if (name.startsWith("secret.")) {
        report.addProblem(here, `found {{${name}}}; allowed: secrets in HTTP tools only`);
      } else if (!variables && !CALL_VARIABLES.includes(name)) {
        const knownVariables = `${CALL_VARIABLES.join(", ")} and those that variables.url returns`;
        report.addWarning(
          here,
          `{{${name}}} has no value unless the request for an outbound call sets it; known variables: ${knownVariables}`,
        );
      }
    }
  }
}
