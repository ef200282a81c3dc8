import { escapeUnprintable } from "../printable.ts";

/** Levels in ascending severity. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ["pretty", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Fields of a log line. Phone numbers in strings are masked. Never pass audio or secrets. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

type Line = Record<string, string | number | boolean>;

/** A structured log: each line has an event name and fields. */
export interface Log {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  /** A log that adds these fields, such as the call, to every line. */
  with(fields: Fields): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /**
   * Strings that are replaced wherever they appear: keys, tokens. Read for each line, so that it may grow.
   */
  readonly secrets?: readonly string[];
  /** Receives one line without its line feed. */
  readonly write: (line: string) => void;
}

/**
 * Creates a log. Control characters are escaped, so text from callers and models cannot start a line or
 * control a terminal.
 */
export function createLog({ level, format, secrets = [], write }: LogOptions): Log {
  const minimum = LOG_LEVELS.indexOf(level);

  function redact(text: string): string {
    // A shorter secret would match ordinary text.
    for (const secret of secrets) if (secret.length >= 6) text = text.replaceAll(secret, "[secret]");
    return maskPhoneNumbers(text);
  }

  function make(context: Fields): Log {
    const at = (level: LogLevel) =>
      LOG_LEVELS.indexOf(level) < minimum ? () => {} : (event: string, fields: Fields = {}) => {
        const line: Line = {};
        for (const [name, value] of Object.entries({ ...context, ...fields })) {
          if (value !== undefined) line[name] = typeof value === "string" ? redact(value) : value;
        }
        const time = new Date().toISOString();
        write(format === "json" ? toJson({ time, level, event, ...line }) : pretty(time, level, event, line));
      };
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      with: (fields) => make({ ...context, ...fields }),
    };
  }
  return make({});
}

/**
 * Masks phone numbers except for the first and last two digits: `+15551230000` becomes `+15…00`. In SIP and
 * tel addresses also numbers without a plus.
 */
export function maskPhoneNumbers(text: string): string {
  return text.replaceAll(
    /(?:\+|(?<=\b(?:sips?|tel):))\d{7,15}(?!\d)/g,
    (number) => `${number.slice(0, 3)}…${number.slice(-2)}`,
  );
}

const toJson = (line: Line) => escapeUnprintable(JSON.stringify(line));

function pretty(time: string, level: LogLevel, event: string, fields: Line): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${quote(value)}`);
  return [time.slice(11, 23), level.padEnd(5), event, ...parts].join(" ");
}

function quote(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  const plain = /^[\w.:/…+@-]+$/u.test(value);
  return plain ? value : escapeUnprintable(JSON.stringify(value));
}
