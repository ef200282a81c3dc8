/** Whether the model lets us in, speaks our audio, and for how long it will be there. */

import type { Config } from "../config/config.ts";
import { parseObject } from "../json.ts";
import type { OpenSession, SessionFailure } from "../model/session.ts";
import type { Log } from "../telemetry/log.ts";
import { failed, type Finding, notChecked, ok, warning } from "./finding.ts";
import { ask, type Network, NoAnswer } from "./network.ts";

const DAY_MS = 86_400_000;

const CREDIT = "add credit at OpenAI";
const MODEL = "check OPENAI_MODEL, and that your project may use it";
/** By the code of the failure. */
const REMEDIES: Readonly<Record<string, string>> = {
  invalid_api_key: "check OPENAI_API_KEY",
  insufficient_quota: CREDIT,
  billing_hard_limit_reached: CREDIT,
  account_deactivated: "ask OpenAI why, or use the key of another account",
  invalid_model: MODEL,
  model_not_found: MODEL,
  missing_model: MODEL,
  beta_api_shape_disabled: "check OPENAI_REALTIME_URL: that server expects another dialect",
  not_ready: "try again, and check the status page of the model's vendor",
  dial: "check OPENAI_REALTIME_URL, DNS and the firewall; if it refused the key, OPENAI_API_KEY",
};

/** Opens a session, has it configured as for a call, and closes it before a word is spoken. */
export async function checkModel(config: Config, openSession: OpenSession): Promise<Finding[]> {
  const { OPENAI_API_KEY: apiKey, OPENAI_MODEL: model, AUDIO_FORMAT: audioFormat } = config;
  if (apiKey === undefined) {
    return [warning(
      "model",
      "the embedded stand-in answers, which only says back what it hears",
      "set OPENAI_API_KEY to talk to a real one",
    )];
  }
  const ready = Promise.withResolvers<SessionFailure | undefined>();
  const ignore = () => {};
  const session = openSession({
    url: config.OPENAI_REALTIME_URL,
    apiKey,
    model,
    voice: config.OPENAI_VOICE,
    audioFormat,
    instructions: config.SYSTEM_MESSAGE,
  }, {
    ready: () => ready.resolve(undefined),
    failed: (failure) => ready.resolve(failure),
    speechStarted: ignore,
    speechStopped: ignore,
    audio: ignore,
    answered: ignore,
    complained: ignore,
    skipped: ignore,
    itemAdded: ignore,
    wordsCame: ignore,
    callerSaid: ignore,
    assistantSaid: ignore,
    functionCalled: ignore,
    approvalAsked: ignore,
  }, SILENT);
  const failure = await ready.promise;
  session.close();
  const accepted = ok("model", `${model} accepted the key and the session`);
  if (failure?.code === "format_mismatch") return [accepted, failed("audio format", failure.message)];
  if (failure) {
    const remedy = REMEDIES[failure.code] ?? "check the setting it speaks of, OPENAI_MODEL or OPENAI_VOICE";
    return [failed("model", `${failure.code}: ${failure.message}`, remedy)];
  }
  return [accepted, ok("audio format", `${audioFormat} confirmed both ways`)];
}

/**
 * When the vendor will shut the model down, where it says so.
 * Source: https://platform.openai.com/docs/api-reference/models/retrieve
 */
export async function checkShutdown(config: Config, network: Network): Promise<Finding> {
  const line = "shutdown date";
  const { OPENAI_API_KEY: apiKey, OPENAI_MODEL: model } = config;
  if (apiKey === undefined) return notChecked(line, "there is no OPENAI_API_KEY");
  const url = new URL(`models/${encodeURIComponent(model)}`, httpUrl(config));
  try {
    const headers = { authorization: `Bearer ${apiKey}` };
    const { status, text } = await ask(url.href, network, { headers });
    const date = status === 200 ? parseObject(text)?.shutdown_date : undefined;
    if (date === null) return ok(line, "no shutdown announced");
    const end = typeof date === "string" && /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(date) : NaN;
    if (Number.isNaN(end)) return ok(line, `not known: ${url.origin} does not say (${status})`);
    const days = Math.ceil((end - network.clock.wallTime()) / DAY_MS);
    const found = days > 0
      ? `${model} will be shut down on ${date}; days left: ${days}`
      : `${model} was to be shut down on ${date}`;
    return warning(line, found, "set OPENAI_MODEL to a newer model, and rehearse with it");
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return notChecked(line, `${url.origin} cannot be reached: ${error.message}`, error.remedy);
  }
}

/** The address that belongs to the Realtime server's, for plain requests. */
export function httpUrl({ OPENAI_REALTIME_URL }: Config): string {
  return OPENAI_REALTIME_URL.replace(/^ws/, "http");
}

/** What goes wrong is told to the observer too. */
const SILENT: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => SILENT,
};
