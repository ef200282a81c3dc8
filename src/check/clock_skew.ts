/** Checks this machine's clock against the clocks of other servers. */

import { failed, type Finding, notChecked, ok, warning } from "./finding.ts";
import { type Network, request, RequestFailure } from "./requests.ts";

const WARNING_SECONDS = 30;
/** Many services refuse signatures, certificates and tokens beyond this difference. */
const FAILURE_SECONDS = 300;

/**
 * Compares the local clock with the `Date` header of a response (RFC 9110, 6.6.1). Any response will do, so
 * the request contains no secret.
 *
 * @param server Name of the server, for the name of the check.
 */
export async function checkClock(server: string, url: string, network: Network): Promise<Finding> {
  const check = `clock (${server})`;
  const { clock } = network;
  const sentAt = clock.wallTime();
  try {
    const { headers } = await request(url, network);
    const serverTime = Date.parse(headers.get("date") ?? "");
    if (Number.isNaN(serverTime)) return notChecked(check, `${new URL(url).host} sends no Date header`);
    // The header has whole seconds: it is half a second behind on average.
    const ahead = Math.round(((sentAt + clock.wallTime()) / 2 - (serverTime + 500)) / 1000);
    const skew = Math.abs(ahead);
    if (skew <= WARNING_SECONDS) return ok(check, `within ${Math.max(skew, 1)} s`);
    const problem = `this machine's clock is ${skew} s ${ahead > 0 ? "ahead" : "behind"}`;
    return (skew > FAILURE_SECONDS ? failed : warning)(
      check,
      problem,
      "synchronize the clock by NTP: timedatectl set-ntp true",
    );
  } catch (error) {
    if (!(error instanceof RequestFailure)) throw error;
    return notChecked(check, `${new URL(url).host} cannot be reached: ${error.message}`, error.remedy);
  }
}
