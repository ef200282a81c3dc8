import type { z } from "zod";
import { nearestName } from "../nearest_name.ts";
import { formatPath, type JsoncSource, lineAndColumn, type Path, type Problem, quote } from "../jsonc.ts";

type Issue = z.core.$ZodIssue;

/** Maximum number of problems reported. Further ones are only counted. */
const MAX_REPORTED = 100;
/** Maximum length of an unknown name for which a similar one is suggested. */
const MAX_NAME_LENGTH = 60;

/** Collects the problems and warnings of one file, formatted as `file:line:column: path: text`. */
export class ProblemReport {
  readonly #path: string;
  readonly #text: string;
  readonly #source: JsoncSource;
  readonly #problems: Problem[];
  readonly #warnings: Problem[] = [];
  /** Problems beyond `MAX_REPORTED`. */
  #omittedCount = 0;

  constructor(path: string, text: string, source: JsoncSource) {
    this.#path = path;
    this.#text = text;
    this.#source = source;
    this.#problems = source.problems.slice(0, MAX_REPORTED);
    this.#omittedCount = source.problems.length - this.#problems.length;
  }

  /** @param path Path of the value, or of the missing value. */
  addProblem(path: Path, text: string): void {
    if (this.#countIfFull()) return;
    this.#problems.push({ offset: this.#source.offsetOf(path), text: withPath(path, text) });
  }

  /** Adds the schema violations of the value at `path`. */
  addIssues(issues: readonly Issue[], path: Path = []): void {
    for (const issue of issues) this.#addIssue(issue, [...path, ...issue.path.map(pathStep)]);
  }

  addWarning(path: Path, text: string): void {
    if (this.#warnings.length >= MAX_REPORTED) return;
    this.#warnings.push({ offset: this.#source.offsetOf(path), text: withPath(path, text) });
  }

  get problemCount(): number {
    return this.#problems.length + this.#omittedCount;
  }

  get problems(): string[] {
    const lines = this.#format(this.#problems);
    return this.#omittedCount > 0
      ? [...lines, `${this.#path}: and ${this.#omittedCount} more; fix these first`]
      : lines;
  }

  get warnings(): string[] {
    return this.#format(this.#warnings);
  }

  /** In file order, without duplicates. */
  #format(problems: readonly Problem[]): string[] {
    const lines = problems.toSorted((a, b) => a.offset - b.offset).map(({ offset, text }) =>
      this.#path === "" ? text : `${this.#path}:${lineAndColumn(this.#text, offset)}: ${text}`
    );
    return [...new Set(lines)];
  }

  /** If the report is full, counts the problem and returns true: locating thousands of problems is slow. */
  #countIfFull(): boolean {
    const full = this.#problems.length >= MAX_REPORTED;
    if (full) this.#omittedCount++;
    return full;
  }

  #addIssue(issue: Issue, path: Path): void {
    if (issue.code !== "unrecognized_keys" && this.#countIfFull()) return;
    switch (issue.code) {
      case "unrecognized_keys":
        for (const key of issue.keys) this.#addUnknownField([...path, key], issue.message);
        return;
      case "invalid_key":
        return this.#addNameProblem(path, `found ${quote(path.at(-1))}; ${issue.issues[0]?.message}`);
      case "invalid_union":
        return this.#addUnionIssue(issue.errors, issue.message, path);
      default:
        this.addProblem(path, `${describeValue(this.#source.value, path)}; ${issue.message}`);
    }
  }

  /** Reports the alternative that the value most resembles, or else all alternatives. */
  #addUnionIssue(alternatives: readonly (readonly Issue[])[], message: string, path: Path): void {
    const intended = alternatives.find((issues) =>
      issues.every(({ path, code }) => path.length > 0 || code === "unrecognized_keys" || code === "custom")
    );
    if (intended) return this.addIssues(intended, path);
    const allowed = alternatives.flatMap((issues) => issues.slice(0, 1))
      .map(({ message }) => message.replace("allowed: ", ""));
    const text = allowed.length > 0 ? `allowed: ${allowed.join(" or ")}` : message;
    this.addProblem(path, `${describeValue(this.#source.value, path)}; ${text}`);
  }

  #addUnknownField(path: Path, allowed: string): void {
    if (this.#countIfFull()) return;
    const key = String(path.at(-1));
    const allowedNames = allowed.replace("allowed: ", "").split(", ");
    const suggestion = key.length > MAX_NAME_LENGTH ? undefined : nearestName(key, allowedNames);
    this.#addNameProblem(
      path,
      `unknown field; ${suggestion === undefined ? allowed : `did you mean ${suggestion}?`}`,
    );
  }

  #addNameProblem(path: Path, text: string): void {
    this.#problems.push({ offset: this.#source.offsetOfName(path), text: withPath(path, text) });
  }
}

function withPath(path: Path, text: string): string {
  return path.length === 0 ? text : `${formatPath(path)}: ${text}`;
}

function pathStep(key: PropertyKey): string | number {
  return typeof key === "symbol" ? String(key) : key;
}

/** Describes the value at a path, without the values of headers: they may be secrets. */
function describeValue(root: unknown, path: Path): string {
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
  return path.includes("headers") ? "found another value" : `found ${quote(value)}`;
}
