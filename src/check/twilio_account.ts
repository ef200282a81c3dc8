/** Checks the Twilio credentials, and where Twilio sends the calls to the configured number. */

import type { Clock } from "../clock.ts";
import { invocation } from "../invocation.ts";
import type { Config } from "../config/config.ts";
import { type PhoneNumber, TwilioError, TwilioRest, type VoiceWebhook } from "../twilio/rest.ts";
import { failed, type Finding, notChecked, ok, warning } from "./finding.ts";

const FIX = invocation("check --fix");
const NO_SID = "TWILIO_ACCOUNT_SID is not set";
const COPY = "copy it from the Twilio console";

/** Checks the account and the phone number. The number is skipped, with the reason, when the account fails. */
export async function checkTwilio(config: Config, fix: boolean, clock: Clock): Promise<Finding[]> {
  let obstacle: string | undefined;
  const onObstacle = (why: string) => obstacle ??= why;
  const account = await Promise.all([
    checkAccount(config, clock, onObstacle),
    checkApiKey(config, clock, onObstacle),
  ]);
  return [...account.flat(), await checkNumber(config, fix, clock, obstacle)];
}

/**
 * Checks the auth token and the account's state, which API keys may not be able to read.
 *
 * @param onObstacle Receives why further requests would fail, too.
 */
export async function checkAccount(
  config: Config,
  clock: Clock,
  onObstacle: (why: string) => void = () => {},
): Promise<Finding> {
  const check = "Twilio account";
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_API_URL: apiUrl } = config;
  if (accountSid === undefined) return notChecked(check, NO_SID, COPY);
  if (authToken === undefined) return notChecked(check, "TWILIO_AUTH_TOKEN is not set", COPY);
  return await reportTwilioErrors(check, async () => {
    const { status, type } = await new TwilioRest({ apiUrl, accountSid, authToken, clock }).account();
    if (status !== "active") {
      onObstacle("the Twilio account is not active");
      return failed(
        check,
        `the account is ${JSON.stringify(status)}`,
        "open the Twilio console and contact Twilio support",
      );
    }
    const note = "; a trial account plays a notice before each call and calls verified numbers only";
    return ok(check, `auth token accepted, account active${type === "Trial" ? note : ""}`);
  }, onObstacle);
}

/** Checks the API key with a request that every key except a restricted one may send. */
export async function checkApiKey(
  config: Config,
  clock: Clock,
  onObstacle: (why: string) => void = () => {},
): Promise<Finding[]> {
  const check = "Twilio API key";
  if (config.TWILIO_API_KEY_SID === undefined) return [];
  if (config.TWILIO_ACCOUNT_SID === undefined) return [notChecked(check, NO_SID, COPY)];
  const rest = restClient(config, config.TWILIO_ACCOUNT_SID, clock);
  return [
    await reportTwilioErrors(check, async () => {
      await rest.request("GET", "/IncomingPhoneNumbers.json", { PageSize: "1" });
      return ok(check, "accepted");
    }, onObstacle),
  ];
}

/**
 * Checks the voice webhook and the status callback of TWILIO_PHONE_NUMBER.
 *
 * @param fix Whether to correct them.
 * @param obstacle Why requests to Twilio would fail, if that is known.
 */
export async function checkNumber(
  config: Config,
  fix: boolean,
  clock: Clock,
  obstacle?: string,
): Promise<Finding> {
  const check = "phone number";
  const { TWILIO_PHONE_NUMBER: number, TWILIO_ACCOUNT_SID: accountSid, PUBLIC_URL: publicUrl } = config;
  // --fix fails when a setting that it needs is missing.
  const skip = (why: string, remedy?: string) =>
    fix ? failed(check, `not fixed: ${why}`, remedy) : notChecked(check, why, remedy);
  if (number === undefined) return skip("TWILIO_PHONE_NUMBER is not set", COPY);
  if (accountSid === undefined) return skip(NO_SID, COPY);
  if (publicUrl === undefined) {
    return skip("PUBLIC_URL is not set", "set it to the https URL at which Twilio reaches this service");
  }
  if (config.TWILIO_AUTH_TOKEN === undefined && config.TWILIO_API_KEY_SID === undefined) {
    const missing = "neither TWILIO_AUTH_TOKEN nor TWILIO_API_KEY_SID is set";
    return skip(missing, "copy one of them from the Twilio console");
  }
  if (obstacle !== undefined) return skip(obstacle);
  const rest = restClient(config, accountSid, clock);
  const expected: VoiceWebhook = {
    voiceUrl: `${publicUrl}/incoming-call`,
    method: "POST",
    statusCallback: `${publicUrl}/call-status`,
  };
  return await reportTwilioErrors(check, async () => {
    const phoneNumber = await rest.phoneNumber(number);
    if (!phoneNumber) return failed(check, `the account does not own ${number}`, "check TWILIO_PHONE_NUMBER");
    const routingProblem = findRoutingProblem(phoneNumber);
    if (routingProblem) return routingProblem;
    const before = compareWebhook(phoneNumber, expected);
    if (before.level === "ok" || !fix) return before;
    const after = compareWebhook(await rest.setVoiceWebhook(phoneNumber.sid, expected), expected);
    if (after.level !== "ok") return after;
    return ok(check, `${after.message}; changed just now, was: ${describe(phoneNumber)}`);
  });
}

