/** Levels, the quietest last. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ["pretty", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Values of a log line. Phone numbers in strings are masked; audio and secrets are not to be given at all. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Structured log lines: an event's name and its fields. */
export interface Log {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
  /** A log whose every line carries these fields too, such as the call. */
  with(fields: Fields): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Strings that must never appear, whatever was handed in: keys, tokens. */
  readonly secrets?: readonly string[];
  /** Takes one finished line without its line feed. */
  readonly write: (line: string) => void;
}

/** Makes a log. Caller- and model-supplied text cannot start a line or reach the terminal: see `clean`. */
export function createLog({ level, format, secrets = [], write }: LogOptions): Log {
  const lowest = LOG_LEVELS.indexOf(level);
  // A short "secret" would blank out half of every line.
  const hidden = secrets.filter((secret) => secret.length >= 6);

  function clean(text: string): string {
    for (const secret of hidden) text = text.replaceAll(secret, "[secret]");
    return maskPhoneNumbers(text);
  }

  function make(context: Fields): Log {
    const at = (level: LogLevel) =>
      LOG_LEVELS.indexOf(level) < lowest ? () => {} : (event: string, fields: Fields = {}) => {
        const line: Record<string, string | number | boolean> = {};
        for (const [name, value] of Object.entries({ ...context, ...fields })) {
          if (value !== undefined) line[name] = typeof value === "string" ? clean(value) : value;
        }
        const time = new Date().toISOString();
        write(format === "json" ? json({ time, level, event, ...line }) : pretty(time, level, event, line));
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

/** Leaves the country code's first digits and the last two: `+15551230000` becomes `+15…00`. */
export function maskPhoneNumbers(text: string): string {
  return text.replaceAll(/\+\d{7,15}(?!\d)/g, (number) => `${number.slice(0, 3)}…${number.slice(-2)}`);
}

function json(line: Record<string, string | number | boolean>): string {
  // JSON escapes C0 controls; C1 controls and line separators can still move a terminal.
  return JSON.stringify(line).replaceAll(UNPRINTABLE, escape);
}

function pretty(
  time: string,
  level: LogLevel,
  event: string,
  fields: Record<string, string | number | boolean>,
) {
  const parts = Object.entries(fields).map(([name, value]) => `${name}=${quote(value)}`);
  return [time.slice(11, 23), level.padEnd(5), event, ...parts].join(" ");
}

function quote(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  const plain = /^[\w.:/…+@-]+$/u.test(value);
  return plain ? value : JSON.stringify(value).replaceAll(UNPRINTABLE, escape);
}

const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
