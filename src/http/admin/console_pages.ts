import { STATUS_CODE, type StatusCode } from "@std/http/status";
import { CONSOLE_FILES } from "../../console/console_files.ts";
import page from "../../console/index.html" with { type: "text" };
import login from "../../console/login.html" with { type: "text" };

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  js: "text/javascript",
  svg: "image/svg+xml",
};

/** Files of the sign-in page, served without sign-in. */
const PUBLIC_FILES = new Set([
  "console.css",
  "controls.css",
  "dom.js",
  "icon.svg",
  "language_select.js",
  "layout.css",
  "locale.js",
  "login_page.js",
  "shell.css",
]);

/** Whether the client accepts HTML: a browser loading a page. */
export function wantsPage(request: Request): boolean {
  return /\btext\/html\b/.test(request.headers.get("accept") ?? "");
}

/** `GET /`: JSON for programs; browsers are redirected to the console. */
export function welcome(request: Request): Response {
  const headers = { vary: "accept" };
  if (!wantsPage(request)) return Response.json({ message: "Parley is running" }, { headers });
  return seeOther("console/", headers);
}

/** Whether a file is served without sign-in. */
export function isPublicFile(request: Request): boolean {
  return PUBLIC_FILES.has(nameOf(request));
}

/** A file of the console; undefined when it does not exist. */
export function consoleFile(request: Request): Response | undefined {
  const name = nameOf(request);
  const text = Object.hasOwn(CONSOLE_FILES, name) ? CONSOLE_FILES[name] : undefined;
  return text === undefined ? undefined : file(text, TYPES[name.split(".").at(-1) ?? ""] ?? "text/plain");
}

/** The console's page: with a sign-out button, or without what changes calls. */
export function consolePage({ signOut, readOnly }: { signOut: boolean; readOnly: boolean }): Response {
  const button = '<form method="post" action="logout"><button>Sign out</button></form>';
  const text = page.replace("<!-- sign out -->", signOut ? button : "");
  return file(readOnly ? text.replace("<body", "$& data-read-only") : text, "text/html");
}

/**
 * The sign-in page.
 *
 * @param message Why signing in failed, or empty. Must not contain text from the request: it is not escaped.
 * The page's script replaces it with a translation where it knows the status.
 */
export function loginPage(message: string, status: StatusCode, headers: Record<string, string>): Response {
  const seconds = headers["retry-after"];
  const attributes = message === ""
    ? ""
    : ` data-status="${status}"${seconds ? ` data-seconds="${seconds}"` : ""}`;
  const filled = login.replace('id="message"', `$&${attributes}`).replace("<!-- message -->", message);
  return file(filled, "text/html", status, headers);
}

/** Redirects (303). Locations are relative, because a proxy may serve Parley under a path. */
export function seeOther(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: STATUS_CODE.SeeOther, headers: { ...headers, location } });
}

/** The file's path below `src/console/`. */
function nameOf(request: Request): string {
  return new URL(request.url).pathname.replace("/console/", "");
}

function file(text: string, type: string, status: StatusCode = STATUS_CODE.OK, headers = {}): Response {
  return new Response(text, { status, headers: { ...headers, "content-type": `${type}; charset=utf-8` } });
}
