import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { UnverifiedBodies } from "../../../src/http/request_input.ts";
import { TrustedProxies } from "../../../src/http/address.ts";
import { CONSOLE_FILES } from "../../../src/console/console_files.ts";
import { createRouter } from "../../../src/http/router.ts";
import { adminRoutes, type AdminRoutesOptions } from "../../../src/http/admin/admin_routes.ts";
import type { Setup } from "../../../src/http/admin/api/setup.ts";
import { systemClock } from "../../../src/clock.ts";
import { sampleCallInProgress, sampleRecord } from "../../support/sample_calls.ts";
import { createLog } from "../../../src/telemetry/log.ts";

const TOKEN = "correct-horse-battery";
const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

const RECORD = sampleRecord({ state: "connected" });

const SETUP: Setup = {
  standInModel: true,
  signatureRequired: false,
  signInRequired: true,
  publicUrl: "https://phone.example.com",
  command: "parley",
  recording: false,
  assistants: [{ name: "default", languages: [] }],
  destinations: [{ name: "sales", number: "+15550001111", about: "prices" }],
};

/** The administrator's routes on a port of their own, and the refusals they reported. */
class AdminService implements AsyncDisposable {
  readonly refused: string[] = [];
  readonly url: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #close: () => void;

  constructor(options: Partial<AdminRoutesOptions> = {}) {
    const refusals = { count: (_what: string, reason: string) => this.refused.push(reason) };
    const { routes, close } = adminRoutes({
      token: TOKEN,
      metricsPublic: false,
      publicUrl: "https://phone.example.com",
      proxies: new TrustedProxies([]),
      calls: {
        list: () => [],
        watch: () => () => {},
        find: (callSid) => callSid === "CA1" ? sampleCallInProgress({ record: RECORD }) : undefined,
      },
      setup: () => SETUP,
      isAllowedNumber: () => true,
      unverified: new UnverifiedBodies(),
      outbound: {
        place: () => Promise.resolve({ callSid: "CA1" }),
        cancel: () => Promise.resolve(),
      },
      dialer: { find: () => undefined },
      metrics: { scrape: () => Promise.resolve("calls 0\n"), contentType: "text/plain; version=0.0.4" },
      refusals,
      clock: systemClock,
      ...options,
    });
    this.#close = close;
    const log = createLog({ level: "error", format: "json", write() {} });
    const router = createRouter(routes, { refusals, log });
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request, { remoteAddr }) => router(request, remoteAddr.hostname),
    );
    this.url = `http://localhost:${this.#server.addr.port}`;
  }

  async request(path: string, headers: Record<string, string> = {}, form?: Record<string, string>) {
    const response = await fetch(this.url + path, {
      headers,
      redirect: "manual",
      ...(form ? { method: "POST", body: new URLSearchParams(form) } : {}),
    });
    const text = await response.text();
    const header = (name: string) => response.headers.get(name) ?? undefined;
    return { status: response.status, header, text, type: header("content-type")?.split(";")[0] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
    await this.#server.shutdown();
  }
}

Deno.test("a browser signs in, sees the console and signs out", async () => {
  await using service = new AdminService();
  const first = await service.request("/console/", BROWSER);
  assertEquals([first.status, first.type], [401, "text/html"]);
  assertMatch(first.text, /<form [^>]*method="post" action="login">/);

  const wrong = await service.request("/console/login", BROWSER, { token: "wrong" });
  assertEquals([wrong.status, wrong.type, wrong.header("set-cookie")], [401, "text/html", undefined]);
  assertStringIncludes(wrong.text, "This is not the ADMIN_TOKEN");

  const right = await service.request("/console/login", { ...BROWSER, origin: service.url }, {
    token: TOKEN,
  });
  assertEquals([right.status, right.header("location")], [303, "./"]);
  const cookie = right.header("set-cookie")?.split(";")[0] ?? "";

  const page = await service.request("/console/", { ...BROWSER, cookie });
  assertEquals([page.status, page.type], [200, "text/html"]);
  assertMatch(page.text, /<main id="content"/);
  assertStringIncludes(page.text, 'action="logout"');
  assertEquals((await service.request("/console/view_router.js", { cookie })).type, "text/javascript");
  assertEquals((await service.request("/api/calls", { cookie })).status, 200);

  const forged = await service.request("/console/logout", { cookie, origin: "https://evil.example" }, {});
  assertEquals([forged.status, forged.header("set-cookie")], [403, undefined]);
  const out = await service.request("/console/logout", { cookie, origin: service.url }, {});
  assertEquals([out.status, out.header("location")], [303, "./"]);
  assertMatch(out.header("set-cookie") ?? "", /^__Host-parley=; Max-Age=0; /);
  const late = await service.request("/console/logout", { ...BROWSER, origin: service.url }, {});
  assertEquals([late.status, late.type], [401, "text/html"]);
  assertEquals(service.refused, ["no credentials", "bad credentials", "origin", "no credentials"]);
});

