import type { z } from "zod";
import { nearest } from "../config/misspelt.ts";
import { lineAndColumn, nameOf, type Path, type Problem, quoted, type Source } from "../jsonc.ts";

type Issue = z.core.$ZodIssue;

/** Most problems that are told. */
const MAX_TOLD = 100;
/** Longest name that a misspelling of another is looked for in. */
const MAX_NAME = 60;

/** Gathers what is wrong in one file, and what should be told of it, each with its place: `file:12:5: name: text`. */
export class Report {
  readonly #path: string;
  readonly #text: string;
  readonly #source: Source;
  readonly #problems: Problem[];
  readonly #warnings: Problem[] = [];
  /** Problems beyond those that are told. */
  #more = 0;

  constructor(path: string, text: string, source: Source) {
    this.#path = path;
    this.#text = text;
    this.#source = source;
    this.#problems = source.problems.slice(0, MAX_TOLD);
    this.#more = source.problems.length - this.#problems.length;
  }

  /** Something is wrong with a value, or with what is missing there. */
  problem(path: Path, text: string): void {
    if (this.#isFull()) return;
    this.#problems.push({ offset: this.#source.offsetOf(path), text: labelled(path, text) });
  }

  /** A schema did not fit the value at `path`. */
  issues(issues: readonly Issue[], path: Path = []): void {
    for (const issue of issues) this.#issue(issue, [...path, ...issue.path.map(step)]);
  }

  /** Something works, but hardly as it was meant. */
  warning(path: Path, text: string): void {
    if (this.#warnings.length >= MAX_TOLD) return;
    this.#warnings.push({ offset: this.#source.offsetOf(path), text: labelled(path, text) });
  }

  /** How many problems there are. */
  get count(): number {
    return this.#problems.length + this.#more;
  }

  get problems(): string[] {
    const told = this.#told(this.#problems);
    return this.#more > 0 ? [...told, `${this.#path}: and ${this.#more} more; mend these first`] : told;
  }

  get warnings(): string[] {
    return this.#told(this.#warnings);
  }

  /** In the order of the file, each once. */
  #told(problems: readonly Problem[]): string[] {
    const lines = problems.toSorted((a, b) => a.offset - b.offset).map(({ offset, text }) =>
      this.#path === "" ? text : `${this.#path}:${lineAndColumn(this.#text, offset)}: ${text}`
    );
    return [...new Set(lines)];
  }

  /** Looking for places takes time, and nobody reads thousands of problems: further ones are only counted. */
  #isFull(): boolean {
    const full = this.#problems.length >= MAX_TOLD;
    if (full) this.#more++;
    return full;
  }

  #issue(issue: Issue, path: Path): void {
    if (issue.code !== "unrecognized_keys" && this.#isFull()) return;
    switch (issue.code) {
      case "unrecognized_keys":
        for (const key of issue.keys) this.#unknown([...path, key], issue.message);
        return;
      case "invalid_key":
        return this.#name(path, `found ${quoted(path.at(-1))}; ${issue.issues[0]?.message}`);
      case "invalid_union":
        return this.#union(issue.errors, issue.message, path);
      default:
        this.problem(path, `${found(this.#source.value, path)}; ${issue.message}`);
    }
  }

  /** The one alternative that was meant, if that can be seen; else all of them. */
  #union(alternatives: readonly (readonly Issue[])[], message: string, path: Path): void {
    const meant = alternatives.find((issues) =>
      issues.every(({ path, code }) => path.length > 0 || code === "unrecognized_keys" || code === "custom")
    );
    if (meant) return this.issues(meant, path);
    const allowed = alternatives.flatMap((issues) => issues.slice(0, 1))
      .map(({ message }) => message.replace("allowed: ", ""));
    const text = allowed.length > 0 ? `allowed: ${allowed.join(" or ")}` : message;
    this.problem(path, `${found(this.#source.value, path)}; ${text}`);
  }

  #unknown(path: Path, allowed: string): void {
    if (this.#isFull()) return;
    const key = String(path.at(-1));
    const known = allowed.replace("allowed: ", "").split(", ");
    const meant = key.length > MAX_NAME ? undefined : nearest(key, known);
    this.#name(path, `there is no such field; ${meant === undefined ? allowed : `did you mean ${meant}?`}`);
  }

  #name(path: Path, text: string): void {
    this.#problems.push({ offset: this.#source.offsetOfName(path), text: labelled(path, text) });
  }
}

function labelled(path: Path, text: string): string {
  return path.length === 0 ? text : `${nameOf(path)}: ${text}`;
}

function step(key: PropertyKey): string | number {
  return typeof key === "symbol" ? String(key) : key;
}

/** What stands at a place. Headers are where people put their keys. */
function found(root: unknown, path: Path): string {
  let value = root;
  for (const step of path) {
    const members: [string, unknown][] = typeof value === "object" && value !== null
      ? Object.entries(value)
      : [];
    value = members.find(([name]) => name === String(step))?.[1];
  }
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "found a list";
  if (typeof value === "object" && value !== null) return "found an object";
  return path.includes("headers") ? "found something else" : `found ${quoted(value)}`;
}
