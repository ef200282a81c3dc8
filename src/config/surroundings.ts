/** Where settings come from: the process's environment and files. */
export interface Surroundings {
  readonly env: (name: string) => string | undefined;
  /** Text of a file, or undefined where there is none. Throws when it may not be read. */
  readonly readFile: (path: string) => string | undefined;
}

/** The surroundings of this process. */
export const processSurroundings: Surroundings = {
  env(name) {
    try {
      return Deno.env.get(name);
    } catch (error) {
      // A slip of a name may lie outside of what the program may read.
      if (error instanceof Deno.errors.NotCapable) return undefined;
      throw error;
    }
  },
  readFile(path) {
    try {
      return Deno.readTextFileSync(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  },
};
