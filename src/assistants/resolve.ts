/** Entries of the assistants file, filled in: from the settings, from files beside it, from the environment. */

import { dirname, isAbsolute, join } from "node:path";
import { isObject } from "../json.ts";
import { httpToolProblems } from "../tools/http_tool_problems.ts";
import type { Settings } from "../config/settings.ts";
import {
  type Assistant,
  BUILT_IN,
  type Destination,
  type Hours,
  type HttpTool,
  type Language,
  type McpServer,
  type Recording,
  type Rule,
  type Webhook,
} from "./assistant.ts";
import { checkAssistant } from "./check_assistant.ts";
import { defined } from "./defined.ts";
import type { Environment } from "./environment.ts";
import {
  type AssistantEntry,
  type DestinationEntry,
  type HttpToolEntry,
  MAX_INSTRUCTIONS,
  type McpServerEntry,
  type WebhookEntry,
} from "./file_schema.ts";
import type { Report } from "./report.ts";
import type { Path } from "../jsonc.ts";
import { namesIn } from "../tools/template.ts";

/** Settings that stand for what an assistant leaves out. */
export type Defaults = Pick<
  Settings,
  | "SYSTEM_MESSAGE"
  | "GREETING"
  | "OPENAI_MODEL"
  | "OPENAI_VOICE"
  | "MAX_CALL_SECONDS"
  | "RECORDING"
  | "RECORDING_CONSENT"
>;

/** What an assistant may name, by name. */
export interface Parts {
  readonly destinations: ReadonlyMap<string, Destination>;
  readonly tools: ReadonlyMap<string, HttpTool>;
  readonly mcpServers: ReadonlyMap<string, McpServer>;
}

/** Fills entries in, and tells of what cannot be. */
export class Resolver {
  readonly #report: Report;
  readonly #environment: Environment;
  readonly #defaults: Defaults;
  /** Reads a file that is named in the assistants file. */
  readonly #readFile: (path: string) => string | undefined;

  constructor({ report, environment, defaults, readFile, path }: {
    readonly report: Report;
    readonly environment: Environment;
    readonly defaults: Defaults;
    readonly readFile: (path: string) => string | undefined;
    /** The assistants file. */
    readonly path: string;
  }) {
    this.#report = report;
    this.#environment = environment;
    this.#defaults = defaults;
    this.#readFile = (file) => readFile(isAbsolute(file) ? file : join(dirname(path), file));
  }

  destination(name: string, entry: DestinationEntry): Destination {
    return { name, ...defined(entry) };
  }

