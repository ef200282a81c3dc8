/** Checks that the model accepts the key, the session and the audio format, and reports its shutdown date. */

import { invocation } from "../invocation.ts";
import type { Config } from "../config/config.ts";
import { parseObject } from "../json.ts";
import type { OpenSession, SessionFailure } from "../model/model_interface.ts";
import type { Log } from "../telemetry/log.ts";
import { failed, type Finding, notChecked, ok, warning } from "./finding.ts";
import { type Network, request, RequestFailure } from "./requests.ts";

const DAY_MS = 86_400_000;

const CREDIT = "add credit to your OpenAI account";
const MODEL = "check OPENAI_MODEL, and that your project may use that model";
/** Remedies by error code. */
const REMEDIES: Readonly<Record<string, string>> = {
  invalid_api_key: "check OPENAI_API_KEY",
  insufficient_quota: CREDIT,
  billing_hard_limit_reached: CREDIT,
  account_deactivated: "contact OpenAI, or use the key of another account",
  invalid_model: MODEL,
  model_not_found: MODEL,
  missing_model: MODEL,
  beta_api_shape_disabled:
    "check OPENAI_REALTIME_URL: the server expects the beta protocol or another dialect",
  not_ready: "try again, and check the status page of the model provider",
  connect:
    "check OPENAI_REALTIME_URL, DNS and the firewall; if the server refused the key, check OPENAI_API_KEY",
};

/** Opens a session, configures it as for a call, and closes it before it produces billed output. */
export async function checkModel(config: Config, openSession: OpenSession): Promise<Finding[]> {
  const { OPENAI_API_KEY: apiKey, OPENAI_MODEL: model, AUDIO_FORMAT: audioFormat } = config;
  if (apiKey === undefined) {
    return [warning(
      "model",
      "the built-in stand-in model answers; it repeats the caller's speech",
      "set OPENAI_API_KEY to use a real model",
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
    sessionReady: () => ready.resolve(undefined),
    sessionFailed: (failure) => ready.resolve(failure),
    audioAcknowledged: ignore,
    lineSuspect: ignore,
    contextUsed: ignore,
    turnCommitted: ignore,
    callerSpeechStarted: ignore,
    callerSpeechStopped: ignore,
    assistantAudio: ignore,
    responseDone: ignore,
    modelError: ignore,
    malformedEvent: ignore,
    itemAdded: ignore,
    transcriptDelta: ignore,
    callerTranscript: ignore,
    assistantTranscript: ignore,
    functionCalled: ignore,
    approvalRequested: ignore,
    mcpCallStarted: ignore,
    mcpCallEnded: ignore,
  }, SILENT);
  const failure = await ready.promise;
  session.close();
  const accepted = ok("model", `${model} accepted the key and the session`);
  if (failure?.code === "format_mismatch") return [accepted, failed("audio format", failure.message)];
  if (failure) {
    const remedy = REMEDIES[failure.code] ??
      "check the setting named in the message, OPENAI_MODEL or OPENAI_VOICE";
    return [failed("model", `${failure.code}: ${failure.message}`, remedy)];
  }
  return [accepted, ok("audio format", `${audioFormat} confirmed in both directions`)];
}

/**
 * Checks the shutdown date of the model, if the provider publishes one.
 * Source: https://platform.openai.com/docs/api-reference/models/retrieve
 */
export async function checkShutdown(config: Config, network: Network): Promise<Finding> {
  const check = "model retirement";
  const { OPENAI_API_KEY: apiKey, OPENAI_MODEL: model } = config;
  if (apiKey === undefined) return notChecked(check, "OPENAI_API_KEY is not set");
  const url = new URL(`models/${encodeURIComponent(model)}`, httpUrl(config));
  try {
    const headers = { authorization: `Bearer ${apiKey}` };
    const { status, text } = await request(url.href, network, { headers });
    const date = status === 200 ? parseObject(text)?.shutdown_date : undefined;
    if (date === null) return ok(check, "no shutdown announced");
    const end = typeof date === "string" && /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(date) : NaN;
    if (Number.isNaN(end)) return ok(check, `not known: ${url.origin} gives no date (status ${status})`);
    const days = Math.ceil((end - network.clock.wallTime()) / DAY_MS);
    const message = days > 0
      ? `${model} will be shut down on ${date}; days left: ${days}`
      : `${model} was scheduled for shutdown on ${date}`;
    return warning(
      check,
      message,
      `set OPENAI_MODEL to a newer model, and test it with: ${invocation("rehearse")}`,
    );
  } catch (error) {
    if (!(error instanceof RequestFailure)) throw error;
    return notChecked(check, `${url.origin} cannot be reached: ${error.message}`, error.remedy);
  }
}

/** The HTTP URL of the Realtime server. */
export function httpUrl({ OPENAI_REALTIME_URL }: Config): string {
  return OPENAI_REALTIME_URL.replace(/^ws/, "http");
}

/** The observer receives every failure, so the log is not needed. */
const SILENT: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => SILENT,
};
