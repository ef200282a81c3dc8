/** Runs all checks of `parley check`. Some need the result of others. */

import { messageOf } from "../error_message.ts";
import { fileErrorReason } from "../file_error.ts";
import type { Clock } from "../clock.ts";
import { type Config, ConfigError } from "../config/config.ts";
import type { OpenSession } from "../model/model_interface.ts";
import { checkAccount, checkApiKey, checkNumber } from "./twilio_account.ts";
import { checkCertificateFile, checkPublicCertificate } from "./certificates.ts";
import { checkClock } from "./clock_skew.ts";
import { failed, type Finding, notChecked, ok, warning } from "./finding.ts";
import { checkModel, checkShutdown, httpUrl } from "./model_checks.ts";
import type { Network } from "./requests.ts";
import { checkPort, checkPublicAddress, localUrl } from "./reachability.ts";
import { checkStreamSignature, checkWebhookSignature } from "./signature_enforcement.ts";

/** Dependencies of the checks. */
export interface CheckDependencies<C extends Config = Config> {
  /** @throws {ConfigError} */
  loadConfig(): C;
  /** Starts the service on HOST and PORT for the duration of the checks. */
  startService(config: C): Promise<{ readonly url: string; close(): Promise<unknown> }>;
  readonly openSession: OpenSession;
  readonly clock: Clock;
  readFile(path: string): Promise<string>;
  /** Tries actions that the permissions must prevent; returns those that succeeded. */
  sandbox?: () => Promise<readonly string[]>;
  /** Additional trusted certificates (PEM). */
  readonly caCerts?: readonly string[];
}

type Findings = Finding | readonly Finding[];
/** A running or finished check. */
type Check = Findings | Promise<Findings>;
/** Reports the findings of a check when it finishes, and returns them. */
type Report = (check: Check) => Promise<Finding[]>;

/**
 * Runs all checks, independent ones concurrently.
 *
 * @param fix Whether to correct the webhooks of the phone number.
 * @param onFinding Receives each finding as soon as it is known.
 * @returns all findings, always in the same order.
 */
export async function runChecks<C extends Config>(
  deps: CheckDependencies<C>,
  fix: boolean,
  onFinding: (finding: Finding) => void,
): Promise<Finding[]> {
  const report: Report = async (check) => {
    const findings = [await check].flat();
    findings.forEach(onFinding);
    return findings;
  };
  let config: C;
  try {
    config = deps.loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return await report(error.problems.map((problem) => configurationFinding(failed, problem)));
  }
  const { clock, caCerts = [] } = deps;
  using client = caCerts.length > 0 ? Deno.createHttpClient({ caCerts: [...caCerts] }) : undefined;
  const network: Network = { clock, caCerts, ...(client ? { client } : {}) };
  const complete = ok("configuration", `complete, for ${config.APP_ENV}`);
  const warnings = config.warnings.map((problem) => configurationFinding(warning, problem));
  const all = await Promise.all([
    report(warnings.length > 0 ? warnings : complete),
    checkService(config, deps, network, report),
    report(checkModel(config, deps.openSession)),
    report(checkShutdown(config, network)),
    checkTwilio(config, fix, clock, report),
    ...checkClocks(config, network).map(report),
    report(checkTlsFiles(config, deps)),
    ...(deps.sandbox ? [report(checkSandbox(deps.sandbox))] : []),
  ]);
  return all.flat();
}

/** Splits a problem of the configuration into what was found and, after the first semicolon, what to do. */
function configurationFinding(level: typeof failed, problem: string): Finding {
  const [message = "", ...remedies] = problem.split("; ");
  return level("configuration", message, remedies.length > 0 ? remedies.join("; ") : undefined);
}