Deno.test("a program without the token gets problem details, also for the page", async () => {
  await using service = new AdminService();
  for (
    const path of [
      "/api/calls",
      "/api/calls/CA1",
      "/api/events",
      "/metrics",
      "/console/",
      "/console/view_router.js",
    ]
  ) {
    const { status, type, header } = await service.request(path);
    assertEquals(
      [status, type, header("www-authenticate")],
      [401, "application/problem+json", "Bearer"],
      path,
    );
  }
  assertEquals((await service.request("/api/calls", BROWSER)).type, "application/problem+json");
  const authorization = `Bearer ${TOKEN}`;
  assertEquals((await service.request("/api/calls", { authorization })).status, 200);
  assertEquals((await service.request("/api/calls/CA1", { authorization })).text, JSON.stringify(RECORD));
  assertEquals((await service.request("/api/calls/CA2", { authorization })).status, 404);
  const metrics = await service.request("/metrics", { authorization });
  assertEquals([metrics.status, metrics.type, metrics.text], [200, "text/plain", "calls 0\n"]);
});

Deno.test("the sign-in page says why signing in failed, in words and as data for translation", async () => {
  await using service = new AdminService();
  const signIn = (token: string) => service.request("/console/login", BROWSER, { token });
  assert(!(await service.request("/console/", BROWSER)).text.includes("data-status"));
  assertMatch((await signIn("wrong")).text, /id="message" data-status="401" /);
  for (let i = 1; i < 10; i++) await signIn("wrong");
  const late = await signIn("wrong");
  assertEquals([late.status, late.header("set-cookie")], [429, undefined]);
  const seconds = late.header("retry-after");
  assertMatch(seconds ?? "", /^(60|59)$/);
  assertStringIncludes(late.text, `wait ${seconds} s`);
  assertStringIncludes(late.text, `id="message" data-status="429" data-seconds="${seconds}" `);
  assertEquals((await signIn(TOKEN)).status, 303);
});

Deno.test("a sign-in form that is too long is refused and counted", async () => {
  await using service = new AdminService();
  const { status, type } = await service.request("/console/login", BROWSER, { token: "x".repeat(70_000) });
  assertEquals([status, type, service.refused], [413, "application/problem+json", ["body too large"]]);
});

Deno.test("the console without ADMIN_TOKEN needs no sign-in on this machine and offers no sign-out", async () => {
  await using service = new AdminService({ token: undefined });
  const page = await service.request("/console/", BROWSER);
  assertEquals(page.status, 200);
  assert(!page.text.includes("logout"));
  assertEquals((await service.request("/console/login", BROWSER, { token: "" })).status, 403);
  const forwarded = await service.request("/console/", { ...BROWSER, "x-forwarded-for": "203.0.113.7" });
  assertEquals([forwarded.status, forwarded.type], [403, "application/problem+json"]);
  assertStringIncludes(forwarded.text, "set ADMIN_TOKEN");
});

Deno.test("/ answers programs with JSON and redirects browsers to the console", async () => {
  await using service = new AdminService();
  const program = await service.request("/", { accept: "*/*" });
  assertEquals([program.status, program.text], [200, '{"message":"Parley is running"}']);
  const browser = await service.request("/", BROWSER);
  assertEquals([browser.status, browser.header("location")], [303, "console/"]);
  for (const { header } of [program, browser]) assertMatch(header("vary") ?? "", /\baccept\b(?!-)/);
  assertEquals((await service.request("/console", BROWSER)).header("location"), "console/");
});

Deno.test("every console and API response has the security headers", async () => {
  const paths = ["/", "/console/", "/console/console.css", "/console/icon.svg", "/api/calls", "/metrics"];
  await using service = new AdminService();
  for (const path of paths) {
    const { header } = await service.request(path, BROWSER);
    assertEquals(
      header("content-security-policy"),
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; media-src 'self'; " +
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      path,
    );
    assertEquals(header("x-content-type-options"), "nosniff", path);
    assertEquals(header("referrer-policy"), "same-origin", path);
    assertEquals(header("cross-origin-opener-policy"), "same-origin", path);
    assertEquals(header("cross-origin-resource-policy"), "same-origin", path);
    assertStringIncludes(header("permissions-policy") ?? "", "microphone=(self)", path);
    assertMatch(header("cache-control") ?? "", /\bno-store\b/, path);
  }
});

const CONSOLE = new URL("../../../src/console/", import.meta.url);

/**
 * Host names that may stand in the console's files; nothing is loaded from them. The first is in SVG's
 * namespace.
 */
