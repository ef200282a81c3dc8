/**
 * Remedies for errors of Twilio's REST API, by code, because Twilio's error texts vary.
 *
 * Source: https://www.twilio.com/docs/api/errors
 *
 * @param status HTTP status.
 * @param code Twilio's error code, if given.
 */
export function remedyFor(status: number, code: number | undefined): string {
  const remedy = code === undefined ? undefined : REMEDIES[code];
  if (remedy !== undefined) return remedy;
  if (status === 401) return CREDENTIALS;
  if (status === 404) return NOT_FOUND;
  if (status === 429) return RATE_LIMITED;
  if (status >= 500) return "try again later; check status.twilio.com";
  if (code === undefined) return "check TWILIO_API_URL";
  return `see https://www.twilio.com/docs/errors/${code}`;
}

const CREDENTIALS =
  "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET, and the key's permissions";
const NOT_FOUND = "check that it exists and belongs to TWILIO_ACCOUNT_SID";
const RATE_LIMITED = "too many requests at once; try again later";
const COUNTRY_BLOCKED =
  "the account may not call that country; allow it in the Twilio console under Voice, Settings, Geo permissions";

const REMEDIES: Readonly<Record<number, string>> = {
  10004:
    "the account has reached its limit of concurrent calls; wait until some have ended, or ask Twilio to raise it",
  13227: COUNTRY_BLOCKED,
  20003: CREDENTIALS,
  20404: NOT_FOUND,
  20429: RATE_LIMITED,
  21210:
    "the account does not own the calling number; set TWILIO_PHONE_NUMBER to one of its own or a verified one",
  21211: "the number to call is invalid; give it as +, country code and number, such as +15551230000",
  21212: "the account may not use the calling number; set TWILIO_PHONE_NUMBER to one of its own",
  21214: "the number to call cannot be reached; check it, it may be out of service",
  21215: COUNTRY_BLOCKED,
  21219:
    "a trial account calls verified numbers only; verify it in the Twilio console, or upgrade the account",
  21220: "the call is not in progress; it has not been answered yet or is over",
};
