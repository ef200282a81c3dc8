/** `parley check --route`: which assistant answers a call, and why. */

import type { Clock } from "../clock.ts";
import type { Assistants } from "../assistants/assistant.ts";
import { routeCall } from "../assistants/call_routing.ts";
import { unixTime } from "../weekly_hours.ts";

/** A hypothetical call, from the command's flags. */
export interface RouteQuery {
  /** Called number. */
  readonly to: string;
  /** Calling number; undefined: a caller that no rule names. */
  readonly from?: string | undefined;
  /** Time, such as `2026-11-21T10:00`; in the time zone of the rules' hours unless it has an offset. Undefined: now. */
  readonly at?: string | undefined;
}

const PARTY = /^(\+[1-9]\d{1,14}|[A-Za-z]\S*)$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * Explains the routing in one line.
 *
 * @throws {TypeError} naming the flag whose value is not a number or a time.
 */
export function explainRoute(query: RouteQuery, assistants: Assistants, clock: Clock): string {
  const { to, from = "" } = query;
  for (const [flag, party] of [["--route", to], ["--from", from]] as const) {
    if (party !== "" && !PARTY.test(party)) {
      throw new TypeError(
        `Cannot check: ${flag} is ${JSON.stringify(party)}; use a number such as +15551230000`,
      );
    }
  }
  const at = query.at === undefined ? clock.wallTime() : parseTime(query.at, assistants);
  const { assistant, reason } = routeCall({ to, from, at }, assistants);
  const when = new Date(at).toISOString().slice(0, 16);
  return `${assistant.name} takes a call to ${to} from ${from || "any other caller"} at ${when}Z: ${reason}`;
}

function parseTime(text: string, { rules }: Assistants): number {
  const [, , offset] = TIME.exec(text) ?? [];
  const time = TIME.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) {
    const zones = [...new Set(rules.flatMap(({ hours }) => hours.map(({ timeZone }) => timeZone)))];
    const [zone] = zones;
    // Without hours, the zone does not change the route: the machine's is what the person means.
    if (offset !== undefined || zone === undefined) return time;
    if (zones.length === 1) return unixTime(text, zone);
    throw new TypeError(
      `Cannot check: --at is ${
        JSON.stringify(text)
      }; add an offset such as +01:00, because the hours are in several ` +
        `time zones (${zones.join(", ")})`,
    );
  }
  throw new TypeError(
    `Cannot check: --at is ${JSON.stringify(text)}; use a time such as 2026-11-21T10:00`,
  );
}
