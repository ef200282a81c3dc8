/** Asks the service. */

/** It said no; `message` is its reason. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.name = "ApiError";
    this.status = status;
  }
}

/** `GET ../api/…` as JSON. @throws {ApiError} */
export async function get(path, query = {}) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value));
  return await (await ask(`${path}${search.size > 0 ? `?${search}` : ""}`)).json();
}

/** `POST ../api/…`. @throws {ApiError} */
export async function post(path, body) {
  await ask(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** `GET ../api/…`, to read as it comes. @throws {ApiError} */
export async function stream(path, signal) {
  return (await ask(path, { signal })).body;
}

/** Server-sent events of `../api/…`. */
export function events(path) {
  return new EventSource(`../api/${path}`);
}

async function ask(path, init) {
  const response = await fetch(`../api/${path}`, init);
  // Signed out: the server shows the page to sign in instead of this one.
  if (response.status === 401) location.reload();
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new ApiError(response.status, problem.detail ?? response.statusText);
}
