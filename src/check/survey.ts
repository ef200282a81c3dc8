/** Which lines `parley check` has, and which need which. */

import type { Clock } from "../clock.ts";
import { type Config, ConfigError } from "../config/config.ts";
import type { OpenSession } from "../model/session.ts";
import { checkAccount, checkApiKey, checkNumber } from "./account.ts";
import { checkCertificateFile, checkPublicCertificate } from "./certificates.ts";
import { checkClock } from "./clock_skew.ts";
import { failed, type Finding, notChecked, ok, warning } from "./finding.ts";
import { checkModel, checkShutdown, httpUrl } from "./model.ts";
import type { Network } from "./network.ts";
import { checkPort, checkReach, localUrl } from "./reach.ts";
import { checkHandshake, checkWebhook } from "./round_trip.ts";

/** What the check needs of the world. */
export interface SurveyDeps {
  /** @throws {ConfigError} */
  loadConfig(): Config;
  /** Starts the service for the check, where HOST and PORT say. */
  serve(config: Config): Promise<{ readonly url: string; close(): Promise<unknown> }>;
  readonly openSession: OpenSession;
  readonly clock: Clock;
  readFile(path: string): Promise<string>;
  /** Tries what the program must not be able to do; gives what it could. */
  sandbox?: () => Promise<readonly string[]>;
  /** PEM certificates to trust beside the usual ones. */
  readonly caCerts?: readonly string[];
}

/** A line that is being looked at; it may turn out to be several. */
type Work = Found | Promise<Found>;
type Found = Finding | readonly Finding[];
/** Tells what came of it, and passes it on. */
type Tell = (work: Work) => Promise<Finding[]>;

/**
 * Looks at everything, what is independent at the same time.
 *
 * @param report Told each finding as soon as it is known.
 * @returns all of them, in an order that is always the same.
 */
export async function survey(
  deps: SurveyDeps,
  fix: boolean,
  report: (finding: Finding) => void,
): Promise<Finding[]> {
  const tell: Tell = async (work) => {
    const findings = [await work].flat();
    findings.forEach(report);
    return findings;
  };
  let config: Config;
  try {
    config = deps.loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return await tell(error.problems.map((problem) => configured(failed, problem)));
  }
  const { clock, caCerts = [] } = deps;
  using client = caCerts.length > 0 ? Deno.createHttpClient({ caCerts: [...caCerts] }) : undefined;
  const network: Network = { clock, caCerts, ...(client ? { client } : {}) };
  const complete = ok("configuration", `complete, for ${config.APP_ENV}`);
  const warnings = config.warnings.map((problem) => configured(warning, problem));
  const all = await Promise.all([
    tell(warnings.length > 0 ? warnings : complete),
    checkService(config, deps, network, tell),
    tell(checkModel(config, deps.openSession)),
    tell(checkShutdown(config, network)),
    checkTwilio(config, fix, clock, tell),
    ...checkClocks(config, network).map(tell),
    tell(checkTlsFiles(config, deps)),
    ...(deps.sandbox ? [tell(checkSandbox(deps.sandbox))] : []),
  ]);
  return all.flat();
}

/** A problem of the configuration names its setting and, behind a semicolon, what to do. */
function configured(level: typeof failed, problem: string): Finding {
  const [found = "", ...remedies] = problem.split("; ");
  return level("configuration", found, remedies.length > 0 ? remedies.join("; ") : undefined);
}

/** The lines that need the service to run: it is started unless it does. */
async function checkService(
  config: Config,
  deps: SurveyDeps,
  network: Network,
  tell: Tell,
): Promise<Finding[]> {
  const { PUBLIC_URL: publicUrl, TWILIO_AUTH_TOKEN: authToken } = config;
  const port = await checkPort(config, network);
  const findings = await tell(port.finding);
  const add = async (...work: Work[]) => findings.push(...(await Promise.all(work.map(tell))).flat());
  const skip = async (lines: readonly string[], why: string) => {
    await add(lines.map((line) => notChecked(line, why)));
    return findings;
  };
  const trips = ["signatures", "media stream"];
  if (publicUrl === undefined) return await skip(["public address", ...trips], "PUBLIC_URL is not set");
  let service: Awaited<ReturnType<SurveyDeps["serve"]>> | undefined;
  try {
    if (port.is === "ours") service = { url: localUrl(config), close: () => Promise.resolve() };
    if (port.is === "free") service = await deps.serve(config);
  } catch (error) {
    const why = failed("service", `cannot start: ${messageOf(error)}`);
    await add(error instanceof ConfigError ? error.problems.map((each) => configured(failed, each)) : why);
  }
  try {
    await add(
      service
        ? checkReach(publicUrl, service.url, network)
        : notChecked("public address", "the service does not run here"),
      // Its TLS may be that of the service, so not before it runs.
      checkPublicCertificate(publicUrl, network),
    );
    if (!findings.some(({ line, level }) => line === "public address" && level === "ok")) {
      return await skip(trips, "PUBLIC_URL is not known to lead to this service");
    }
    if (authToken === undefined) return await skip(trips, "TWILIO_AUTH_TOKEN is not set");
    await add(
      checkWebhook(authToken, publicUrl, network),
      checkHandshake(authToken, publicUrl, network),
    );
    return findings;
  } finally {
    await service?.close();
  }
}

/** What needs Twilio's REST API: the number only with credentials it accepts. */
async function checkTwilio(config: Config, fix: boolean, clock: Clock, tell: Tell): Promise<Finding[]> {
  const credentials =
    (await Promise.all([tell(checkAccount(config, clock)), tell(checkApiKey(config, clock))]))
      .flat();
  const refused = credentials.some(({ level }) => level === "failed");
  const number = refused
    ? notChecked("phone number", "Twilio cannot be asked with these credentials")
    : checkNumber(config, fix, clock);
  return [...credentials, ...await tell(number)];
}

/** Nobody is asked who is not configured. */
function checkClocks(config: Config, network: Network): Work[] {
  return [
    ...(config.TWILIO_ACCOUNT_SID === undefined
      ? []
      : [checkClock("Twilio", config.TWILIO_API_URL, network)]),
    ...(config.OPENAI_API_KEY === undefined ? [] : [checkClock("model", httpUrl(config), network)]),
  ];
}

async function checkTlsFiles(config: Config, deps: SurveyDeps): Promise<Finding[]> {
  const { PUBLIC_URL: publicUrl, TLS_CERT_FILE, TLS_KEY_FILE } = config;
  if (TLS_CERT_FILE === undefined || TLS_KEY_FILE === undefined) return [];
  try {
    const certificates = await deps.readFile(TLS_CERT_FILE);
    const key = await deps.readFile(TLS_KEY_FILE);
    return [checkCertificateFile({ certificates, key }, publicUrl, deps.clock)];
  } catch (error) {
    const found = `cannot read TLS_CERT_FILE and TLS_KEY_FILE: ${messageOf(error)}`;
    return [failed("certificate file", found, "check their paths, and who may read them")];
  }
}

async function checkSandbox(sandbox: () => Promise<readonly string[]>): Promise<Finding> {
  const line = "sandbox";
  const problems = await sandbox();
  if (problems.length === 0) {
    return ok(line, "reading other files, writing elsewhere and connecting elsewhere are refused");
  }
  return failed(
    line,
    problems.join("; "),
    "start Parley by its tasks or as the binary, with no permission added",
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
