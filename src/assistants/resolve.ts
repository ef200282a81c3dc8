/** Completes the entries of an assistants file with settings, instruction files and environment variables. */

import { dirname, isAbsolute, join } from "node:path";
import { fileErrorReason } from "../file_error.ts";
import { isObject } from "../json.ts";
import type { McpServer } from "../model/model_interface.ts";
import type { HttpToolOptions } from "../tools/http_tool.ts";
import { httpToolProblems } from "../tools/http_tool_problems.ts";
import { isOpenAi } from "../config/known_values.ts";
import type { Settings } from "../config/settings.ts";
import {
  type Assistant,
  BUILT_IN_TOOLS,
  type Destination,
  type Endpoint,
  type Language,
  type Recording,
  type RoutingRule,
} from "./assistant.ts";
import { CALL_VARIABLES } from "./call_variables.ts";
import { checkAssistant, checkNames } from "./check_assistant.ts";
import { omitUndefined } from "./omit_undefined.ts";
import type { ToolVariables } from "./tool_variables.ts";
import { type AssistantEntry, MAX_INSTRUCTIONS } from "./assistant_schema.ts";
import type { EndpointEntry, HttpToolEntry, McpServerEntry } from "./endpoint_schema.ts";
import type { DestinationEntry } from "./file_schema.ts";
import type { ProblemReport } from "./problem_report.ts";
import type { Path } from "../jsonc.ts";
import type { WeeklyHours } from "../weekly_hours.ts";
import { placeholderNames } from "../placeholders.ts";

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

/** The parts of the file that an assistant refers to by name. */
export interface NamedParts {
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly tools: ReadonlyMap<string, HttpToolOptions>;
  readonly mcpServers: ReadonlyMap<string, McpServer>;
}

/** Completes entries and reports what cannot be resolved. */
export class Resolver {
  readonly #report: ProblemReport;
  readonly #variables: ToolVariables;
  readonly #defaults: Defaults;
  /** Reads a file, relative to the assistants file. */
  readonly #readFile: (path: string) => string | undefined;

  constructor({ report, variables, defaults, readFile, path }: {
    readonly report: ProblemReport;
    readonly variables: ToolVariables;
    readonly defaults: Defaults;
    readonly readFile: (path: string) => string | undefined;
    /** Path of the assistants file. */
    readonly path: string;
  }) {
    this.#report = report;
    this.#variables = variables;
    this.#defaults = defaults;
    this.#readFile = (file) => readFile(isAbsolute(file) ? file : join(dirname(path), file));
  }

  destination(name: string, entry: DestinationEntry): Destination {
    return { name, ...omitUndefined(entry) };
  }

