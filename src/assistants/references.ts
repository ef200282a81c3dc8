/** Checks the references between the parts of an assistants file. */

import { BUILT_IN_TOOLS, type RoutingRule } from "./assistant.ts";
import type { AssistantEntry } from "./assistant_schema.ts";
import type { HttpToolEntry } from "./endpoint_schema.ts";
import { nearestName } from "../nearest_name.ts";
import type { ProblemReport } from "./problem_report.ts";
import { findConflict } from "./call_routing.ts";
import { CALL_VARIABLES } from "./call_variables.ts";
import type { Path } from "../jsonc.ts";
import { placeholderNames } from "../placeholders.ts";

/** The entries of one section of the file, by name. */
export interface Section<Entry> {
  /** All names, invalid entries included. */
  readonly names: ReadonlySet<string>;
  /** The entries that match the schema. */
  readonly valid: ReadonlyMap<string, Entry>;
}

export interface Sections {
  readonly destinations: Section<unknown>;
  readonly tools: Section<HttpToolEntry>;
  readonly mcpServers: Section<unknown>;
  readonly assistants: Section<AssistantEntry>;
}

/** Built-in tools that may appear in `tools`; `collect_digits` is added automatically. */
const SELECTABLE_BUILT_IN_TOOLS: readonly string[] = BUILT_IN_TOOLS.filter((name) =>
  name !== "collect_digits"
);
const SECRET = "secret.";

/** Reports unknown names, contradictory references, and unused entries. */
export function checkReferences(sections: Sections, report: ProblemReport): void {
  checkToolNames(sections, report);
  for (const [name, entry] of sections.assistants.valid) {
    checkAssistantReferences(["assistants", name], entry, sections, report);
  }
  for (const [name, entry] of sections.tools.valid) checkPlaceholders(name, entry, sections, report);
  checkUnused(sections, report);
}

/** Reports, for each rule, the first other rule that is equally specific for some call. */
export function checkRuleConflicts(rules: readonly RoutingRule[], report: ProblemReport): void {
  for (const [i, rule] of rules.entries()) {
    for (const other of rules.slice(0, i)) {
      const conflict = findConflict(rule, other);
      if (conflict === undefined) continue;
      const text = `matches ${conflict}, and so does ${other.assistant}; make one of the rules more specific`;
      report.addProblem(["assistants", rule.assistant, "answers"], text);
      break;
    }
  }
}

function checkToolNames({ tools, mcpServers }: Sections, report: ProblemReport): void {
  const builtIn: readonly string[] = BUILT_IN_TOOLS;
  for (const [section, { names }] of Object.entries({ tools, mcpServers })) {
    for (const name of names) {
      if (builtIn.includes(name)) {
        report.addProblem([section, name], "this is the name of a built-in tool; choose another name");
      }
    }
  }
  for (const name of mcpServers.names) {
    if (tools.names.has(name)) {
      report.addProblem(["mcpServers", name], "a tool has the same name; choose another name");
    }
  }
}

function checkAssistantReferences(
  path: Path,
  entry: AssistantEntry,
  sections: Sections,
  report: ProblemReport,
): void {
  const { tools, transferTo, keypad, languages, language } = entry;
  const destinations = [...sections.destinations.names];
  const toolNames = [...SELECTABLE_BUILT_IN_TOOLS, ...sections.tools.names, ...sections.mcpServers.names];
  for (const [i, name] of tools.entries()) {
    if (name === "collect_digits") {
      report.addProblem(
        [...path, "tools", i],
        "found collect_digits; remove it: keypad.secrets adds it automatically",
      );
    } else checkNameExists([...path, "tools", i], name, toolNames, report);
    if (tools.indexOf(name) < i) report.addProblem([...path, "tools", i], "duplicate; keep one of them");
  }
  for (const [i, name] of transferTo.entries()) {
    checkNameExists([...path, "transferTo", i], name, destinations, report);
  }
  for (const [key, name] of Object.entries(keypad.menu)) {
    checkNameExists([...path, "keypad", "menu", key], name, destinations, report);
  }

  if (tools.includes("transfer_call") && transferTo.length === 0) {
    report.addProblem(
      [...path, "tools"],
      "found transfer_call without transferTo; list destinations in transferTo",
    );
  }
  if (!tools.includes("transfer_call") && transferTo.length > 0) {
    report.addWarning(
      [...path, "transferTo"],
      "has no effect without transfer_call; add transfer_call to tools",
    );
  }
  const otherLanguages = Object.entries(languages).filter(([code]) => code !== language);
  if (tools.includes("switch_language") && otherLanguages.length === 0) {
    report.addProblem(
      [...path, "tools"],
      "found switch_language without a second language; add one to languages",
    );
  }
  checkLanguages(path, entry, report);
}

