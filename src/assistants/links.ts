/** What one part of the assistants file says of another. */

import { BUILT_IN, type Rule } from "./assistant.ts";
import type { AssistantEntry, HttpToolEntry } from "./file_schema.ts";
import { nearest } from "../config/misspelt.ts";
import type { Report } from "./report.ts";
import { conflict } from "./route.ts";
import type { Path } from "../jsonc.ts";
import { namesIn } from "../tools/template.ts";

/** Entries of one section of the file. */
export interface Section<Entry> {
  /** All of them, also those that are wrong. */
  readonly names: ReadonlySet<string>;
  /** Those that are right by themselves. */
  readonly sound: ReadonlyMap<string, Entry>;
}

/** What the file has, by section. */
export interface Sections {
  readonly destinations: Section<unknown>;
  readonly tools: Section<HttpToolEntry>;
  readonly mcpServers: Section<unknown>;
  readonly assistants: Section<AssistantEntry>;
}

/** What an assistant may name among its tools. */
const NAMED_BUILT_IN: readonly string[] = BUILT_IN.filter((name) => name !== "collect_digits");
const SECRET = "secret.";

/** Looks at everything one part says of another: that it is there, and that both agree. */
export function checkLinks(sections: Sections, report: Report): void {
  checkToolNames(sections, report);
  for (const [name, entry] of sections.assistants.sound) {
    checkAssistant(["assistants", name], entry, sections, report);
  }
  for (const [name, entry] of sections.tools.sound) checkPlaceholders(name, entry, sections, report);
  checkUse(sections, report);
}

/** Looks for two assistants that are equally particular for one call; tells of the first for each. */
export function checkRules(rules: readonly Rule[], report: Report): void {
  for (const [i, rule] of rules.entries()) {
    for (const other of rules.slice(0, i)) {
      const both = conflict(rule, other);
      if (both === undefined) continue;
      const text = `found ${both}, which ${other.assistant} answers too; make one of them more particular`;
      report.problem(["assistants", rule.assistant, "answers"], text);
      break;
    }
  }
}

function checkToolNames({ tools, mcpServers }: Sections, report: Report): void {
  const builtIn: readonly string[] = BUILT_IN;
  for (const [section, { names }] of Object.entries({ tools, mcpServers })) {
    for (const name of names) {
      if (builtIn.includes(name)) {
        report.problem([section, name], "found the name of a tool that is part of Parley; take another");
      }
    }
  }
  for (const name of mcpServers.names) {
    if (tools.names.has(name)) {
      report.problem(["mcpServers", name], "found a tool of this name; take another");
    }
  }
}

function checkAssistant(path: Path, entry: AssistantEntry, sections: Sections, report: Report): void {
  const { tools, transferTo, keypad, languages, language } = entry;
  const places = [...sections.destinations.names];
  const known = [...NAMED_BUILT_IN, ...sections.tools.names, ...sections.mcpServers.names];
  for (const [i, name] of tools.entries()) {
    if (name === "collect_digits") {
      report.problem(
        [...path, "tools", i],
        "found collect_digits; leave it out: it comes with keypad.secrets",
      );
    } else checkName([...path, "tools", i], name, known, report);
    if (tools.indexOf(name) < i) report.problem([...path, "tools", i], "found it twice; keep one of them");
  }
  for (const [i, name] of transferTo.entries()) checkName([...path, "transferTo", i], name, places, report);
  for (const [key, name] of Object.entries(keypad.menu)) {
    checkName([...path, "keypad", "menu", key], name, places, report);
  }

  if (tools.includes("transfer_call") && transferTo.length === 0) {
    report.problem(
      [...path, "tools"],
      "found transfer_call and no transferTo; name destinations in transferTo",
    );
  }
  if (!tools.includes("transfer_call") && transferTo.length > 0) {
    report.warning([...path, "transferTo"], "of no use without transfer_call; add it to tools");
  }
  const others = Object.entries(languages).filter(([code]) => code !== language);
  if (tools.includes("switch_language") && others.length === 0) {
    report.problem([...path, "tools"], "found switch_language and no other language; name some in languages");
  }
  checkLanguages(path, entry, report);
}

function checkName(path: Path, name: string, known: readonly string[], report: Report): void {
  if (known.includes(name)) return;
  const meant = nearest(name, known);
  const remedy = meant === undefined
    ? `allowed: ${known.join(", ") || "none, for there are none"}`
    : `did you mean ${meant}?`;
  report.problem(path, `found ${JSON.stringify(name)}, which is not there; ${remedy}`);
}

function checkLanguages(path: Path, { languages, language, tools }: AssistantEntry, report: Report): void {
  const keys = new Map<string, string>();
  for (const [code, { key }] of Object.entries(languages)) {
    const here = [...path, "languages", code];
    const other = key === undefined ? undefined : keys.get(key);
    if (other !== undefined) {
      report.problem([...here, "key"], `found the key of ${other}; give each language its own`);
    }
    if (key !== undefined) keys.set(key, code);
    else if (code !== language && !tools.includes("switch_language")) {
      report.warning(here, "nothing chooses it; give it a key and an offer, or add switch_language to tools");
    }
  }
}

/** Secrets an HTTP tool needs have to be those of every assistant that has it. The model decides no header. */
function checkPlaceholders(tool: string, entry: HttpToolEntry, sections: Sections, report: Report): void {
  const { parameters, url, headers, body } = entry;
  const all = [...sections.assistants.sound];
  const users = all.filter(([, { tools }]) => tools.includes(tool));
  for (const [field, value] of Object.entries({ url, headers, body })) {
    const path = ["tools", tool, field];
    for (const name of namesIn(value)) {
      if (!name.startsWith(SECRET)) {
        if (field === "headers") report.problem(path, `found {{${name}}}; allowed: {{secret.…}} only`);
        continue;
      }
      const secret = name.slice(SECRET.length);
      const has = ([, { keypad }]: [string, AssistantEntry]) => Object.hasOwn(keypad.secrets, secret);
      const lacking = users.filter((user) => !has(user)).map(([user]) => user);
      const who = users.length > 0 ? lacking.join(", ") : all.some(has) ? "" : "any assistant";
      if (who === "") continue;
      report.problem(path, `found {{${name}}}, and no keypad.secrets of ${who} has ${secret}; add it there`);
    }
  }
  const given = Object.keys(parameters.properties);
  for (const name of parameters.required.filter((name) => !given.includes(name))) {
    const text = `found ${JSON.stringify(name)}, which is no property; add it to properties`;
    report.problem(["tools", tool, "parameters", "required"], text);
  }
}

/** What nobody uses is mostly a slip. */
function checkUse(sections: Sections, report: Report): void {
  const entries = [...sections.assistants.sound.values()];
  const tools = new Set(entries.flatMap(({ tools }) => tools));
  const places = new Set(
    entries.flatMap(({ transferTo, keypad }) => [...transferTo, ...Object.values(keypad.menu)]),
  );
  const unused = (section: "tools" | "mcpServers" | "destinations", used: ReadonlySet<string>) => {
    for (const name of sections[section].names) {
      if (!used.has(name)) report.warning([section, name], "no assistant uses it");
    }
  };
  unused("tools", tools);
  unused("mcpServers", tools);
  unused("destinations", places);
}
