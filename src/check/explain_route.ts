/** `parley check --route`: which assistant answers a call, and why. */

import type { Clock } from "../clock.ts";
import type { Assistants } from "../assistants/assistant.ts";
import { routeCall } from "../assistants/call_routing.ts";
import { unixTime } from "../weekly_hours.ts";

/** A hypothetical call, from the command's flags. */
export interface RouteQuery {
  /** Called number. */
  readonly to: string;
  /** Calling number. Undefined: a caller that no rule mentions. */
  readonly from?: string | undefined;
  /**
   * Time, such as `2026-11-21T10:00`. Without an offset, it is in the time zone of the rules' hours.
   * Undefined: now.
   */
  readonly at?: string | undefined;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * Explains the routing in one line.
 *
 * @throws {TypeError} when `at` is not a valid time, or needs an offset.
 */
export function explainRoute(query: RouteQuery, assistants: Assistants, clock: Clock): string {
  const { to, from = "" } = query;
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
    // If no rule has hours, the time zone does not change the route, so the machine's is used.
    if (offset !== undefined || zone === undefined) return time;
    if (zones.length === 1) return unixTime(text, zone);
    throw new TypeError(
      `--at is ${
        JSON.stringify(text)
      }; add an offset such as +01:00, because the hours are in several time zones ` +
        `(${zones.join(", ")})`,
    );
  }
  throw new TypeError(`--at is ${JSON.stringify(text)}; use a time such as 2026-11-21T10:00`);
}
