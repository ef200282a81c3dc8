import { parse } from "@std/dotenv/parse";
import { isAbsolute, join, resolve } from "node:path";
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
  /** The problems of the files that exist and cannot be read. */
  readonly unreadable: readonly string[];
}

/** Variables with a path as their value. */
const IS_PATH = /(_FILE|^DATA_DIR)$/;
const ENVIRONMENT = "environment";

/**
 * An assignment, whose value may be in quotes and have several lines. A line that is none of these, nor empty nor
 * a comment, would be ignored.
 */
const ASSIGNMENT = /^[ \t]*(?:export\s+)?[\w.-]+[ \t]*=[ \t]*(?:'[^']*'|"[^"]*")?.*$/gm;

/** @param problems Receives the lines that are not assignments. */
export function readSettingFiles(
  { env, readFile, workingDirectory = ".", settingsFolders = ["."] }: Environment,
  problems: string[],
): SettingFiles {
  const unreadable: string[] = [];
  const read = (path: string): Readonly<Record<string, string>> | undefined => {
    let text: string | undefined;
    try {
      text = readFile(path);
    } catch (error) {
      unreadable.push(unreadableFile(resolve(workingDirectory, path), error));
      return {};
    }
    if (text === undefined) return undefined;
    problems.push(
      ...findOtherLines(text).map((line) =>
        `${path}:${line}: not NAME=value; write it as NAME=value, or start it with # if it is a comment`
      ),
    );
    return parse(text);
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
  // Later folders are not read: they may belong to another installation.
  const selected = settingsFolders.values().map(inFolder)
    .find(({ contents }) => contents.some((each) => each !== undefined));
  const { folder, appEnv, paths, contents } = selected ?? inFolder(settingsFolders[0] ?? ".");
  return {
    appEnv,
    paths,
    unreadable,
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

function unreadableFile(path: string, error: unknown): string {
  const problem = `${path}: cannot be read: ${fileErrorReason(error)}`;
  if (!(error instanceof Deno.errors.PermissionDenied)) return problem;
  return `${problem}; run the command as the user of the service: runuser -u parley -- parley …`;
}

/** The numbers of the lines that are not part of an assignment. */
function findOtherLines(text: string): number[] {
  const rest = text.replace(/^\uFEFF/, "").replaceAll(/\r\n?/g, "\n")
    .replaceAll(ASSIGNMENT, (assignment) => assignment.replaceAll(/[^\n]/g, ""));
  return rest.split("\n").flatMap((line, i) => /^\s*(#|$)/.test(line) ? [] : [i + 1]);
}
