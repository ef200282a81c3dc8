/** Checks the references between the parts of an assistants file. */

import { BUILT_IN_TOOLS, type RoutingRule } from "./assistant.ts";
import type { AssistantEntry } from "./assistant_schema.ts";
import type { HttpToolEntry } from "./endpoint_schema.ts";
import { nearestName } from "../nearest_name.ts";
import type { ProblemReport } from "./problem_report.ts";
import { findConflict } from "./call_routing.ts";
import { checkTool } from "./check_tool.ts";
import type { Path } from "../jsonc.ts";

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

/** Reports unknown names, contradictory references, and unused entries. */
export function checkReferences(sections: Sections, report: ProblemReport): void {
  checkToolNames(sections, report);
  for (const [name, entry] of sections.assistants.valid) {
    checkAssistantReferences(["assistants", name], entry, sections, report);
  }
  for (const [name, entry] of sections.tools.valid) checkTool(name, entry, sections.assistants.valid, report);
  checkUnused(sections, report);
}

/** Reports, for each rule, the first earlier rule that matches some call equally specifically. */
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
      if (!builtIn.includes(name)) continue;
      report.addProblem([section, name], "this is the name of a built-in tool; choose another name");
    }
  }
  for (const name of mcpServers.names) {
    if (!tools.names.has(name)) continue;
    report.addProblem(["mcpServers", name], "a tool has the same name; choose another name");
  }
}

function checkAssistantReferences(
  path: Path,
  { tools, transferTo, keypad, languages, language, outage }: AssistantEntry,
  sections: Sections,
  report: ProblemReport,
): void {
  const problem = (at: Path, text: string) => report.addProblem([...path, ...at], text);
  const warning = (at: Path, text: string) => report.addWarning([...path, ...at], text);
  const checkExists = (at: Path, name: string, known: readonly string[]) => {
    if (known.includes(name)) return;
    const suggestion = nearestName(name, known);
    const remedy = suggestion === undefined
      ? `allowed: ${known.join(", ") || "none, because none are defined"}`
      : `did you mean ${suggestion}?`;
    problem(at, `found ${JSON.stringify(name)}, which does not exist; ${remedy}`);
  };

  const toolNames = [...SELECTABLE_BUILT_IN_TOOLS, ...sections.tools.names, ...sections.mcpServers.names];
  for (const [i, name] of tools.entries()) {
    if (name === "collect_digits") {
      problem(["tools", i], "found collect_digits; remove it: keypad.secrets adds it automatically");
    } else checkExists(["tools", i], name, toolNames);
    if (tools.indexOf(name) < i) problem(["tools", i], "duplicate; keep one of them");
  }
  const destinations = [...sections.destinations.names];
  for (const [i, name] of transferTo.entries()) checkExists(["transferTo", i], name, destinations);
  for (const [key, name] of Object.entries(keypad.menu)) {
    checkExists(["keypad", "menu", key], name, destinations);
  }
  if (outage.to !== undefined) checkExists(["outage", "to"], outage.to, destinations);
  const transfers = tools.includes("transfer_call");
  if (transfers && transferTo.length === 0) {
    problem(["tools"], "found transfer_call without transferTo; list destinations in transferTo");
  }
  if (!transfers && transferTo.length > 0) {
    warning(["transferTo"], "has no effect without transfer_call; add transfer_call to tools");
  }

  const switches = tools.includes("switch_language");
  if (switches && Object.keys(languages).every((code) => code === language)) {
    problem(["tools"], "found switch_language without a second language; add one to languages");
  }
  const keys = new Map<string, string>();
  for (const [code, { key }] of Object.entries(languages)) {
    const other = key === undefined ? undefined : keys.get(key);
    if (other !== undefined) {
      const text = `found the key of ${other}; give each language a different key`;
      problem(["languages", code, "key"], text);
    }
    if (key !== undefined) keys.set(key, code);
    else if (code !== language && !switches) {
      const text =
        "this language cannot be selected; add a key and an offer, or add switch_language to tools";
      warning(["languages", code], text);
    }
  }
}

/** Warns of entries that no assistant uses: usually a misspelled name. */
function checkUnused(sections: Sections, report: ProblemReport): void {
  const entries = [...sections.assistants.valid.values()];
  const tools = new Set(entries.flatMap(({ tools }) => tools));
  const destinations = new Set(
    entries.flatMap(({ transferTo, keypad, outage }) => [
      ...transferTo,
      ...Object.values(keypad.menu),
      ...outage.to === undefined ? [] : [outage.to],
    ]),
  );
  for (
    const [section, used] of [["tools", tools], ["mcpServers", tools], [
      "destinations",
      destinations,
    ]] as const
  ) {
    for (const name of sections[section].names) {
      if (!used.has(name)) report.addWarning([section, name], "not used by any assistant");
    }
  }
}
