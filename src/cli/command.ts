/** Declares commands with their flags; parses and explains their command lines. */

import { parseArgs, type ParseArgsConfig } from "node:util";
import { ConfigError } from "../config/config_error.ts";
import { messageOf } from "../error_message.ts";
import { invocation } from "../invocation.ts";
import { nearestName } from "../nearest_name.ts";
import { E164 } from "../phone_number.ts";
import { escapeUnprintable } from "../printable.ts";
import { EXIT, type ExitCode } from "./exit_code.ts";
import type { Terminal } from "./terminal.ts";

export interface Command<F extends Flags = Flags> {
  readonly name: string;
  /** One line, such as `call a number`. */
  readonly summary: string;
  /** The argument beside the flags, as the usage shows it: `[CALL_SID]`. */
  readonly argument?: string;
  readonly flags: F;
}

export type Flags = Readonly<Record<string, Flag>>;

export interface Flag {
  /** Placeholder of the flag's value, such as `FILE`. Without it, the flag is a switch. */
  readonly value?: string;
  readonly repeatable?: true;
  /** Type of the value; text by default. */
  readonly type?: FlagType<unknown>;
  readonly help: string;
}

export interface FlagType<T> {
  /** Such as `a whole number from 1`. */
  readonly expected: string;
  /** Undefined when the text is not a value of this type. */
  parse(text: string): T | undefined;
}

export type FlagValues<F extends Flags> = {
  readonly [Name in keyof F]: F[Name] extends { readonly repeatable: true } ? readonly string[]
    : F[Name] extends { readonly type: FlagType<infer T> } ? T | undefined
    : F[Name] extends { readonly value: string } ? string | undefined
    : boolean;
};

/** The command line is wrong; the message says how. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Keeps the literal types of the flags. */
export function defineCommand<const F extends Flags>(command: Command<F>): Command<F> {
  return command;
}

export function wholeNumber(min: number): FlagType<number> {
  return {
    expected: `a whole number from ${min}`,
    parse: (text) => /^\d{1,9}$/.test(text) && Number(text) >= min ? Number(text) : undefined,
  };
}

export function oneOf<const T extends string>(...values: readonly T[]): FlagType<T> {
  return { expected: values.join(" or "), parse: (text) => values.find((value) => value === text) };
}

/** Somebody who calls or is called: a number, or a name such as `anonymous` or `client:ann`. */
export const PARTY: FlagType<string> = {
  expected: "a number such as +15551230000, or a name such as anonymous",
  parse: (text) => E164.test(text) || /^[A-Za-z]\S*$/.test(text) ? text : undefined,
};

/** Somebody who can be called: a number, or an address such as `sip:ann@example.com` or `client:ann`. */
export const CALLED_PARTY: FlagType<string> = {
  expected: "a number such as +15551230000",
  parse: (text) => E164.test(text) || /^(sips?|client):\S+$/.test(text) ? text : undefined,
};

/** An HTTP URL; a trailing slash is removed. */
export const HTTP_URL: FlagType<string> = {
  expected: "a URL such as http://localhost:5050",
  parse(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    return url && /^https?:$/.test(url.protocol) ? url.href.replace(/\/$/, "") : undefined;
  },
};

/**
 * Parses a command line and runs the command, or prints its usage for `--help`. Prints the message of an
 * error.
 *
 * @param work Receives the values of the flags and the argument beside them.
 * @returns {@linkcode EXIT.usage} after a {@linkcode UsageError}, {@linkcode EXIT.failed} after any other error.
 */
export async function runCommand<F extends Flags>(
  command: Command<F>,
  args: readonly string[],
  { out, err }: Pick<Terminal, "out" | "err">,
  work: (values: FlagValues<F>, argument: string | undefined) => ExitCode | Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    const parsed = parseCommandLine(command, args);
    if (parsed !== "help") return await work(parsed.values, parsed.argument);
    out(formatUsage(command));
    return EXIT.ok;
  } catch (error) {
    if (error instanceof UsageError) {
      const problem = escapeUnprintable(error.message).replace(/[^?.]$/, "$&.");
      err(`${invocation(command.name)}: ${problem} See "${invocation(`${command.name} --help`)}".\n`);
      return EXIT.usage;
    }
    // The message of a ConfigError has several lines.
    err(`${error instanceof ConfigError ? error.message : escapeUnprintable(messageOf(error))}\n`);
    return EXIT.failed;
  }
}

