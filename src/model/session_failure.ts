/** Errors of the model's server after which it closes the session or stops responding. Any other leaves it usable. */
const FATAL_CODES: ReadonlySet<string> = new Set([
  "invalid_api_key",
  "insufficient_quota",
  "account_deactivated",
  "billing_hard_limit_reached",
  "missing_model",
  "invalid_model",
  "model_not_found",
  "beta_api_shape_disabled",
  "session_expired",
]);

/** Failures after which another session at the same server may work: of the network, the server, or by time. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  "closed",
  "connect",
  "flood",
  "malformed",
  "not_ready",
  "session_expired",
]);

/** Whether a server error with this code ends the session. */
export function isFatal(code: string | undefined): boolean {
  return code !== undefined && FATAL_CODES.has(code);
}

/** Whether a session failed for a reason that stays: a refused key, no quota, an unknown model, an unusable setting. */
export function isRefusal(code: string): boolean {
  return !PASSING_CODES.has(code);
}