  /** @param hasVariables Whether an assistant that uses the tool has an endpoint for further variables. */
  tool(
    name: string,
    { parameters, url, headers, body, ...rest }: HttpToolEntry,
    hasVariables: boolean,
  ): HttpToolOptions {
    const path = ["tools", name];
    const problemsBefore = this.#report.problemCount;
    const endpoint = this.endpoint(path, { url, allowPrivate: rest.allowPrivate }, true);
    const urlReported = this.#report.problemCount > problemsBefore;
    const tool: HttpToolOptions = {
      name,
      ...omitUndefined(rest),
      parameters: isObject(parameters) ? parameters : {},
      ...endpoint,
      headers: this.#headers(path, headers),
      ...(body === undefined
        ? {}
        : { body: this.#variables.substituteJson(body, this.#problemAt([...path, "body"])) }),
    };
    // Whether the assistants define these secrets is checked in references.ts.
    const secrets = placeholderNames([url, headers, body]).flatMap((name) =>
      /^secret\.(.+)$/.exec(name)?.[1] ?? []
    );
    // Headers and body before substitution: {{…}} inside the value of a variable is not a placeholder.
    const isVariable = (name: string) =>
      CALL_VARIABLES.includes(name) || (hasVariables && !name.startsWith("secret."));
    for (const onProblem of httpToolProblems({ ...tool, headers, body }, secrets, isVariable)) {
      const [, member = "", text = ""] = /^(\w+): ([^]*)$/.exec(onProblem) ?? [];
      if (member !== "url" || !urlReported) this.#report.addProblem([...path, member], text);
    }
    return tool;
  }

  mcpServer(label: string, { url, headers, allowedTools, approval }: McpServerEntry): McpServer {
    const path = ["mcpServers", label];
    if (placeholderNames(headers).length > 0) {
      this.#report.addProblem([...path, "headers"], "found {{…}}; allowed: ${TOOL_…} only");
    }
    return {
      label,
      url: this.endpoint(path, { url, allowPrivate: false }).url,
      headers: this.#headers(path, headers),
      allowedTools,
      autoApproved: approval === "never",
    };
  }

  rules(assistant: string, { answers }: AssistantEntry): RoutingRule[] {
    if (!answers) return [];
    const { to = [], from = [] } = answers;
    return [{ assistant, to, from, hours: hoursOf(answers) }];
  }

  assistant(name: string, entry: AssistantEntry, parts: NamedParts): Assistant {
    const path = ["assistants", name];
    const {
      answers,
      languages,
      tools,
      transferTo,
      keypad,
      variables,
      limits,
      transcription,
      waiting,
      recording: recordingEntry,
      ...rest
    } = entry;
    const { SYSTEM_MESSAGE, GREETING, OPENAI_MODEL, OPENAI_VOICE, MAX_CALL_SECONDS, MAX_USD_PER_DAY } =
      this.#defaults;
    const [firstHours] = answers ? hoursOf(answers) : [];
    const recording = this.#recording(recordingEntry, entry.language);
    const secrets = Object.entries(keypad.secrets).map(([name, { digits }]) => ({ name, digits }));
    const assistant: Assistant = {
      ...omitUndefined(rest),
      name,
      instructions: this.#instructions([...path, "instructions"], entry.instructions) ?? SYSTEM_MESSAGE,
      greeting: entry.greeting ?? GREETING,
      model: entry.model ?? OPENAI_MODEL,
      voice: entry.voice ?? OPENAI_VOICE,
      turnDetection: omitUndefined(entry.turnDetection),
      transcription: transcription === "off" ? transcription : omitUndefined(transcription),
      languages: Object.entries(languages).map(([code, language]) => languageOf(code, language)),
      builtInTools: BUILT_IN_TOOLS.filter((name) =>
        name === "collect_digits" ? secrets.length > 0 : tools.includes(name)
      ),
      httpTools: pick(tools, parts.tools),
      mcpServers: pick(tools, parts.mcpServers),
      transferTo: pick(transferTo, parts.destinations),
      keypad: {
        pauseSeconds: keypad.pauseSeconds,
        menu: Object.entries(keypad.menu).flatMap(([key, name]) =>
          pick([name], parts.destinations).map((destination) => ({ key, destination }))
        ),
        secrets,
      },
      ...(waiting ? { waiting: omitUndefined(waiting) } : {}),
      ...(recording ? { recording } : {}),
      ...(variables ? { variables: this.endpoint([...path, "variables"], variables) } : {}),
      limits: omitUndefined({
        ...limits,
        callSeconds: limits.callSeconds ?? MAX_CALL_SECONDS,
        dayUsd: limits.dayUsd ?? MAX_USD_PER_DAY,
      }),
      ...(firstHours ? { timeZone: firstHours.timeZone } : {}),
    };
    checkAssistant(path, assistant, this.#report);
    if (isOpenAi(this.#defaults.OPENAI_REALTIME_URL)) checkNames(path, entry, this.#report);
    return assistant;
  }

  #recording(entry: AssistantEntry["recording"], language: string | undefined): Recording | undefined {
    const { RECORDING, RECORDING_CONSENT } = this.#defaults;
    if (!(entry ?? RECORDING === "on")) return undefined;
    const consent = typeof entry === "object" ? entry.consent : undefined;
    return consent === undefined ? { consent: RECORDING_CONSENT } : omitUndefined({ consent, language });
  }

  #instructions(path: Path, entry: AssistantEntry["instructions"]): string | undefined {
    if (typeof entry !== "object") return entry;
    const onProblem = (text: string) =>
      void this.#report.addProblem([...path, "file"], `found ${JSON.stringify(entry.file)}, which ${text}`);
    try {
      const text = this.#readFile(entry.file)?.replace(/^\uFEFF/, "").trim();
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

  #headers(path: Path, headers: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => {
        const onProblem = this.#problemAt([...path, "headers", name]);
        const filled = this.#variables.substitute(value, onProblem);
        if (!/^[\t\x20-\x7e]*$/.test(filled)) {
          onProblem("the values of its variables contain characters other than printable ASCII; fix them");
        }
        return [name, filled];
      }),
    );
  }

  /**
   * Substitutes variables in a URL and checks it.
   *
   * @param path Path of the entry in the file.
   * @param allowPlaceholders Whether `{{…}}` may follow the host. The host itself must not contain any.
   */
  endpoint(path: Path, { url, allowPrivate }: EndpointEntry, allowPlaceholders = false): Endpoint {
    const here = [...path, "url"];
    let unresolved = false;
    const filled = this.#variables.substitute(url, (text) => {
      unresolved = true;
      this.#report.addProblem(here, text);
    });
    const schemeAndHost = /^(https?):\/\/[\w.:[\]-]+(?:[/?#]|$)/i.exec(filled);
    const host = schemeAndHost && URL.canParse(filled) ? new URL(filled).hostname : undefined;
    const local = host !== undefined && isLoopback(host);
    // The URL may contain a secret, so no message shows it.
    const onProblem = host === undefined
      ? "allowed: a URL such as https://api.example.com/orders, without {{…}} in the host and without user name or password"
      : schemeAndHost?.[1]?.toLowerCase() === "http" && !local && !allowPrivate
      ? "allowed: https, unless the host is localhost or allowPrivate is true"
      : !allowPlaceholders && placeholderNames(filled).length > 0
      ? "found {{…}}; allowed: ${TOOL_…} only"
      : undefined;
    if (onProblem !== undefined && !unresolved) this.#report.addProblem(here, onProblem);
    return { url: filled, allowPrivate: allowPrivate || local };
  }

  #problemAt(path: Path): (text: string) => void {
    return (text) => this.#report.addProblem(path, text);
  }
}

function languageOf(code: string, { key, offer, ...rest }: AssistantEntry["languages"][string]): Language {
  const choice = key !== undefined && offer !== undefined ? { choice: { key, offer } } : {};
  return { code, ...omitUndefined(rest), ...choice };
}

function hoursOf({ hours = [] }: NonNullable<AssistantEntry["answers"]>): readonly WeeklyHours[] {
  return Array.isArray(hours) ? hours : [hours];
}

function pick<Part>(names: readonly string[], parts: ReadonlyMap<string, Part>): Part[] {
  return names.map((name) => parts.get(name)).filter((part) => part !== undefined);
}

function isLoopback(host: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(host);
}
