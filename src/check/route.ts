/** `parley check --route`: which assistant a call would get, and why. */

import type { Clock } from "../clock.ts";
import type { Assistants } from "../assistants/assistant.ts";
import { route } from "../assistants/route.ts";

/** A call that might come in, as its flags say it. */
export interface RouteQuestion {
  /** The dialled number. */
  readonly to: string;
  /** The caller's; left out, a caller nobody is named for. */
  readonly from?: string | undefined;
  /** Such as `2026-11-21T10:00`, by this machine's clock unless it says otherwise; left out, now. */
  readonly at?: string | undefined;
}

const PARTY = /^(\+[1-9]\d{1,14}|[A-Za-z]\S*)$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * Says it in a line.
 *
 * @throws {TypeError} when a flag is no number or no time.
 */
export function explainRoute(question: RouteQuestion, assistants: Assistants, clock: Clock): string {
  const { to, from = "" } = question;
  for (const [flag, party] of [["--route", to], ["--from", from]] as const) {
    if (party !== "" && !PARTY.test(party)) {
      throw new TypeError(
        `Cannot check: found ${flag} ${JSON.stringify(party)}; write a number such as +15551230000`,
      );
    }
  }
  const at = question.at === undefined ? clock.wallTime() : timeOf(question.at);
  const { assistant, why } = route({ to, from, at }, assistants);
  const when = new Date(at).toISOString().slice(0, 16);
  return `${assistant.name} takes a call to ${to} from ${from || "anybody else"} at ${when}Z: ${why}`;
}

function timeOf(text: string): number {
  const time = TIME.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) return time;
  throw new TypeError(
    `Cannot check: found --at ${JSON.stringify(text)}; write a time such as 2026-11-21T10:00`,
  );
}