/** @throws {UsageError} */
function parseCommandLine<F extends Flags>(
  { flags, argument }: Command<F>,
  args: readonly string[],
): { readonly values: FlagValues<F>; readonly argument: string | undefined } | "help" {
  const options: ParseOptions = { help: { type: "boolean", short: "h" } };
  for (const [name, { value, repeatable = false }] of Object.entries(flags)) {
    options[name] = { type: value === undefined ? "boolean" : "string", multiple: repeatable };
  }
  const { values: parsed, positionals } = parse(args, options);
  if (parsed.help) return "help";
  const [first, ...extra] = argument === undefined ? [undefined, ...positionals] : positionals;
  if (extra[0] !== undefined) {
    const remedy = argument === undefined ? "" : "; quote an argument with spaces";
    throw new UsageError(`unexpected argument ${JSON.stringify(extra[0])}${remedy}`);
  }
  const values = Object.entries(flags).map(([name, flag]) => [name, valueOf(name, flag, parsed[name])]);
  return { values: Object.fromEntries(values), argument: first };
}

/** A command's help text: its purpose and its flags, in columns. */
export function formatUsage({ name, summary, argument, flags }: Command): string {
  const rows = [...flagRows(flags), ["-h, --help", "print this help"] as const];
  const width = Math.max(...rows.map(([flag]) => flag.length));
  const lines = rows.map(([flag, help]) => `  ${flag.padEnd(width)}  ${help}\n`).join("");
  const usage = [name, argument, "[flags]"].filter((part) => part !== undefined).join(" ");
  return `${capitalize(summary)}.\n\nUsage: ${invocation(usage)}\n\n${lines}`;
}

/** Each flag as the usage shows it (`--out FILE`), with its help. */
export function flagRows(flags: Flags): (readonly [flag: string, help: string])[] {
  return Object.entries(flags).map(([name, { value, help }]) => [
    value === undefined ? `--${name}` : `--${name} ${value}`,
    help,
  ]);
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `; did you mean "--json"?`, or nothing when no known name is similar. */
export function suggestName(name: string, knownNames: readonly string[], prefix = ""): string {
  const nearest = nearestName(name, knownNames, Math.max(2, Math.floor(name.length / 2)));
  return nearest === undefined ? "" : `; did you mean "${prefix}${nearest}"?`;
}

type ParseOptions = NonNullable<ParseArgsConfig["options"]>;

function parse(args: readonly string[], options: ParseOptions) {
  // In strict mode, parseArgs rejects unknown flags itself, but without a suggestion.
  const parsed = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of parsed.tokens) {
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) {
      throw new UsageError(`unknown flag ${rawName}${suggestName(name, Object.keys(options), "--")}`);
    }
    // A negative number is a value; any other text that begins with a dash is the next flag.
    const isMissing = value === undefined || (!inlineValue && /^-(?!\d)/.test(value));
    if (option.type === "string" && isMissing) throw new UsageError(`${rawName} needs a value`);
    if (option.type === "boolean" && inlineValue) throw new UsageError(`${rawName} takes no value`);
  }
  return parsed;
}

function valueOf(name: string, { value, repeatable, type }: Flag, input: unknown): unknown {
  if (repeatable) return input ?? [];
  if (value === undefined) return input ?? false;
  if (typeof input !== "string" || !type) return input;
  const parsed = type.parse(input);
  if (parsed === undefined) {
    throw new UsageError(`--${name} is ${JSON.stringify(input)}; expected ${type.expected}`);
  }
  return parsed;
}
