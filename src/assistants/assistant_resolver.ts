import { isOpenAi } from "../config/known_values.ts";
import type { Settings } from "../config/settings.ts";
import { fileErrorReason } from "../file_error.ts";
import type { McpServer } from "../model/session_options.ts";
import type { HttpToolOptions } from "../tools/http_tool.ts";
import type { Path } from "../jsonc.ts";
import type { WeeklyHours } from "../weekly_hours.ts";
import { type Assistant, BUILT_IN_TOOLS, type Destination, type RoutingRule } from "./assistant.ts";
import { type AssistantEntry, MAX_INSTRUCTIONS } from "./assistant_schema.ts";
import { statesResponses } from "./assistant_interruptions.ts";
import { checkAssistant, checkNames } from "./check_assistant.ts";
import { type AudioFileContext, readAudioFile } from "./audio_file.ts";
import type { EndpointResolver } from "./endpoint_resolver.ts";

/** Settings that supply fields an assistant omits. */
export type Defaults =
  & Pick<
    Settings,
    | "SYSTEM_MESSAGE"
    | "GREETING"
    | "OPENAI_MODEL"
    | "OPENAI_VOICE"
    | "MAX_CALL_SECONDS"
    | "MAX_USD_PER_DAY"
    | "RECORDING"
    | "RECORDING_CONSENT"
  >
  & Partial<Pick<Settings, "OPENAI_REALTIME_URL">>;

/** The settings and definitions that an assistant's entry refers to. */
export interface AssistantContext extends AudioFileContext {
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly tools: ReadonlyMap<string, HttpToolOptions>;
  readonly mcpServers: ReadonlyMap<string, McpServer>;
  readonly defaults: Defaults;
  readonly endpoints: EndpointResolver;
  /** Reads a file, relative to the assistants file. */
  readonly readFile: (path: string) => string | undefined;
}

/** Completes the entry of an assistant, and reports what cannot be resolved. */
export function resolveAssistant(name: string, entry: AssistantEntry, context: AssistantContext): Assistant {
  const path = ["assistants", name];
  const { answers: _, languages, tools, transferTo, keypad, holding, outage, variables, limits, ...rest } =
    entry;
  const { defaults, destinations, endpoints, report } = context;
  const secrets = Object.entries(keypad.secrets).map(([name, { digits }]) => ({ name, digits }));
  const assistant: Assistant = {
    ...rest,
    name,
    instructions: readInstructions([...path, "instructions"], entry.instructions, context) ??
      defaults.SYSTEM_MESSAGE,
    greeting: entry.greeting ?? defaults.GREETING,
    model: entry.model ?? defaults.OPENAI_MODEL,
    voice: entry.voice ?? defaults.OPENAI_VOICE,
    ...readSpeech(path, entry, context),
    languages: Object.entries(languages).map(([code, { key, offer, ...language }]) => ({
      code,
      ...language,
      ...readSpeech([...path, "languages", code], language, context),
      choice: key === undefined || offer === undefined ? undefined : { key, offer },
    })),
    builtInTools: BUILT_IN_TOOLS.filter((tool) =>
      tool === "collect_digits" ? secrets.length > 0 : tools.includes(tool)
    ),
    httpTools: pick(tools, context.tools),
    mcpServers: pick(tools, context.mcpServers),
    transferTo: pick(transferTo, destinations),
    keypad: {
      pauseSeconds: keypad.pauseSeconds,
      menu: Object.entries(keypad.menu).flatMap(([key, name]) =>
        pick([name], destinations).map((destination) => ({ key, destination }))
      ),
      secrets,
    },
    holding: { ...holding, audio: readAudioFile([...path, "holding", "audio"], holding.audio, context) },
    outage: {
      ...outage,
      audio: readAudioFile([...path, "outage", "audio"], outage.audio, context),
      to: outage.to === undefined ? undefined : destinations.get(outage.to),
    },
    interruptions: { ...rest.interruptions, mode: interruptionMode(entry, defaults) },
    recording: recordingOf(entry, defaults),
    variables: variables && endpoints.endpoint([...path, "variables"], variables),
    limits: {
      ...limits,
      callSeconds: limits.callSeconds ?? defaults.MAX_CALL_SECONDS,
      dayUsd: limits.dayUsd ?? defaults.MAX_USD_PER_DAY,
    },
    timeZone: hoursOf(entry)[0]?.timeZone,
  };
  checkAssistant(path, assistant, report);
  if (isOpenAi(defaults.OPENAI_REALTIME_URL)) checkNames(path, entry, report);
  return assistant;
}

/** The routing rule of an assistant: one, or none if its entry has no `answers`. */
export function rulesOf(assistant: string, entry: AssistantEntry): RoutingRule[] {
  const { to = [], from = [] } = entry.answers ?? {};
  return entry.answers ? [{ assistant, to, from, hours: hoursOf(entry) }] : [];
}

function hoursOf({ answers }: AssistantEntry): WeeklyHours[] {
  return [answers?.hours ?? []].flat();
}

/** `pause` needs transcripts, and a server that leaves the answers to Parley: several others answer by themselves anyway. */
function interruptionMode(
  { interruptions: { mode }, transcription, turnDetection }: AssistantEntry,
  { OPENAI_REALTIME_URL }: Defaults,
): Assistant["interruptions"]["mode"] {
  if (mode !== undefined) return mode;
  const canPause = isOpenAi(OPENAI_REALTIME_URL) && transcription !== "off" &&
    !statesResponses({ turnDetection });
  return canPause ? "pause" : "stop";
}

function recordingOf(
  { recording, language }: AssistantEntry,
  { RECORDING, RECORDING_CONSENT }: Defaults,
): Assistant["recording"] {
  if (!(recording ?? RECORDING === "on")) return undefined;
  const consent = typeof recording === "object" ? recording.consent : undefined;
  return consent === undefined ? { consent: RECORDING_CONSENT } : { consent, language };
}

/** Reads the audio of greeting and disclosure. */
function readSpeech<Audio extends Assistant["greetingAudio"]>(
  path: Path,
  { greetingAudio, disclosure }: { greetingAudio?: Audio; disclosure?: Assistant["disclosure"] },
  context: AudioFileContext,
) {
  const read = <Speech>(field: string, speech: Speech): Speech =>
    speech instanceof Object && "file" in speech
      ? { ...speech, audio: readAudioFile([...path, field, "file"], String(speech.file), context) }
      : speech;
  return {
    greetingAudio: read("greetingAudio", greetingAudio),
    disclosure: read("disclosure", disclosure),
  };
}

function readInstructions(
  path: Path,
  entry: AssistantEntry["instructions"],
  { readFile, report }: AssistantContext,
): string | undefined {
  if (typeof entry !== "object") return entry;
  const onProblem = (text: string) =>
    report.addProblem([...path, "file"], `found ${JSON.stringify(entry.file)}, which ${text}`);
  try {
    const text = readFile(entry.file)?.replace(/^\uFEFF/, "").trim();
    if (text === undefined) {
      onProblem("does not exist; set it to an existing file, relative to the assistants file");
    } else if (text === "") onProblem("is empty; write the instructions into it");
    else if (text.length > MAX_INSTRUCTIONS) {
      onProblem(`has ${text.length} characters; allowed: at most ${MAX_INSTRUCTIONS}`);
    }
    return text;
  } catch (error) {
    onProblem(`cannot be read: ${fileErrorReason(error)}`);
    return undefined;
  }
}

function pick<Part>(names: readonly string[], parts: ReadonlyMap<string, Part>): Part[] {
  return names.map((name) => parts.get(name)).filter((part) => part !== undefined);
}
