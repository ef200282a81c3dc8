import { findModelProblem, findVoiceProblem, type NameProblem } from "../config/known_values.ts";
import type { Assistant } from "./assistant.ts";
import { statesResponses } from "./assistant_interruptions.ts";
import type { AssistantEntry } from "./assistant_schema.ts";
import type { ProblemReport } from "./problem_report.ts";
import { checkGreeting } from "./check_greeting.ts";
import type { Path } from "../jsonc.ts";
import { placeholderNames } from "../placeholders.ts";
import { sayLanguage } from "../twilio/say_language.ts";
import { CALL_VARIABLES } from "./call_variables.ts";

/** OpenAI models that accept `reasoning`. */
const SUPPORTS_REASONING = /^gpt-realtime-2(?!\d)/;

/** Reports fields that the model provider would reject or that have no effect. */
export function checkAssistant(path: Path, assistant: Assistant, report: ProblemReport): void {
  const problem = (at: Path, text: string) => report.addProblem([...path, ...at], text);
  const warning = (at: Path, text: string) => report.addWarning([...path, ...at], text);
  const { model, reasoning, transcription, recording, languages, builtInTools } = assistant;

  // OpenAI rejects the whole session because of these fields.
  if (reasoning !== undefined && model.startsWith("gpt-realtime") && !SUPPORTS_REASONING.test(model)) {
    problem(["reasoning"], `${JSON.stringify(model)} does not support reasoning; remove this field`);
  }
  if (transcription !== "off" && transcription.prompt && transcription.model === "gpt-realtime-whisper") {
    problem(["transcription", "prompt"], "gpt-realtime-whisper does not accept a prompt; remove this field");
  }

  const { mode } = assistant.interruptions;
  if (mode !== "stop" && statesResponses(assistant)) {
    warning(
      ["interruptions", "mode"],
      `${mode} has no effect because turnDetection sets createResponse or interruptResponse; remove them`,
    );
  }
  if (mode === "pause" && transcription === "off") {
    warning(
      ["transcription"],
      "without transcripts, interruptions cannot tell a backchannel or a cough from words; remove off",
    );
  }

  const { instructions, greeting, disclosure, voicemail, variables } = assistant;
  for (const [field, value] of Object.entries({ instructions, greeting, disclosure, voicemail, languages })) {
    for (const name of placeholderNames(value)) {
      if (name.startsWith("secret.")) {
        problem([field], `found {{${name}}}; allowed: secrets in HTTP tools only`);
      } else if (!variables && !CALL_VARIABLES.includes(name)) {
        warning(
          [field],
          `{{${name}}} has no value unless the request for an outbound call sets it; known variables: ${
            CALL_VARIABLES.join(", ")
          } and those that variables.url returns`,
        );
      }
    }
  }

  checkGreeting(path, assistant, report);

  // Announcements, which Twilio speaks. The model speaks everything else.
  const announcements: [at: Path, code: string | undefined][] = [
    [["recording"], recording?.language],
    ...languages.filter(({ choice, consent }) => choice ?? (recording && consent))
      .map(({ code }): [Path, string] => [["languages", code], code]),
  ];
  for (const [at, code] of announcements) {
    if (code === undefined || sayLanguage(code) !== undefined) continue;
    const language = JSON.stringify(code);
    warning(at, `Twilio has no voice for ${language}, so an English voice speaks the announcement`);
  }
  const recordingTool = builtInTools.find((name) => /^(pause|resume)_recording$/.test(name));
  if (recordingTool !== undefined && !recording) {
    warning(
      ["tools"],
      `${recordingTool} has no effect because calls are not recorded; set recording to true or remove the tool`,
    );
  }
}

/** Reports models and voices in the file that OpenAI does not have. The settings are checked where they are parsed. */
export function checkNames(path: Path, entry: AssistantEntry, report: ProblemReport): void {
  const { model, voice, languages } = entry;
  const check = (here: Path, problem: NameProblem | undefined) =>
    problem &&
    (problem.certain ? report.addProblem(here, problem.text) : report.addWarning(here, problem.text));
  if (model !== undefined) check([...path, "model"], findModelProblem(model));
  if (voice !== undefined) check([...path, "voice"], findVoiceProblem(voice));
  for (const [code, { voice }] of Object.entries(languages)) {
    if (voice !== undefined) check([...path, "languages", code, "voice"], findVoiceProblem(voice));
  }
}
