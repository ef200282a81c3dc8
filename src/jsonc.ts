import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";

/** Location of a value: member names and array indexes, outermost first. */
export type Path = readonly (string | number)[];

/** Maximum length of the text (characters). */
const MAX_LENGTH = 1_048_576;
/** Deepest nesting of brackets: the parser is recursive. */
const MAX_DEPTH = 32;
/** Most syntax errors that are examined. */
const MAX_ERRORS = 20;

/** A parsed text in JSON with comments and trailing commas, with the offset of each value. */
export class JsoncSource {
  /** The parsed value; undefined if the text is not valid. */
  readonly value: unknown;
  /** Syntax errors, duplicate members and reserved names. */
  readonly problems: readonly Problem[];
  readonly #root: Node | undefined;

  constructor(text: string) {
    const json = text.replace(/^\uFEFF/, "");
    const excess = findExcess(json);
    if (excess) {
      this.problems = [excess];
      return;
    }
    const errors: ParseError[] = [];
    this.#root = parseTree(json, errors, { allowTrailingComma: true });
    if (errors.length > 0 || !this.#root) {
      this.problems = syntaxProblems(json, errors);
      return;
    }
    this.problems = [...findInvalidMembers(this.#root, [])];
    // The parser creates objects without a prototype; the copy has the usual one.
    this.value = structuredClone(getNodeValue(this.#root));
  }

  /** Offset of a value; of the innermost existing parent if the value is missing. */
  offsetOf(path: Path): number {
    for (let length = path.length; this.#root && length > 0; length--) {
      const node = findNodeAtLocation(this.#root, [...path.slice(0, length)]);
      if (node) return node.offset;
    }
    return this.#root?.offset ?? 0;
  }

  /** Offset of a member's name. */
  offsetOfName(path: Path): number {
    const node = this.#root && findNodeAtLocation(this.#root, [...path]);
    return node?.parent?.type === "property" ? node.parent.offset : this.offsetOf(path);
  }
}

export interface Problem {
  /** Position in the text (characters). */
  readonly offset: number;
  readonly text: string;
}

/** Line and column of an offset, both starting at 1: `12:5`. */
export function lineAndColumn(text: string, offset: number): string {
  const lines = text.replace(/^\uFEFF/, "").slice(0, offset).split(/\r\n|\r|\n/);
  return `${lines.length}:${(lines.at(-1) ?? "").length + 1}`;
}

/** A path in JavaScript notation, such as `tools.t.body[0]`. */
export function formatPath(path: Path): string {
  return path.map((step, i) => {
    if (typeof step === "number") return `[${step}]`;
    if (!/^[\w$-]{1,60}$/.test(step)) return `[${quote(step)}]`;
    return i === 0 ? step : `.${step}`;
  }).join("");
}

/** A value as JSON, truncated to 80 characters. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function findExcess(text: string): Problem | undefined {
  if (text.length > MAX_LENGTH) {
    return { offset: 0, text: `found ${text.length} characters; allowed: at most ${MAX_LENGTH}` };
  }
  const scanner = createScanner(text, true);
  let depth = 0;
  for (scanner.scan(); scanner.getTokenOffset() < text.length; scanner.scan()) {
    const offset = scanner.getTokenOffset();
    const first = text.charAt(offset);
    if (first === "{" || first === "[") depth++;
    if (first === "}" || first === "]") depth--;
    if (depth > MAX_DEPTH) {
      return {
        offset,
        text: `brackets are nested more than ${MAX_DEPTH} levels deep; allowed: at most ${MAX_DEPTH}`,
      };
    }
  }
  return undefined;
}

/** Syntax errors, the first of each line: further errors in a line are usually consequences of the first. */
function syntaxProblems(text: string, errors: readonly ParseError[]): Problem[] {
  if (errors.length === 0) return [{ offset: 0, text: "found nothing; allowed: an object in braces" }];
  const examined = errors.slice(0, MAX_ERRORS);
  const lines = examined.map(({ offset }) => text.slice(0, offset).split(/\r\n|\r|\n/).length);
  return examined.filter((_, i) => lines[i] !== lines[i - 1]).map(({ error, offset }) => ({
    offset,
    text: `invalid JSON: ${spacedLowerCase(printParseErrorCode(error))}`,
  }));
}

/** Converts `CommaExpected` to `comma expected`. */
function spacedLowerCase(code: string): string {
  return code.replaceAll(/\B[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

/** Finds duplicate members and `__proto__`, which would set the prototype. */
function* findInvalidMembers(node: Node, path: Path): Generator<Problem> {
  const seenNames = new Set<string>();
  for (const [i, child] of (node.children ?? []).entries()) {
    if (node.type === "array") {
      yield* findInvalidMembers(child, [...path, i]);
      continue;
    }
    const [key, value] = child.children ?? [];
    const name = String(key?.value);
    const here = [...path, name];
    if (seenNames.has(name)) {
      yield { offset: child.offset, text: `${formatPath(here)}: duplicate; keep one of them` };
    }
    if (name === "__proto__") {
      yield {
        offset: child.offset,
        text: `${formatPath(here)}: this name is reserved; choose another name`,
      };
    }
    seenNames.add(name);
    if (value) yield* findInvalidMembers(value, here);
  }
}
