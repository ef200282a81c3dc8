/**
 * What to do about an answer of Twilio's REST API that grants nothing. Its texts vary, so only codes are looked at.
 *
 * Source: https://www.twilio.com/docs/api/errors
 *
 * @param status HTTP status.
 * @param code Twilio's own, if it gave one.
 */
export function remedy(status: number, code: number | undefined): string {
  const known = code === undefined ? undefined : REMEDIES[code];
  if (known !== undefined) return known;
  if (status === 401) return CREDENTIALS;
  if (status === 404) return MISSING;
  if (status === 429) return TOO_MUCH;
  if (status >= 500) return "try again later, and look at status.twilio.com";
  if (code === undefined) return "check TWILIO_API_URL";
  return `see https://www.twilio.com/docs/errors/${code}`;
}

const CREDENTIALS =
  "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET, and that the key may do this";
const MISSING = "check that it exists and belongs to TWILIO_ACCOUNT_SID";
const TOO_MUCH = "too much is asked at a time; try again later";
const COUNTRY =
  "the account may not call that country: allow it in the Twilio console under Voice, Settings, Geo permissions";

const REMEDIES: Readonly<Record<number, string>> = {
  10004: "the account has as many calls as it may have; wait until some have ended, or ask Twilio for more",
  13227: COUNTRY,
  20003: CREDENTIALS,
  20404: MISSING,
  20429: TOO_MUCH,
  21210:
    "the calling number is not the account's: set TWILIO_PHONE_NUMBER to one of its own or a verified one",
  21211: "the number to call is none: give it as +, country code and number, such as +15551230000",
  21212: "the calling number is none the account may use: set TWILIO_PHONE_NUMBER to one of its own",
  21214: "the number to call cannot be reached: check it; it may be out of service",
  21215: COUNTRY,
  21219:
    "a trial account calls verified numbers only: verify it in the Twilio console, or upgrade the account",
  21220: "the call is not in progress: it has not been answered yet, or is over",
};
