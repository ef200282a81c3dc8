import { lineAndColumn, type Path, Source } from "../../jsonc.ts";

/** Something wrong at one place. */
export interface Problem {
  readonly path: Path;
  readonly text: string;
}

/** A script's text, with its name in front of every place in it. */
export class ScriptSource {
  readonly #name: string;
  readonly #text: string;
  readonly #source: Source;

  /** @param name The file's name, for what is said of it. */
  constructor(name: string, text: string) {
    this.#name = name;
    this.#text = text;
    this.#source = new Source(text);
  }

  get value(): unknown {
    return this.#source.value;
  }

  /** Why it cannot be read, or what is there twice; one to a line. */
  get problems(): string[] {
    return this.#source.problems.map(({ offset, text }) => `${this.#at(offset)}: ${text}`);
  }

  /** Where something stands, or would stand: `case.json:12:5`. A member is pointed at by its name. */
  where(path: Path): string {
    return this.#at(this.#source.offsetOfName(path));
  }

  #at(offset: number): string {
    return `${this.#name}:${lineAndColumn(this.#text, offset)}`;
  }
}
