/** Whether this machine's clock agrees with those it talks to. */

import { failed, type Finding, notChecked, ok, warning } from "./finding.ts";
import { ask, type Network, NoAnswer } from "./network.ts";

const NOTICED_S = 30;
/** Signatures, certificates and tokens of many services are refused beyond this. */
const FATAL_S = 300;

/**
 * Compares with the `Date` of an answer (RFC 9110, 6.6.1), any answer: nothing secret is sent for it.
 *
 * @param whose Whose clock that is, for the line's name.
 */
export async function checkClock(whose: string, url: string, network: Network): Promise<Finding> {
  const line = `clock (${whose})`;
  const { clock } = network;
  const asked = clock.wallTime();
  try {
    const { headers } = await ask(url, network);
    const theirs = Date.parse(headers.get("date") ?? "");
    if (Number.isNaN(theirs)) return notChecked(line, `${new URL(url).host} does not say the time`);
    // It leaves out what is below a second: half of one on average.
    const ahead = Math.round(((asked + clock.wallTime()) / 2 - (theirs + 500)) / 1000);
    const skew = Math.abs(ahead);
    if (skew <= NOTICED_S) return ok(line, `within ${Math.max(skew, 1)} s`);
    const found = `this machine is ${skew} s ${ahead > 0 ? "ahead" : "behind"}`;
    return (skew > FATAL_S ? failed : warning)(line, found, "have it set by NTP: timedatectl set-ntp true");
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return notChecked(line, `${new URL(url).host} cannot be reached: ${error.message}`, error.remedy);
  }
}
