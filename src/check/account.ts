/** Whether Twilio accepts what we show it, and sends our number's calls to us. */

import type { Clock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import { type PhoneNumber, TwilioError, TwilioRest, type VoiceWebhook } from "../twilio/rest.ts";
import { failed, type Finding, notChecked, ok, warning } from "./finding.ts";

const NO_SID = "TWILIO_ACCOUNT_SID is not set";
const SET_SID = "set it as the Twilio console shows it";

/** The auth token: signatures stand and fall with it, and it alone may always see the state of the account. */
export async function checkAccount(config: Config, clock: Clock): Promise<Finding> {
  const line = "Twilio account";
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_API_URL: apiUrl } = config;
  if (accountSid === undefined) return notChecked(line, NO_SID, SET_SID);
  if (authToken === undefined) return notChecked(line, "TWILIO_AUTH_TOKEN is not set");
  return await told(line, async () => {
    const { status, type } = await new TwilioRest({ apiUrl, accountSid, authToken, clock }).account();
    if (status !== "active") {
      return failed(
        line,
        `the account is ${JSON.stringify(status)}`,
        "see the Twilio console, and ask their support",
      );
    }
    const note = "; a trial account plays a notice first and calls only numbers that are verified";
    return ok(line, `the auth token is right, the account is active${type === "Trial" ? note : ""}`);
  });
}

/** The API key, by asking for what any key but a restricted one may see. */
export async function checkApiKey(config: Config, clock: Clock): Promise<Finding[]> {
  const line = "Twilio API key";
  if (config.TWILIO_API_KEY_SID === undefined) return [];
  if (config.TWILIO_ACCOUNT_SID === undefined) return [notChecked(line, NO_SID, SET_SID)];
  const rest = restOf(config, config.TWILIO_ACCOUNT_SID, clock);
  return [
    await told(line, async () => {
      await rest.request("GET", "/IncomingPhoneNumbers.json", { PageSize: "1" });
      return ok(line, "accepted");
    }),
  ];
}

/**
 * Where calls to TWILIO_PHONE_NUMBER go.
 *
 * @param fix Leads them to us if they go elsewhere.
 */
export async function checkNumber(config: Config, fix: boolean, clock: Clock): Promise<Finding> {
  const line = "phone number";
  const { TWILIO_PHONE_NUMBER: number, TWILIO_ACCOUNT_SID: accountSid, PUBLIC_URL: publicUrl } = config;
  if (number === undefined) return notChecked(line, "TWILIO_PHONE_NUMBER is not set");
  if (accountSid === undefined) return notChecked(line, NO_SID, SET_SID);
  if (publicUrl === undefined) return notChecked(line, "PUBLIC_URL is not set");
  if (config.TWILIO_AUTH_TOKEN === undefined && config.TWILIO_API_KEY_SID === undefined) {
    return notChecked(line, "neither TWILIO_AUTH_TOKEN nor TWILIO_API_KEY_SID is set");
  }
  const rest = restOf(config, accountSid, clock);
  const wanted: VoiceWebhook = {
    voiceUrl: `${publicUrl}/incoming-call`,
    method: "POST",
    statusCallback: `${publicUrl}/call-status`,
  };
  return await told(line, async () => {
    const found = await rest.phoneNumber(number);
    if (!found) return failed(line, `the account has no ${number}`, "check TWILIO_PHONE_NUMBER");
    const unfit = whyUnfit(found);
    if (unfit) return unfit;
    const judged = judge(found, wanted);
    if (judged.level === "ok" || !fix) return judged;
    const after = judge(await rest.setVoiceWebhook(found.sid, wanted), wanted);
    if (after.level !== "ok") return after;
    return ok(line, `${after.found}; set just now, before: ${describe(found)}`);
  });
}

function restOf(config: Config, accountSid: string, clock: Clock): TwilioRest {
  const { TWILIO_API_URL: apiUrl, TWILIO_AUTH_TOKEN: authToken } = config;
  const { TWILIO_API_KEY_SID: sid, TWILIO_API_KEY_SECRET: secret } = config;
  const apiKey = sid === undefined || secret === undefined ? undefined : { sid, secret };
  return new TwilioRest({ apiUrl, accountSid, authToken, apiKey, clock });
}

/** What of a number no webhook can mend. */
function whyUnfit({ hasVoice, trunkSid, voiceApplicationSid }: PhoneNumber): Finding | undefined {
  const line = "phone number";
  if (!hasVoice) return failed(line, "it can do no voice", "buy one that can");
  const [what, sid] = trunkSid ? ["SIP trunk", trunkSid] : ["TwiML app", voiceApplicationSid];
  if (!sid) return undefined;
  return failed(
    line,
    `its calls go to the ${what} ${sid}, whatever its webhook is`,
    'in the Twilio console, choose "Webhook" under "Configure with" in its voice configuration; then --fix does the rest',
  );
}

function judge(found: PhoneNumber, wanted: VoiceWebhook): Finding {
  const line = "phone number";
  const remedy = "parley check --fix sets it";
  // Twilio keeps its own settings of the connection behind a #.
  const voiceUrl = found.voiceUrl.replace(/#.*$/, "");
  if (voiceUrl !== wanted.voiceUrl || found.voiceMethod !== wanted.method) {
    return failed(line, `its calls go to ${describe(found)}, not POST ${wanted.voiceUrl}`, remedy);
  }
  const callback = found.statusCallback.replace(/#.*$/, "");
  if (callback !== wanted.statusCallback || found.statusCallbackMethod !== "POST") {
    const where = callback === "" ? "nowhere" : `${found.statusCallbackMethod} ${JSON.stringify(callback)}`;
    return warning(
      line,
      `its calls come here, but how they ended is told ${where}, not POST ${wanted.statusCallback}`,
      remedy,
    );
  }
  return ok(line, `calls to ${found.phoneNumber} come to POST ${wanted.voiceUrl}`);
}

function describe({ voiceMethod, voiceUrl }: PhoneNumber): string {
  return voiceUrl === "" ? "nowhere" : `${voiceMethod} ${JSON.stringify(voiceUrl)}`;
}

/** Turns a refusal of Twilio into a line; its message says what to do. */
async function told(line: string, work: () => Promise<Finding>): Promise<Finding> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TwilioError)) throw error;
    const at = error.message.lastIndexOf("; ");
    return failed(line, error.message.slice(0, at), error.message.slice(at + 2));
  }
}
