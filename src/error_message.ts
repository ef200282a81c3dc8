/** The message of a thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Why a `fetch` failed, without the URL: its query may be secret. Newer versions of Deno put the reason into `cause`. */
export function fetchErrorReason(error: unknown): string {
  if (error instanceof Error && error.cause !== undefined) return fetchErrorReason(error.cause);
  return messageOf(error).replace(/^.*\(Connect\): /, "").replace(/ for url \(\S*\)/, "");
}