function restClient(config: Config, accountSid: string, clock: Clock): TwilioRest {
  const { TWILIO_API_URL: apiUrl, TWILIO_AUTH_TOKEN: authToken } = config;
  const { TWILIO_API_KEY_SID: sid, TWILIO_API_KEY_SECRET: secret } = config;
  const apiKey = sid === undefined || secret === undefined ? undefined : { sid, secret };
  return new TwilioRest({ apiUrl, accountSid, authToken, apiKey, clock });
}

/** Finds a reason why the voice webhook of the number is not used. */
function findRoutingProblem({ hasVoice, trunkSid, voiceApplicationSid }: PhoneNumber): Finding | undefined {
  const check = "phone number";
  if (!hasVoice) return failed(check, "the number does not support voice calls", "buy a number that does");
  const [what, sid] = trunkSid ? ["SIP trunk", trunkSid] : ["TwiML app", voiceApplicationSid];
  if (!sid) return undefined;
  return failed(
    check,
    `calls go to the ${what} ${sid}, so the voice webhook is ignored`,
    `in the Twilio console, set "Configure with" of the number's voice configuration to "Webhook", then run: ${FIX}`,
  );
}

function compareWebhook(phoneNumber: PhoneNumber, expected: VoiceWebhook): Finding {
  const check = "phone number";
  const remedy = `run: ${FIX}`;
  // Twilio appends connection settings after a #.
  const voiceUrl = phoneNumber.voiceUrl.replace(/#.*$/, "");
  if (voiceUrl !== expected.voiceUrl || phoneNumber.voiceMethod !== expected.method) {
    return failed(
      check,
      `the voice webhook is ${describe(phoneNumber)}, not POST ${expected.voiceUrl}`,
      remedy,
    );
  }
  const callback = phoneNumber.statusCallback.replace(/#.*$/, "");
  if (callback !== expected.statusCallback || phoneNumber.statusCallbackMethod !== "POST") {
    const actual = callback === ""
      ? "not set"
      : `${phoneNumber.statusCallbackMethod} ${JSON.stringify(callback)}`;
    return warning(
      check,
      `the voice webhook is correct, but the status callback is ${actual}, not POST ${expected.statusCallback}`,
      remedy,
    );
  }
  return ok(check, `the voice webhook of ${phoneNumber.phoneNumber} is POST ${expected.voiceUrl}`);
}

function describe({ voiceMethod, voiceUrl }: PhoneNumber): string {
  return voiceUrl === "" ? "not set" : `${voiceMethod} ${JSON.stringify(voiceUrl)}`;
}

/** Converts a {@linkcode TwilioError}, whose message ends with a remedy, to a finding. */
async function reportTwilioErrors(
  check: string,
  work: () => Promise<Finding>,
  onObstacle?: (why: string) => void,
): Promise<Finding> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TwilioError)) throw error;
    onObstacle?.(obstacleOf(error));
    const at = error.message.lastIndexOf("; ");
    return failed(check, error.message.slice(0, at), error.message.slice(at + 2));
  }
}

function obstacleOf({ status }: TwilioError): string {
  if (status === undefined) return "Twilio could not be reached";
  return status === 401 || status === 403
    ? "Twilio does not accept the credentials"
    : "Twilio refused a request";
}