function checkNameExists(
  path: Path,
  name: string,
  knownNames: readonly string[],
  report: ProblemReport,
): void {
  if (knownNames.includes(name)) return;
  const suggestion = nearestName(name, knownNames);
  const remedy = suggestion === undefined
    ? `allowed: ${knownNames.join(", ") || "none, because none are defined"}`
    : `did you mean ${suggestion}?`;
  report.addProblem(path, `found ${JSON.stringify(name)}, which does not exist; ${remedy}`);
}

function checkLanguages(
  path: Path,
  { languages, language, tools }: AssistantEntry,
  report: ProblemReport,
): void {
  const keys = new Map<string, string>();
  for (const [code, { key }] of Object.entries(languages)) {
    const here = [...path, "languages", code];
    const other = key === undefined ? undefined : keys.get(key);
    if (other !== undefined) {
      report.addProblem([...here, "key"], `found the key of ${other}; give each language a different key`);
    }
    if (key !== undefined) keys.set(key, code);
    else if (code !== language && !tools.includes("switch_language")) {
      report.addWarning(
        here,
        "this language cannot be selected; add a key and an offer, or add switch_language to tools",
      );
    }
  }
}

/**
 * Checks the placeholders and arguments of an HTTP tool:
 * - Every assistant that uses the tool must define its secrets.
 * - Headers must not contain arguments, because the model chooses these.
 * - An argument must not have the name of a call variable, such as `caller`.
 * - A required argument must be among the properties.
 */
function checkPlaceholders(
  tool: string,
  entry: HttpToolEntry,
  sections: Sections,
  report: ProblemReport,
): void {
  const { parameters, url, headers, body } = entry;
  const all = [...sections.assistants.valid];
  const users = all.filter(([, { tools }]) => tools.includes(tool));
  const argumentNames = Object.keys(parameters.properties);
  for (const [field, value] of Object.entries({ url, headers, body })) {
    const path = ["tools", tool, field];
    for (const name of placeholderNames(value)) {
      if (!name.startsWith(SECRET)) {
        if (field !== "headers" || !argumentNames.includes(name)) continue;
        report.addProblem(
          path,
          `found {{${name}}}, an argument that the model chooses; allowed: variables of the call and {{secret.…}}`,
        );
        continue;
      }
      const secret = name.slice(SECRET.length);
      const defines = ([, { keypad }]: [string, AssistantEntry]) => Object.hasOwn(keypad.secrets, secret);
      const undefinedIn = users.filter((user) => !defines(user)).map(([user]) => user);
      // Without users, one assistant that defines the secret suffices.
      const assistants = users.length > 0
        ? undefinedIn.join(", ")
        : all.some(defines)
        ? ""
        : "every assistant";
      if (assistants === "") continue;
      const text =
        `found {{${name}}}, but ${secret} is missing in keypad.secrets of ${assistants}; add it there`;
      report.addProblem(path, text);
    }
  }
  for (const name of argumentNames.filter((name) => CALL_VARIABLES.includes(name))) {
    report.addProblem(
      ["tools", tool, "parameters", "properties", name],
      "this is the name of a variable of the call; choose another name",
    );
  }
  for (const name of parameters.required.filter((name) => !argumentNames.includes(name))) {
    const text = `${JSON.stringify(name)} is not in properties; add it there`;
    report.addProblem(["tools", tool, "parameters", "required"], text);
  }
}

/** Warns of entries that no assistant uses: usually a misspelled name. */
function checkUnused(sections: Sections, report: ProblemReport): void {
  const entries = [...sections.assistants.valid.values()];
  const tools = new Set(entries.flatMap(({ tools }) => tools));
  const destinations = new Set(
    entries.flatMap(({ transferTo, keypad }) => [...transferTo, ...Object.values(keypad.menu)]),
  );
  const unused = (section: "tools" | "mcpServers" | "destinations", usedNames: ReadonlySet<string>) => {
    for (const name of sections[section].names) {
      if (!usedNames.has(name)) report.addWarning([section, name], "not used by any assistant");
    }
  };
  unused("tools", tools);
  unused("mcpServers", tools);
  unused("destinations", destinations);
}
