import type { RequestDefaults } from "../dialer/campaign/recipients.ts";
import { variableNameProblem } from "../dialer/call_request.ts";
import { dailyHours, type WeeklyHours } from "../weekly_hours.ts";
import { defineCommand, type FlagValues, HTTP_URL, UsageError, wholeNumber } from "./command.ts";

const COUNT = wholeNumber(1);

export const CALL = defineCommand({
  name: "call",
  summary: "call a number, or every recipient of a campaign, through the running service",
  argument: "[NUMBER]",
  flags: {
    file: {
      value: "CSV",
      help: 'recipients: column "number"; optional "assistant", "objective"; others are variables',
    },
    assistant: { value: "NAME", help: "assistant that makes the calls (default: the default assistant)" },
    objective: { value: "TEXT", help: "purpose of the calls: {{objective}} in the assistant's instructions" },
    set: {
      value: "NAME=VALUE",
      repeatable: true,
      help: "variable: {{NAME}} in its instructions and greeting; repeatable",
    },
    rate: { value: "N", type: COUNT, help: "start at most N calls a minute" },
    "at-once": { value: "N", type: COUNT, help: "at most N calls in progress (default: 1)" },
    hours: { value: "09:00-18:00", help: "start calls within these hours only, and wait otherwise" },
    "time-zone": {
      value: "ZONE",
      help: "time zone of --hours, such as Europe/Berlin (default: the system's)",
    },
    "do-not-call": { value: "FILE", help: "numbers that are never called, one per line" },
    out: {
      value: "FILE",
      help: "append results as CSV; skip numbers already in it (with --file list.csv: list.results.csv)",
    },
    url: { value: "URL", type: HTTP_URL, help: "the service (default: PUBLIC_URL, else this machine)" },
    "dry-run": { help: "print who would be called, and call nobody" },
    json: { help: "print one JSON object at the end" },
  },
});

export type CallOptions = ReturnType<typeof readCallOptions>;

/** @throws {UsageError} */
export function readCallOptions(
  values: FlagValues<typeof CALL.flags>,
  number: string | undefined,
  systemTimeZone: string,
) {
  const { file, assistant, objective, hours, "time-zone": timeZone } = values;
  if ((number === undefined) === (file === undefined)) {
    throw new UsageError("expected either a number or --file");
  }
  if (timeZone !== undefined && hours === undefined) throw new UsageError("--time-zone needs --hours");
  const defaults: RequestDefaults = {
    ...(assistant === undefined ? {} : { assistant }),
    ...(objective === undefined ? {} : { objective }),
    ...(values.set.length === 0 ? {} : { variables: Object.fromEntries(values.set.map(readVariable)) }),
  };
  return {
    number,
    file,
    defaults,
    rate: values.rate,
    atOnce: values["at-once"] ?? 1,
    hours: hours === undefined ? undefined : readHours(hours, timeZone ?? systemTimeZone),
    doNotCall: values["do-not-call"],
    out: values.out ?? file?.replace(/(\.csv)?$/i, ".results.csv"),
    url: values.url,
    dryRun: values["dry-run"],
    json: values.json,
  };
}

function readVariable(text: string): [string, string] {
  const [, name = text, value] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (value === undefined) throw new UsageError(`--set is ${JSON.stringify(text)}; expected NAME=VALUE`);
  const problem = variableNameProblem(name);
  if (problem) throw new UsageError(`--set: the name ${JSON.stringify(name)} is not allowed; ${problem}`);
  return [name, value];
}

function readHours(text: string, timeZone: string): WeeklyHours {
  const [, from, to] = /^(\d\d:\d\d)-(\d\d:\d\d)$/.exec(text) ?? [];
  if (from === undefined || to === undefined) {
    throw new UsageError(`--hours is ${JSON.stringify(text)}; expected hours such as 09:00-18:00`);
  }
  try {
    return dailyHours(from, to, timeZone);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`--hours or --time-zone: ${error.message}`);
  }
}
