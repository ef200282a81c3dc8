import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";

/** Where in a script: names of members and numbers of list items, from the outermost. */
export type Path = readonly (string | number)[];

/** Something wrong at one place. */
export interface Problem {
  readonly path: Path;
  readonly text: string;
}

/** A script's text, JSON with comments: its value, and where each part of it stands. */
export class Source {
  readonly value: unknown;
  readonly #name: string;
  readonly #text: string;
  readonly #root: Node | undefined;
  readonly #errors: ParseError[] = [];

  /** @param name The file's name, for what is said of it. */
  constructor(name: string, text: string) {
    this.#name = name;
    this.#text = text.replace(/^\uFEFF/, "");
    this.#root = parseTree(this.#text, this.#errors, { allowTrailingComma: true });
    // Its objects have no prototype, which not everybody expects.
    if (this.#root && this.#errors.length === 0) this.value = structuredClone(getNodeValue(this.#root));
  }

  /** Why it cannot be read, or what is there twice; one to a line. */
  get problems(): string[] {
    const [error] = this.#errors;
    if (error) {
      const what = printParseErrorCode(error.error).replaceAll(/\B[A-Z]/g, (letter) => ` ${letter}`)
        .toLowerCase();
      return [`${this.#at(error.offset)}: this is no JSON: ${what}`];
    }
    if (!this.#root) return [`${this.#at(0)}: found nothing; allowed: an object in braces`];
    return [...this.#twice(this.#root)];
  }

  /** Where something stands, or would stand: `case.json:12:5`. */
  where(path: Path): string {
    for (let length = path.length; this.#root && length > 0; length--) {
      const node = findNodeAtLocation(this.#root, [...path.slice(0, length)]);
      // A member of which there is too much is pointed at by its name.
      if (node) return this.#at(node.parent?.type === "property" ? node.parent.offset : node.offset);
    }
    return this.#at(this.#root?.offset ?? 0);
  }

  *#twice(node: Node): Generator<string> {
    const seen = new Set<unknown>();
    for (const child of node.children ?? []) {
      const name: unknown = child.children?.[0]?.value;
      if (node.type === "object" && seen.has(name)) {
        yield `${this.#at(child.offset)}: found "${name}" twice; keep one of them`;
      }
      seen.add(name);
      yield* this.#twice(child);
    }
  }

  #at(offset: number): string {
    const lines = this.#text.slice(0, offset).split(/\r\n|\r|\n/);
    return `${this.#name}:${lines.length}:${(lines.at(-1) ?? "").length + 1}`;
  }
}

/** A path as one would write it in code: `turns[2].caller`. */
export function nameOf(path: Path): string {
  return path.map((step, i) => typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`).join("");
}
