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
