/** Runs all checks of `parley check`. Some need the result of others. */

import { messageOf } from "../error_message.ts";
import { fileErrorReason } from "../file_error.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/config_error.ts";
import type { OpenSession } from "../model/model_interface.ts";
import { checkTwilio } from "./twilio_account.ts";
import { checkCertificateFile, checkPublicCertificate } from "./certificates.ts";
import { checkClock } from "./clock_skew.ts";
import { failed, type Finding, notChecked, ok, warning } from "./finding.ts";
import { checkFallbacks, checkModel, checkShutdown, httpUrl } from "./model_checks.ts";
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

/**
 * Runs all checks, independent ones concurrently. Yields their findings in the same order each time, each as
 * soon as it and those before it are known.
 *
 * @param fix Whether to correct the webhooks of the phone number.
 */
export async function* runChecks<C extends Config>(
  deps: CheckDependencies<C>,
  fix: boolean,
): AsyncGenerator<Finding> {
  let config: C;
  try {
    config = deps.loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return yield* error.problems.map((problem) => configurationFinding(failed, problem));
  }
  const { clock, openSession, caCerts = [] } = deps;
  using client = caCerts.length > 0 ? Deno.createHttpClient({ caCerts: [...caCerts] }) : undefined;
  const network: Network = { clock, caCerts, ...(client && { client }) };
  const checks: Promise<Finding | Finding[]>[] = [
    checkModel(config, openSession),
    ...checkFallbacks(config, openSession),
    checkShutdown(config, network),
    checkTwilio(config, fix, clock),
    ...checkClocks(config, network),
    checkTlsFiles(config, deps),
    ...(deps.sandbox ? [checkSandbox(deps.sandbox)] : []),
  ];
  // A check that throws does so when its finding is due.
  Promise.allSettled(checks);
  if (config.warnings.length === 0) yield ok("configuration", `complete, for ${config.APP_ENV}`);
  yield* config.warnings.map((problem) => configurationFinding(warning, problem));
  yield* checkService(config, deps, network);
  for (const check of checks) yield* [await check].flat();
}

/** Splits a problem of the configuration into what was found and, after the first semicolon, what to do. */
function configurationFinding(level: typeof failed, problem: string): Finding {
  const [message = "", ...remedies] = problem.split("; ");
  return level("configuration", message, remedies.length > 0 ? remedies.join("; ") : undefined);
}

/** Runs the checks that need the service, and starts it if it does not run. */
async function* checkService<C extends Config>(
  config: C,
  deps: CheckDependencies<C>,
  network: Network,
): AsyncGenerator<Finding> {
  const { PUBLIC_URL: publicUrl, TWILIO_AUTH_TOKEN: authToken } = config;
  const port = await checkPort(config, network);
  yield port.finding;
  const skip = (names: readonly string[], why: string) => names.map((name) => notChecked(name, why));
  const signatureChecks = ["signatures", "media stream"];
  if (publicUrl === undefined) {
    return yield* skip(["public address", ...signatureChecks], "PUBLIC_URL is not set");
  }
  let service: Awaited<ReturnType<CheckDependencies["startService"]>> | undefined;
  try {
    if (port.state === "ours") service = { url: localUrl(config), close: () => Promise.resolve() };
    if (port.state === "free") service = await deps.startService(config);
  } catch (error) {
    yield* error instanceof ConfigError
      ? error.problems.map((problem) => configurationFinding(failed, problem))
      : [failed("service", `cannot start: ${messageOf(error)}`)];
  }
  try {
    const [address, certificate] = await Promise.all([
      service
        ? checkPublicAddress(publicUrl, service.url, network)
        : notChecked("public address", "the service does not run on this machine"),
      // The service itself may terminate TLS, so it must run first.
      checkPublicCertificate(publicUrl, network),
    ]);
    yield* [address, certificate];
    if (address.level !== "ok") {
      return yield* skip(signatureChecks, "PUBLIC_URL does not lead to this service");
    }
    if (authToken === undefined) return yield* skip(signatureChecks, "TWILIO_AUTH_TOKEN is not set");
    yield* await Promise.all([
      checkWebhookSignature(authToken, publicUrl, network),
      checkStreamSignature(authToken, publicUrl, network),
    ]);
  } finally {
    await service?.close();
  }
}

/** Compares the clock with the configured services only. */
function checkClocks(config: Config, network: Network): Promise<Finding>[] {
  const { TWILIO_ACCOUNT_SID, TWILIO_API_URL, OPENAI_API_KEY } = config;
  return [
    ...(TWILIO_ACCOUNT_SID === undefined ? [] : [checkClock("Twilio", TWILIO_API_URL, network)]),
    ...(OPENAI_API_KEY === undefined ? [] : [checkClock("model", httpUrl(config), network)]),
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
