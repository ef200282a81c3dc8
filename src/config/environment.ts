import { unlessMissingSync } from "../file_error.ts";

/** Source of the settings: environment variables and files. */
export interface Environment {
  readonly env: (name: string) => string | undefined;
  /**
   * Reads a text file; undefined if it does not exist.
   *
   * @throws if it cannot be read for another reason.
   */
  readonly readFile: (path: string) => string | undefined;
  /** Reads a file as bytes, in the same way. Missing: audio files are not read. */
  readonly readBytes?: ((path: string) => Uint8Array | undefined) | undefined;
  /** Absolute path; undefined: not known. */
  readonly workingDirectory?: string | undefined;
  /**
   * Folders that may contain `.env`; the first one that does is used. Default: the working directory, `.`.
   */
  readonly settingsFolders?: readonly string[];
}

/** Settings folder of an installed Parley. Every command finds it from any directory. */
const INSTALLED_SETTINGS = "/etc/parley";

/**
 * The environment of this process. The compiled program also looks for settings in
 * {@linkcode INSTALLED_SETTINGS}: a user who may not search the working directory has no settings there.
 */
export const processEnvironment: Environment = {
  env(name) {
    try {
      return Deno.env.get(name);
    } catch (error) {
      // Misspelled names, which are probed for, may be outside the granted permissions.
      if (error instanceof Deno.errors.NotCapable) return undefined;
      throw error;
    }
  },
  readFile: (path) => unlessMissingSync(() => Deno.readTextFileSync(path)),
  readBytes: (path) => unlessMissingSync(() => Deno.readFileSync(path)),
  get workingDirectory() {
    return Deno.cwd();
  },
  get settingsFolders() {
    if (!Deno.build.standalone) return ["."];
    return maySearchWorkingDirectory() ? [".", INSTALLED_SETTINGS] : [INSTALLED_SETTINGS];
  },
};

/** Looking for a file, even one that does not exist, needs the right to search its folder. */
function maySearchWorkingDirectory(): boolean {
  try {
    Deno.lstatSync(".env");
  } catch (error) {
    return !(error instanceof Deno.errors.PermissionDenied);
  }
  return true;
}
