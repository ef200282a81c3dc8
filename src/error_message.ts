/** The message of a thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Why a `fetch` failed, without the URL: its query may be secret. Newer versions of Deno put the reason into `cause`. */
export function fetchErrorReason(error: unknown): string {
  if (error instanceof Error && error.cause !== undefined) return fetchErrorReason(error.cause);
  return messageOf(error).replace(/^.*\(Connect\): /, "").replace(/ for url \(\S*\)/, "");
}

/** Whether a `fetch` failed before it sent the request: at its permission, the port, the name, the connection or TLS. */
export function failedBeforeSending(error: unknown): boolean {
  if (error instanceof Deno.errors.NotCapable) return true;
  if (error instanceof Error && error.cause !== undefined) return failedBeforeSending(error.cause);
  return /\(Connect\): |^Fetch failed: Requests to port \d+ are blocked/i.test(messageOf(error));
}

/** Why `Deno.listen` failed, the setting to blame, and the remedy. Only low ports need a right; the rest is the address. */
export function listenFailure(error: unknown): {
  readonly reason: string;
  readonly setting: "HOST" | "PORT";
  readonly remedy: string;
} {
  const reason = messageOf(error).replace(/ \(os error \d+\)$/, "");
  return error instanceof Deno.errors.PermissionDenied
    ? {
      reason,
      setting: "PORT",
      remedy: "set PORT to 1024 or higher, or allow the process to use lower ports",
    }
    : {
      reason,
      setting: "HOST",
      remedy: "set HOST to an address of this machine, such as 127.0.0.1 or 0.0.0.0",
    };
}

/** Whether a `fetch` failed because a name could not be resolved; `reason` as of {@linkcode fetchErrorReason}. */
export function isDnsFailure(reason: string): boolean {
  return /\bdns\b|failed to lookup|ENOTFOUND/i.test(reason);
}
