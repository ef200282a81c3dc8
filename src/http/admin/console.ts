import { STATUS_CODE, type StatusCode } from "@std/http/status";
import { FILES } from "../../console/files.ts";
import page from "../../console/index.html" with { type: "text" };
import login from "../../console/login.html" with { type: "text" };

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  js: "text/javascript",
  svg: "image/svg+xml",
};

/** What the page to sign in looks like and says is no secret. */
const OPEN = new Set(["console.css", "dom.js", "icon.svg", "language_choice.js", "login.js", "words.js"]);

/** Whether a request comes from a browser that will show what it gets. */
export function wantsPage(request: Request): boolean {
  return /\btext\/html\b/.test(request.headers.get("accept") ?? "");
}

/** `GET /`: a word to a program; a browser is sent on to the console. */
export function welcome(request: Request): Response {
  const headers = { vary: "accept" };
  if (!wantsPage(request)) return Response.json({ message: "Parley is running" }, { headers });
  return seeOther("console/", headers);
}

/** Whether a file is for anybody. */
export function isOpenFile(request: Request): boolean {
  return OPEN.has(nameOf(request));
}

/** One of the console's files; undefined when there is none of this name. */
export function consoleFile(request: Request): Response | undefined {
  const name = nameOf(request);
  const text = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
  return text === undefined ? undefined : file(text, TYPES[name.split(".").at(-1) ?? ""] ?? "text/plain");
}

/** @param signOut Whether there is something to sign out of. */
export function consolePage(signOut: boolean): Response {
  const button = '<form method="post" action="logout"><button>Sign out</button></form>';
  return file(page.replace("<!-- sign out -->", signOut ? button : ""), "text/html");
}

/** @param message Why signing in failed, in words of our own; the page has its own words for some statuses. */
export function loginPage(message: string, status: StatusCode, headers: Record<string, string>): Response {
  const seconds = headers["retry-after"];
  const facts = message === ""
    ? ""
    : ` data-status="${status}"${seconds ? ` data-seconds="${seconds}"` : ""}`;
  const filled = login.replace('id="message"', `$&${facts}`).replace("<!-- message -->", message);
  return file(filled, "text/html", status, headers);
}

/** Sends a browser on. Addresses are relative: a proxy may have put us under a path. */
export function seeOther(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: STATUS_CODE.SeeOther, headers: { ...headers, location } });
}

/** The place of a file in the console. */
function nameOf(request: Request): string {
  return new URL(request.url).pathname.replace("/console/", "");
}

function file(text: string, type: string, status: StatusCode = STATUS_CODE.OK, headers = {}): Response {
  return new Response(text, { status, headers: { ...headers, "content-type": `${type}; charset=utf-8` } });
}
