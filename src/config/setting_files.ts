import { parse } from "@std/dotenv/parse";
import { isAbsolute, join } from "node:path";
import { fileErrorReason } from "../file_error.ts";
import type { Environment } from "./environment.ts";

/** A variable's value and where it comes from: `environment`, or the path of a file. */
export interface FoundValue {
  readonly value: string;
  readonly source: string;
}

/** The environment variables, then `.env.$APP_ENV`, then `.env`; the first that has a name applies. */
export interface SettingFiles {
  /** APP_ENV, which `.env.$APP_ENV` itself cannot change; undefined when it is not set. */
  readonly appEnv: FoundValue | undefined;
  /** Looks a variable up. Relative paths in a file are relative to its folder. */
  find(name: string): FoundValue | undefined;
  /** The names and values of each file that exists. */
  readonly files: readonly Readonly<Record<string, string>>[];
  /** The files' paths, whether they exist or not. */
  readonly paths: readonly string[];
}

/** Variables with a path as their value. */
const IS_PATH = /(_FILE|^DATA_DIR)$/;
const ENVIRONMENT = "environment";

/** @param problems Receives the files that cannot be read. */
export function readSettingFiles(
  { env, readFile, settingsFolders = ["."] }: Environment,
  problems: string[],
): SettingFiles {
  const read = (path: string): Readonly<Record<string, string>> | undefined => {
    try {
      const text = readFile(path);
      return text === undefined ? undefined : parse(text);
    } catch (error) {
      problems.push(`${path}: cannot be read: ${fileErrorReason(error)}`);
      return {};
    }
  };
  const inFolder = (folder: string) => {
    const path = (name: string) => folder === "." ? name : join(folder, name);
    const base = read(path(".env"));
    const configuredName = env("APP_ENV") || base?.APP_ENV;
    const appEnv = configuredName
      ? { value: configuredName, source: env("APP_ENV") ? ENVIRONMENT : path(".env") }
      : undefined;
    const name = configuredName || "development";
    const named = /^[\w-]{1,64}$/.test(name) ? read(path(`.env.${name}`)) : undefined;
    const paths = [path(`.env.${name}`), path(".env")];
    return { folder, appEnv, paths, contents: [named, base] };
  };
  const folders = settingsFolders.map(inFolder);
  const selectedFolder = folders.find(({ contents }) => contents.some((each) => each !== undefined)) ??
    folders[0] ??
    inFolder(".");
  const { folder, appEnv, paths, contents } = selectedFolder;
  return {
    appEnv,
    paths,
    files: contents.filter((each) => each !== undefined),
    find(name) {
      const own = env(name);
      if (own !== undefined) return { value: own, source: ENVIRONMENT };
      const i = contents.findIndex((each) => each?.[name] !== undefined);
      const value = contents[i]?.[name];
      if (value === undefined) return undefined;
      const relative = folder !== "." && value !== "" && IS_PATH.test(name) && !isAbsolute(value);
      return { value: relative ? join(folder, value) : value, source: paths[i] ?? "" };
    },
  };
}
