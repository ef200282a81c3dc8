import type { Surroundings } from "../config/surroundings.ts";

/** A variable of the environment in a text. */
const VARIABLE = /\$\{([^}]*)\}/g;
/** Other variables are nobody's business but Parley's. */
const ALLOWED = /^TOOL_[A-Z0-9_]+$/;

/** Puts variables of the environment into texts: `${TOOL_KEY}`, also from the file `TOOL_KEY_FILE` names. */
export class Environment {
  readonly #surroundings: Surroundings;
  readonly #secrets = new Set<string>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** The values that were put in. */
  get secrets(): string[] {
    return [...this.#secrets];
  }

  /** Fills in a text; `problem` is told of each variable that cannot be. */
  fill(text: string, problem: (text: string) => void): string {
    return text.replaceAll(VARIABLE, (found, name: string) => {
      const value = ALLOWED.test(name)
        ? this.#value(name)
        : { problem: `found ${JSON.stringify(found)}; allowed: variables whose names begin with TOOL_` };
      if (typeof value !== "string") {
        problem(value.problem);
        return "";
      }
      this.#secrets.add(value);
      return value;
    });
  }

  /** Fills in all texts of a JSON value. */
  fillJson(value: unknown, problem: (text: string) => void): unknown {
    if (typeof value === "string") return this.fill(value, problem);
    if (Array.isArray(value)) return value.map((each) => this.fillJson(each, problem));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, this.fillJson(each, problem)]),
    );
  }

  #value(name: string): string | { readonly problem: string } {
    const { env, readFile } = this.#surroundings;
    const value = env(name);
    const file = env(`${name}_FILE`);
    if (value && file) return { problem: `found ${name} and ${name}_FILE; set one of them` };
    if (value) return value;
    if (!file) return { problem: `${name} is not set; set it, or ${name}_FILE to a file with it` };
    try {
      const text = readFile(file)?.trim();
      return text ||
        { problem: `${name}_FILE names a file that is not there or empty; put the value into it` };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return { problem: `${name}_FILE cannot be read: ${why}` };
    }
  }
}