/** Runs the checks that need the service, and starts it if it does not run. */
async function checkService<C extends Config>(
  config: C,
  deps: CheckDependencies<C>,
  network: Network,
  report: Report,
): Promise<Finding[]> {
  const { PUBLIC_URL: publicUrl, TWILIO_AUTH_TOKEN: authToken } = config;
  const port = await checkPort(config, network);
  const findings = await report(port.finding);
  const add = async (...checks: Check[]) => findings.push(...(await Promise.all(checks.map(report))).flat());
  const skip = async (names: readonly string[], why: string) => {
    await add(names.map((name) => notChecked(name, why)));
    return findings;
  };
  const signatureChecks = ["signatures", "media stream"];
  if (publicUrl === undefined) {
    return await skip(["public address", ...signatureChecks], "PUBLIC_URL is not set");
  }
  let service: Awaited<ReturnType<CheckDependencies["startService"]>> | undefined;
  try {
    if (port.state === "ours") service = { url: localUrl(config), close: () => Promise.resolve() };
    if (port.state === "free") service = await deps.startService(config);
  } catch (error) {
    const why = failed("service", `cannot start: ${messageOf(error)}`);
    await add(
      error instanceof ConfigError ? error.problems.map((each) => configurationFinding(failed, each)) : why,
    );
  }
  try {
    await add(
      service
        ? checkPublicAddress(publicUrl, service.url, network)
        : notChecked("public address", "the service does not run on this machine"),
      // The service itself may terminate TLS, so it must run first.
      checkPublicCertificate(publicUrl, network),
    );
    if (!findings.some(({ check, level }) => check === "public address" && level === "ok")) {
      return await skip(signatureChecks, "PUBLIC_URL does not lead to this service");
    }
    if (authToken === undefined) return await skip(signatureChecks, "TWILIO_AUTH_TOKEN is not set");
    await add(
      checkWebhookSignature(authToken, publicUrl, network),
      checkStreamSignature(authToken, publicUrl, network),
    );
    return findings;
  } finally {
    await service?.close();
  }
}

/** Checks the account and, if the credentials are accepted, the phone number. */
async function checkTwilio(config: Config, fix: boolean, clock: Clock, report: Report): Promise<Finding[]> {
  const credentials =
    (await Promise.all([report(checkAccount(config, clock)), report(checkApiKey(config, clock))]))
      .flat();
  const credentialsFailed = credentials.some(({ level }) => level === "failed");
  const number = credentialsFailed
    ? notChecked("phone number", "Twilio does not accept the credentials")
    : checkNumber(config, fix, clock);
  return [...credentials, ...await report(number)];
}

/** Compares the clock with the configured services only. */
function checkClocks(config: Config, network: Network): Check[] {
  return [
    ...(config.TWILIO_ACCOUNT_SID === undefined
      ? []
      : [checkClock("Twilio", config.TWILIO_API_URL, network)]),
    ...(config.OPENAI_API_KEY === undefined ? [] : [checkClock("model", httpUrl(config), network)]),
  ];
}

async function checkTlsFiles(
  config: Config,
  deps: Pick<CheckDependencies, "readFile" | "clock">,
): Promise<Finding[]> {
  const { PUBLIC_URL: publicUrl, TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE } = config;
  if (TLS_CERT_FILE === undefined || TLS_KEY_FILE === undefined) return [];
  try {
    const bundle = TLS_CA_FILE === undefined ? "" : await deps.readFile(TLS_CA_FILE);
    const certificates = `${await deps.readFile(TLS_CERT_FILE)}\n${bundle}`;
    const key = await deps.readFile(TLS_KEY_FILE);
    return [checkCertificateFile({ certificates, key }, publicUrl, deps.clock)];
  } catch (error) {
    const message = `cannot read TLS_CERT_FILE, TLS_KEY_FILE or TLS_CA_FILE: ${fileErrorReason(error)}`;
    return [failed("certificate file", message, "check the paths and the file permissions")];
  }
}

async function checkSandbox(sandbox: () => Promise<readonly string[]>): Promise<Finding> {
  const check = "sandbox";
  const problems = await sandbox();
  if (problems.length === 0) {
    return ok(check, "reading and writing other files and connecting to other hosts are denied");
  }
  return failed(
    check,
    problems.join("; "),
    "start Parley with its tasks or as the binary, without additional permissions",
  );
}
