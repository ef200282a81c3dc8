import { fileErrorReason } from "../file_error.ts";
import type { Environment } from "../config/environment.ts";

/** A reference to an environment variable. */
const VARIABLE = /\$\{([^}]*)\}/g;
/** Variables that an assistants file may use: it must not read Parley's own secrets. */
const ALLOWED_NAME = /^TOOL_[A-Z0-9_]+$/;

/** Replaces `${TOOL_KEY}` by the environment variable, or by the content of the file that `TOOL_KEY_FILE` names. */
export class ToolVariables {
  readonly #environment: Environment;
  readonly #secrets = new Set<string>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** All values inserted so far. */
  get secrets(): string[] {
    return [...this.#secrets];
  }

  /** @param onProblem Called for each variable that has no value; an empty string replaces it. */
  substitute(text: string, onProblem: (text: string) => void): string {
    return text.replaceAll(VARIABLE, (reference, name: string) => {
      const value = ALLOWED_NAME.test(name)
        ? this.#value(name)
        : { problem: `found ${JSON.stringify(reference)}; allowed: variables whose names begin with TOOL_` };
      if (typeof value !== "string") {
        onProblem(value.problem);
        return "";
      }
      this.#secrets.add(value);
      return value;
    });
  }

  /** Replaces variables in all strings of a JSON value. */
  substituteJson(value: unknown, onProblem: (text: string) => void): unknown {
    if (typeof value === "string") return this.substitute(value, onProblem);
    if (Array.isArray(value)) return value.map((each) => this.substituteJson(each, onProblem));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, this.substituteJson(each, onProblem)]),
    );
  }

  #value(name: string): string | { readonly problem: string } {
    const { env, readFile } = this.#environment;
    const value = env(name);
    const file = env(`${name}_FILE`);
    if (value && file) return { problem: `both ${name} and ${name}_FILE are set; set only one of them` };
    if (value) return value;
    if (!file) {
      return { problem: `${name} is not set; set it, or set ${name}_FILE to a file that contains the value` };
    }
    try {
      const text = readFile(file)?.trim();
      return text ||
        { problem: `the file named by ${name}_FILE does not exist or is empty; write the value into it` };
    } catch (error) {
      return { problem: `the file named by ${name}_FILE cannot be read: ${fileErrorReason(error)}` };
    }
  }
}
