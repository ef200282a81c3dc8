/** Checks that the model accepts the key, the session and the audio format, and reports its shutdown date. */

import { invocation } from "../invocation.ts";
import type { Config } from "../config/config.ts";
import { parseObject } from "../json.ts";
import type { OpenSession, SessionFailure } from "../model/model_interface.ts";
import type { Log } from "../telemetry/log.ts";
import { failed, type Finding, notChecked, ok, warning } from "./finding.ts";
import { type Network, request, RequestFailure } from "./requests.ts";

const DAY_MS = 86_400_000;

/** Names of the settings of a model server, for remedies. */
interface ServerSettings {
  readonly url: string;
  readonly key: string;
  readonly model: string;
  readonly voice: string;
}

const OWN: ServerSettings = {
  url: "OPENAI_REALTIME_URL",
  key: "OPENAI_API_KEY",
  model: "OPENAI_MODEL",
  voice: "OPENAI_VOICE",
};

/** What to do about an error code. */
function remedyOf(code: string, { url, key, model, voice }: ServerSettings): string {
  switch (code) {
    case "invalid_api_key":
    case "unauthorized":
      return `check ${key}`;
    case "insufficient_quota":
    case "billing_hard_limit_reached":
      return key === OWN.key ? "add credit to your OpenAI account" : "add credit to the account";
    case "account_deactivated":
      return key === OWN.key
        ? "contact OpenAI, or use the key of another account"
        : "contact the provider, or use the key of another account";
    case "invalid_model":
    case "model_not_found":
    case "missing_model":
      return `check ${model}, and that your project may use that model`;
    case "beta_api_shape_disabled":
      return `check ${url}: the server expects the beta protocol or another dialect`;
    case "not_ready":
      return "try again, and check the status page of the model provider";
    case "connect":
      return `check ${url}, DNS and the firewall`;
    default:
      return `check the setting named in the message, ${model} or ${voice}`;
  }
}

/** Checks the first model server: it accepts the key, the session and the audio format. */
export async function checkModel(config: Config, openSession: OpenSession): Promise<Finding[]> {
  const { OPENAI_API_KEY: apiKey, OPENAI_MODEL: model, AUDIO_FORMAT: audioFormat } = config;
  if (apiKey === undefined) {
    return [warning(
      "model",
      "the built-in stand-in model answers; it repeats the caller's speech",
      "set OPENAI_API_KEY to use a real model",
    )];
  }
  const failure = await openOnce({
    url: config.OPENAI_REALTIME_URL,
    apiKey,
    model,
    voice: config.OPENAI_VOICE,
    audioFormat,
    instructions: config.SYSTEM_MESSAGE,
  }, openSession);
  const accepted = ok("model", `${model} accepted the key and the session`);
  if (failure?.code === "format_mismatch") return [accepted, failed("audio format", failure.message)];
  if (failure) {
    return [failed("model", `${failure.code}: ${failure.message}`, remedyOf(failure.code, OWN))];
  }
  return [accepted, ok("audio format", `${audioFormat} confirmed in both directions`)];
}

/** The same for each server of MODEL_FALLBACKS, one finding each. */
export function checkFallbacks(config: Config, openSession: OpenSession): Promise<Finding>[] {
  return (config.MODEL_FALLBACKS ?? []).map(async (fallback, at) => {
    const {
      url,
      apiKey,
      name = new URL(url).host,
      model = config.OPENAI_MODEL,
      voice = config.OPENAI_VOICE,
      audioFormat = config.AUDIO_FORMAT,
    } = fallback;
    const check = `fallback ${name}`;
    const instructions = config.SYSTEM_MESSAGE;
    const failure = await openOnce({ url, apiKey, model, voice, audioFormat, instructions }, openSession);
    if (!failure) return ok(check, `${model} accepted the session in ${audioFormat}`);
    const field = (name: string) => `${name} of entry ${at + 1} in MODEL_FALLBACKS`;
    const settings = {
      url: field("url"),
      key: field("apiKey"),
      model: field("model"),
      voice: field("voice"),
    };
    const remedy = failure.code === "format_mismatch"
      ? `check ${field("audioFormat")}`
      : remedyOf(failure.code, settings);
    return failed(check, `${failure.code}: ${failure.message}`, remedy);
  });
}

/** Opens a session, configures it as for a call, and closes it before it produces billed output. */
async function openOnce(
  options: Parameters<OpenSession>[0],
  openSession: OpenSession,
): Promise<SessionFailure | undefined> {
  const ready = Promise.withResolvers<SessionFailure | undefined>();
  const ignore = () => {};
  const session = openSession(options, {
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
  return failure;
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
