import { assertThrows } from "@std/assert";
import { loadConfig, type ServiceConfig } from "../../src/app/service_config.ts";
import { ConfigError } from "../../src/config/config_error.ts";
import type { Environment } from "../../src/config/environment.ts";

/** An environment of these variables and files, whose working directory is `/work`. */
export function environmentOf(env: Record<string, string>, files: Record<string, string> = {}): Environment {
  return {
    env: (name) => env[name],
    readFile: (path) => {
      if (files[path] === "forbidden") throw new Deno.errors.PermissionDenied("not allowed");
      return files[path];
    },
    workingDirectory: "/work",
    settingsFolders: ["."],
  };
}

export function load(env: Record<string, string>, files: Record<string, string> = {}): ServiceConfig {
  return loadConfig(environmentOf(env, files));
}

export function problems(env: Record<string, string>, files: Record<string, string> = {}): readonly string[] {
  return assertThrows(() => load(env, files), ConfigError).problems;
}

/** The settings that production requires. */
export const REQUIRED_IN_PRODUCTION = {
  OPENAI_API_KEY: "sk-good-key-with-twenty-characters",
  PUBLIC_URL: "https://phone.example.com",
  TWILIO_AUTH_TOKEN: "0123456789abcdef0123456789abcdef",
  ADMIN_TOKEN: "0123456789abcdef",
};

export const PRODUCTION = { ...REQUIRED_IN_PRODUCTION, APP_ENV: "production" };

/** The names that the problems or warnings begin with. */
export function names(texts: readonly string[]): string[] {
  return texts.map((text) => text.split(":")[0] ?? "");
}
