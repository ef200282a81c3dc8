import { STATUS_CODE, type StatusCode } from "@std/http/status";
import css from "../../console/console.css" with { type: "text" };
import js from "../../console/console.js" with { type: "text" };
import icon from "../../console/icon.svg" with { type: "text" };
import page from "../../console/index.html" with { type: "text" };
import login from "../../console/login.html" with { type: "text" };

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

/** The console's files. They are parts of the program, and not read from a disk. */
export const FILES = {
  css: () => file(css, "text/css"),
  js: () => file(js, "text/javascript"),
  icon: () => file(icon, "image/svg+xml"),
};

/** @param signOut Whether there is something to sign out of. */
export function consolePage(signOut: boolean): Response {
  const button = '<form method="post" action="logout"><button>Sign out</button></form>';
  return file(page.replace("<!-- sign out -->", signOut ? button : ""), "text/html");
}

/** @param message Why signing in failed, in words of our own. */
export function loginPage(message: string, status: StatusCode, headers: Record<string, string>): Response {
  return file(login.replace("<!-- message -->", message), "text/html", status, headers);
}

/** Sends a browser on. Addresses are relative: a proxy may have put us under a path. */
export function seeOther(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: STATUS_CODE.SeeOther, headers: { ...headers, location } });
}

function file(text: string, type: string, status: StatusCode = STATUS_CODE.OK, headers = {}): Response {
  return new Response(text, { status, headers: { ...headers, "content-type": `${type}; charset=utf-8` } });
}
