/** Requests to the service's API. */

/** The API responded with an error; `message` is the problem's detail (RFC 9457). */
export class ApiError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

/**
 * `GET ../api/…` as JSON. The result has the type its use requires.
 *
 * @template Answer
 * @param {string} path
 * @param {Readonly<Record<string, string | number | undefined>>} [query] Empty values are left out.
 * @returns {Promise<Answer>}
 * @throws {ApiError}
 */
export async function get(path, query = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) search.set(name, String(value));
  return await (await request(`${path}${search.size > 0 ? `?${search}` : ""}`)).json();
}

/**
 * `POST ../api/…` with a JSON body.
 *
 * @param {string} path
 * @param {unknown} body
 * @throws {ApiError}
 */
export async function post(path, body) {
  await request(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/**
 * `GET ../api/…` as a stream of bytes.
 *
 * @param {string} path
 * @param {AbortSignal} signal
 * @throws {ApiError}
 */
export async function stream(path, signal) {
  const { body } = await request(path, { signal });
  if (body === null) throw new ApiError(204, "The answer is empty");
  return body;
}

/**
 * Opens the server-sent events of `../api/…`.
 *
 * @param {string} path
 */
export function openEvents(path) {
  return new EventSource(`../api/${path}`);
}

/**
 * The message of an error.
 *
 * @param {unknown} error
 */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** Whether the user signed in with `VIEWER_TOKEN`, so that the service refuses what changes calls. */
export function isReadOnly() {
  return document.body.hasAttribute("data-read-only");
}

/** @param {string} path @param {RequestInit} [init] */
async function request(path, init) {
  const response = await fetch(`../api/${path}`, init);
  // The session has ended. After a reload the server shows the sign-in page.
  if (response.status === 401) location.reload();
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new ApiError(response.status, problem.detail ?? response.statusText);
}