const NAMED = new Set(["www.w3.org", "localhost", "platform.openai.com", "console.twilio.com"]);

/** The files that a page or a module refers to. */
function filesIn(name: string, text: string): string[] {
  const naming = name.endsWith(".js")
    ? /(?:from|^import) "(\.[^"]+\.js)"|(?:addModule|new URL)\("(\w+\.js)"/gm
    : /\s(?:src|href)="([^#"]*)"/g;
  return [...text.matchAll(naming)].flatMap(([, first, second]) => first ?? second ?? [])
    .map((place) => new URL(place, `https://c/${name}`).pathname.slice(1));
}

/** Paths of all files below a folder. */
function filesBelow(folder: URL, place = ""): string[] {
  return Array.from(Deno.readDirSync(folder)).flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(new URL(`${name}/`, folder), `${place}${name}/`) : [place + name]
  );
}

Deno.test("every console file is served with its type, public ones without sign-in, and no page refers to others", async () => {
  await using service = new AdminService();
  const authorization = `Bearer ${TOKEN}`;
  const open = new Map<string, string>(), all = new Map<string, string>();
  for (const [files, headers] of [[open, {}], [all, { authorization }]] as const) {
    const page = await service.request("/console/", { ...BROWSER, ...headers });
    const waiting = filesIn("page", page.text);
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (files.has(name)) continue;
      const { status, type, text } = await service.request(`/console/${name}`, headers);
      const expected =
        { js: "text/javascript", css: "text/css", svg: "image/svg+xml" }[name.split(".").at(-1) ?? ""];
      assertEquals([status, type], [200, expected], name);
      files.set(name, text);
      if (name.endsWith(".js")) waiting.push(...filesIn(name, text));
    }
  }
  assertEquals([...open.keys()].sort(), [
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
  const own = filesBelow(CONSOLE).filter((name) => !/\.(html|ts)$/.test(name));
  const shared = Object.keys(CONSOLE_FILES).filter((name) => name.startsWith("shared/"));
  assertEquals([...new Set([...open.keys(), ...all.keys()])].sort(), [...own, ...shared].sort());
});

Deno.test("the console obeys its content security policy and inserts callers' words as text only", async () => {
  await using service = new AdminService();
  const authorization = `Bearer ${TOKEN}`;
  const page = (await service.request("/console/", { ...BROWSER, authorization })).text;
  for (const each of [page, (await service.request("/console/", BROWSER)).text]) {
    assert(!/<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)/i.test(each), each);
    assert(!each.includes("<!-- "), "a placeholder was not filled");
  }
  for (const name of filesBelow(CONSOLE)) {
    const text = Deno.readTextFileSync(new URL(name, CONSOLE));
    const code = text.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
    for (const [, host = ""] of code.matchAll(/\b(?:https?|wss?):\/\/([\w-]+(?:\.[\w-]+)*)/g)) {
      assert(NAMED.has(host), `${name} refers to another host: ${host}`);
    }
    const markup =
      /innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|srcdoc|Fragment\(|text\/html|blob:/;
    assert(!markup.test(code), `${name} makes markup from text`);
    assert(!/\beval\b|\bFunction\(|@import/.test(code), `${name} evaluates code or loads another file`);
    // A variable attribute name could set an event handler or a style.
    if (name !== "dom.js") assert(!/setAttribute\((?!"(?!on|style)[\w-]+")/.test(code), name);
  }
});

Deno.test("the console page is marked read-only for a viewer", async () => {
  await using service = new AdminService({ viewerToken: "viewer-of-the-switchboard" });
  for (const [token, readOnly] of [[TOKEN, false], ["viewer-of-the-switchboard", true]] as const) {
    const page = await service.request("/console/", { ...BROWSER, authorization: `Bearer ${token}` });
    assertEquals(page.text.includes("<body data-read-only>"), readOnly, token);
  }
});

Deno.test("/api/setup answers the set-up, /api/check the findings, run once a minute", async () => {
  const findings = [{ check: "port", level: "ok" as const, message: "free" }];
  let looked = 0;
  const check = () => {
    looked++;
    return Promise.resolve(findings);
  };
  await using service = new AdminService({ check });
  const authorization = `Bearer ${TOKEN}`;
  const getJson = async (path: string) => JSON.parse((await service.request(path, { authorization })).text);
  assertEquals(await getJson("/api/setup"), SETUP);
  assertEquals(await getJson("/api/check"), { findings });
  assertEquals(await getJson("/api/check"), { findings });
  assertEquals(looked, 1);
  assertEquals((await service.request("/api/check")).status, 401);

  await using other = new AdminService();
  assertEquals((await other.request("/api/check", { authorization })).status, 404);
});
