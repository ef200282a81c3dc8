import type { RequestDefaults } from "../dialer/campaign/recipients.ts";
import { variableNameProblem } from "../dialer/call_request.ts";
import { dailyHours, type WeeklyHours } from "../weekly_hours.ts";
import { type FlagValues, UsageError } from "./command.ts";
import type { CALL } from "./commands.ts";

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
