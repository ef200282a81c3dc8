import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";

/** Where in the file: names of members and numbers of list items, from the outermost. */
export type Path = readonly (string | number)[];

/** Longest file (characters). */
const MAX_LENGTH = 1_048_576;
/** The parser calls itself for each bracket within another. */
const MAX_DEPTH = 32;
/** Most syntax errors that are looked at. */
const MAX_ERRORS = 20;

/** The text of a file in JSON with comments: its value, and where each part of it stands. */
export class Source {
  /** What is there; undefined when it cannot be read. */
  readonly value: unknown;
  /** Why it cannot be read, or members that cannot be meant. */
  readonly problems: readonly Problem[];
  readonly #root: Node | undefined;

  constructor(text: string) {
    const plain = text.replace(/^\uFEFF/, "");
    const tooMuch = excessIn(plain);
    if (tooMuch) {
      this.problems = [tooMuch];
      return;
    }
    const errors: ParseError[] = [];
    this.#root = parseTree(plain, errors, { allowTrailingComma: true });
    if (errors.length > 0 || !this.#root) {
      this.problems = syntaxProblems(plain, errors);
      return;
    }
    this.problems = [...impossibleMembers(this.#root, [])];
    // Its objects have no prototype, which not everybody expects.
    this.value = structuredClone(getNodeValue(this.#root));
  }

  /** Where something stands; where what is missing would stand. */
  offsetOf(path: Path): number {
    for (let length = path.length; this.#root && length > 0; length--) {
      const node = findNodeAtLocation(this.#root, [...path.slice(0, length)]);
      if (node) return node.offset;
    }
    return this.#root?.offset ?? 0;
  }

  /** Where the name of a member stands. */
  offsetOfName(path: Path): number {
    const node = this.#root && findNodeAtLocation(this.#root, [...path]);
    return node?.parent?.type === "property" ? node.parent.offset : this.offsetOf(path);
  }
}

/** Something wrong at one place. */
export interface Problem {
  /** Characters before it. */
  readonly offset: number;
  readonly text: string;
}

/** Line and column of a place, both from 1: `12:5`. */
export function lineAndColumn(text: string, offset: number): string {
  const lines = text.replace(/^\uFEFF/, "").slice(0, offset).split(/\r\n|\r|\n/);
  return `${lines.length}:${(lines.at(-1) ?? "").length + 1}`;
}

/** A path as one would write it in code. */
export function nameOf(path: Path): string {
  return path.map((step, i) => {
    if (typeof step === "number") return `[${step}]`;
    if (!/^[\w$-]{1,60}$/.test(step)) return `[${quoted(step)}]`;
    return i === 0 ? step : `.${step}`;
  }).join("");
}

/** A value as it would be in the file, cut where it is long. */
export function quoted(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function excessIn(text: string): Problem | undefined {
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
      return { offset, text: `found more than ${MAX_DEPTH} brackets within each other; allowed: fewer` };
    }
  }
  return undefined;
}

/** What makes it no JSON: the first of each line, for further ones there are mostly its consequences. */
function syntaxProblems(text: string, errors: readonly ParseError[]): Problem[] {
  if (errors.length === 0) return [{ offset: 0, text: "found nothing; allowed: an object in braces" }];
  const looked = errors.slice(0, MAX_ERRORS);
  const lines = looked.map(({ offset }) => text.slice(0, offset).split(/\r\n|\r|\n/).length);
  return looked.filter((_, i) => lines[i] !== lines[i - 1]).map(({ error, offset }) => ({
    offset,
    text: `this is no JSON: ${inWords(printParseErrorCode(error))}`,
  }));
}

/** `CommaExpected` as people write it. */
function inWords(code: string): string {
  return code.replaceAll(/\B[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

/** Members that are there twice, and the one name that is more than a name. */
function* impossibleMembers(node: Node, path: Path): Generator<Problem> {
  const seen = new Set<string>();
  for (const [i, child] of (node.children ?? []).entries()) {
    if (node.type === "array") {
      yield* impossibleMembers(child, [...path, i]);
      continue;
    }
    const [key, value] = child.children ?? [];
    const name = String(key?.value);
    const here = [...path, name];
    if (seen.has(name)) {
      yield { offset: child.offset, text: `${nameOf(here)}: found it twice; keep one of them` };
    }
    if (name === "__proto__") {
      yield { offset: child.offset, text: `${nameOf(here)}: found a name that is reserved; take another` };
    }
    seen.add(name);
    if (value) yield* impossibleMembers(value, here);
  }
}