  tool(name: string, { parameters, url, headers, body, ...rest }: HttpToolEntry): HttpTool {
    const path = ["tools", name];
    const before = this.#report.count;
    const address = this.#address(path, { url, allowPrivate: rest.allowPrivate }, true);
    const addressTold = this.#report.count > before;
    const tool: HttpTool = {
      name,
      ...defined(rest),
      parameters: isObject(parameters) ? parameters : {},
      ...address,
      headers: this.#headers(path, headers),
      ...(body === undefined
        ? {}
        : { body: this.#environment.fillJson(body, this.#problemAt([...path, "body"])) }),
    };
    // Which assistants have the secrets is looked at elsewhere.
    const secrets = namesIn([url, headers, body]).flatMap((name) => /^secret\.(.+)$/.exec(name)?.[1] ?? []);
    // Headers and body as they are written: what variables hold is not looked at for {{…}}.
    for (const problem of httpToolProblems({ ...tool, headers, body }, secrets)) {
      const [, member = "", text = ""] = /^(\w+): ([^]*)$/.exec(problem) ?? [];
      if (member !== "url" || !addressTold) this.#report.problem([...path, member], text);
    }
    return tool;
  }

  mcpServer(label: string, { url, headers, allowedTools, approval }: McpServerEntry): McpServer {
    const path = ["mcpServers", label];
    if (namesIn(headers).length > 0) {
      this.#report.problem([...path, "headers"], "found {{…}}; allowed: ${TOOL_…} only");
    }
    return {
      label,
      url: this.#address(path, { url, allowPrivate: false }).url,
      headers: this.#headers(path, headers),
      allowedTools,
      unasked: approval === "never",
    };
  }

  /** @param path Where it is in the file. */
  webhook(path: Path, entry: WebhookEntry): Webhook {
    return this.#address(path, entry);
  }

  rule(assistant: string, { answers }: AssistantEntry): Rule[] {
    if (!answers) return [];
    const { to = [], from = [] } = answers;
    return [{ assistant, to, from, hours: hoursOf(answers) }];
  }

  assistant(name: string, entry: AssistantEntry, parts: Parts): Assistant {
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
      recording: recorded,
      ...rest
    } = entry;
    const { SYSTEM_MESSAGE, GREETING, OPENAI_MODEL, OPENAI_VOICE, MAX_CALL_SECONDS } = this.#defaults;
    const [hours] = answers ? hoursOf(answers) : [];
    const recording = this.#recording(recorded, entry.language);
    const secrets = Object.entries(keypad.secrets).map(([name, { digits }]) => ({ name, digits }));
    const assistant: Assistant = {
      ...defined(rest),
      name,
      instructions: this.#instructions([...path, "instructions"], entry.instructions) ?? SYSTEM_MESSAGE,
      greeting: entry.greeting ?? GREETING,
      model: entry.model ?? OPENAI_MODEL,
      voice: entry.voice ?? OPENAI_VOICE,
      turnDetection: defined(entry.turnDetection),
      transcription: transcription === "off" ? transcription : defined(transcription),
      languages: Object.entries(languages).map(([code, language]) => languageOf(code, language)),
      builtIn: BUILT_IN.filter((name) =>
        name === "collect_digits" ? secrets.length > 0 : tools.includes(name)
      ),
      httpTools: named(tools, parts.tools),
      mcpServers: named(tools, parts.mcpServers),
      transferTo: named(transferTo, parts.destinations),
      keypad: {
        pauseSeconds: keypad.pauseSeconds,
        menu: Object.entries(keypad.menu).flatMap(([key, name]) =>
          named([name], parts.destinations).map((destination) => ({ key, destination }))
        ),
        secrets,
      },
      ...(waiting ? { waiting: defined(waiting) } : {}),
      ...(recording ? { recording } : {}),
      ...(variables ? { variables: this.webhook([...path, "variables"], variables) } : {}),
      limits: defined({ ...limits, callSeconds: limits.callSeconds ?? MAX_CALL_SECONDS }),
      ...(hours ? { timeZone: hours.timeZone } : {}),
    };
    checkAssistant(path, assistant, this.#report);
    return assistant;
  }

  #recording(entry: AssistantEntry["recording"], language: string | undefined): Recording | undefined {
    const { RECORDING, RECORDING_CONSENT } = this.#defaults;
    if (!(entry ?? RECORDING === "on")) return undefined;
    const own = typeof entry === "object" ? entry.consent : undefined;
    return own === undefined ? { consent: RECORDING_CONSENT } : defined({ consent: own, language });
  }

  #instructions(path: Path, given: AssistantEntry["instructions"]): string | undefined {
    if (typeof given !== "object") return given;
    const problem = (text: string) =>
      void this.#report.problem([...path, "file"], `found ${JSON.stringify(given.file)}, which ${text}`);
    try {
      const text = this.#readFile(given.file)?.replace(/^\uFEFF/, "").trim();
      if (text === undefined) problem("is not there; name a file beside this one");
      else if (text === "") problem("is empty; write into it who the assistant is");
      else if (text.length > MAX_INSTRUCTIONS) {
        problem(`has ${text.length} characters; allowed: at most ${MAX_INSTRUCTIONS}`);
      }
      return text;
    } catch (error) {
      problem(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  #headers(path: Path, headers: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(
      Object.entries(headers).map(([name, value]) => {
        const problem = this.#problemAt([...path, "headers", name]);
        const filled = this.#environment.fill(value, problem);
        if (!/^[\t\x20-\x7e]*$/.test(filled)) {
          problem("its variables hold more than printable ASCII; mend them");
        }
        return [name, filled];
      }),
    );
  }

  /** An address with its variables, for which nothing else decides the host. */
  #address(path: Path, { url, allowPrivate }: WebhookEntry, fillable = false): Webhook {
    const here = [...path, "url"];
    let unfilled = false;
    const filled = this.#environment.fill(url, (text) => {
      unfilled = true;
      this.#report.problem(here, text);
    });
    const plain = /^(https?):\/\/[\w.:[\]-]+(?:[/?#]|$)/i.exec(filled);
    const host = plain && URL.canParse(filled) ? new URL(filled).hostname : undefined;
    const local = host !== undefined && isThisMachine(host);
    // It may hold a secret, so it is not shown.
    const problem = host === undefined
      ? "allowed: an address such as https://api.example.com/orders, its host without {{…}}, name and password"
      : plain?.[1]?.toLowerCase() === "http" && !local && !allowPrivate
      ? "allowed: https, unless the host is localhost or allowPrivate is true"
      : !fillable && namesIn(filled).length > 0
      ? "found {{…}}; allowed: ${TOOL_…} only"
      : undefined;
    if (problem !== undefined && !unfilled) this.#report.problem(here, problem);
    return { url: filled, allowPrivate: allowPrivate || local };
  }

  #problemAt(path: Path): (text: string) => void {
    return (text) => this.#report.problem(path, text);
  }
}

function languageOf(code: string, { key, offer, ...rest }: AssistantEntry["languages"][string]): Language {
  const choice = key !== undefined && offer !== undefined ? { choice: { key, offer } } : {};
  return { code, ...defined(rest), ...choice };
}

function hoursOf({ hours = [] }: NonNullable<AssistantEntry["answers"]>): readonly Hours[] {
  return Array.isArray(hours) ? hours : [hours];
}

function named<Part>(names: readonly string[], parts: ReadonlyMap<string, Part>): Part[] {
  return names.map((name) => parts.get(name)).filter((part) => part !== undefined);
}

function isThisMachine(host: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(host);
}
