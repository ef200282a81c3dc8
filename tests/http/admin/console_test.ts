import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { LiveCall } from "../../../src/calls/live_calls.ts";
import { TrustedProxies } from "../../../src/http/address.ts";
import { routeOf } from "../../../src/http/routes.ts";
import { adminRoutes, type AdminRoutesOptions } from "../../../src/http/admin/admin_routes.ts";
import type { Setup } from "../../../src/http/admin/setup.ts";
import { systemClock } from "../../../src/clock.ts";

const TOKEN = "correct-horse-battery";
const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

const CALL: LiveCall = {
  callSid: "CA1",
  assistant: "default",
  from: "+15551230000",
  to: "+15559870000",
  state: "connected",
  startedAt: "2026-01-01T00:00:00.000Z",
  turns: 0,
  costUsd: 0,
};

const SETUP: Setup = {
  standIn: true,
  signed: false,
  signedIn: true,
  publicUrl: "https://phone.example.com",
  recording: false,
  assistants: [{ name: "default", languages: [] }],
  destinations: [{ name: "sales", number: "+15550001111", about: "prices" }],
};

/** The routes on a socket of their own, and what was refused. */
class AdminService implements AsyncDisposable {
  readonly refused: string[] = [];
  readonly url: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #close: () => void;

  constructor(options: Partial<AdminRoutesOptions> = {}) {
    const { routes, close } = adminRoutes({
      token: TOKEN,
      metricsPublic: false,
      publicUrl: "https://phone.example.com",
      proxies: new TrustedProxies([]),
      calls: { list: () => [CALL], watch: () => () => {}, find: () => undefined },
      setup: () => SETUP,
      outbound: { place: (body) => Promise.resolve(new Response(`placed ${body}`)), placed: () => undefined },
      metrics: { read: () => Promise.resolve("calls 0\n"), contentType: "text/plain; version=0.0.4" },
      refusals: { count: (_what, why) => this.refused.push(why) },
      clock: systemClock,
      ...options,
    });
    this.#close = close;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request, { remoteAddr }) => {
        const { pathname } = new URL(request.url);
        const route = routeOf(pathname, routes);
        if (!route?.methods.includes(request.method)) return new Response(null, { status: 404 });
        return route.handle(request, remoteAddr.hostname);
      },
    );
    this.url = `http://localhost:${this.#server.addr.port}`;
  }

  async ask(path: string, headers: Record<string, string> = {}, form?: Record<string, string>) {
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

Deno.test("a browser signs in, sees the console, and signs out", async () => {
  await using service = new AdminService();
  const first = await service.ask("/console/", BROWSER);
  assertEquals([first.status, first.type], [401, "text/html"]);
  assertMatch(first.text, /<form [^>]*method="post" action="login">/);

  const wrong = await service.ask("/console/login", BROWSER, { token: "wrong" });
  assertEquals([wrong.status, wrong.type, wrong.header("set-cookie")], [401, "text/html", undefined]);
  assertStringIncludes(wrong.text, "This is not the ADMIN_TOKEN");

  const right = await service.ask("/console/login", { ...BROWSER, origin: service.url }, { token: TOKEN });
  assertEquals([right.status, right.header("location")], [303, "./"]);
  const cookie = right.header("set-cookie")?.split(";")[0] ?? "";

  const page = await service.ask("/console/", { ...BROWSER, cookie });
  assertEquals([page.status, page.type], [200, "text/html"]);
  assertMatch(page.text, /<main id="content"/);
  assertStringIncludes(page.text, 'action="logout"');
  assertEquals((await service.ask("/console/console.js", { cookie })).type, "text/javascript");
  assertEquals((await service.ask("/api/calls", { cookie })).status, 200);

  const forged = await service.ask("/console/logout", { cookie, origin: "https://evil.example" }, {});
  assertEquals([forged.status, forged.header("set-cookie")], [403, undefined]);
  const out = await service.ask("/console/logout", { cookie, origin: service.url }, {});
  assertEquals([out.status, out.header("location")], [303, "./"]);
  assertMatch(out.header("set-cookie") ?? "", /^__Host-parley=; Max-Age=0; /);
  const late = await service.ask("/console/logout", { ...BROWSER, origin: service.url }, {});
  assertEquals([late.status, late.type], [401, "text/html"]);
  assertEquals(service.refused, ["no credentials", "bad credentials", "origin", "no credentials"]);
});

Deno.test("a program without the token gets a problem, also for the page", async () => {
  await using service = new AdminService();
  for (
    const path of [
      "/api/calls",
      "/api/calls/CA1",
      "/api/events",
      "/metrics",
      "/console/",
      "/console/console.js",
    ]
  ) {
    const { status, type, header } = await service.ask(path);
    assertEquals(
      [status, type, header("www-authenticate")],
      [401, "application/problem+json", "Bearer"],
      path,
    );
  }
  assertEquals((await service.ask("/api/calls", BROWSER)).type, "application/problem+json");
  const authorization = `Bearer ${TOKEN}`;
  assertEquals((await service.ask("/api/calls", { authorization })).status, 200);
  assertEquals((await service.ask("/api/calls/CA1", { authorization })).text, JSON.stringify(CALL));
  assertEquals((await service.ask("/api/calls/CA2", { authorization })).status, 404);
  const metrics = await service.ask("/metrics", { authorization });
  assertEquals([metrics.status, metrics.type, metrics.text], [200, "text/plain", "calls 0\n"]);
});

Deno.test("metrics can be public, and nothing else then is", async () => {
  await using service = new AdminService({ metricsPublic: true });
  assertEquals((await service.ask("/metrics")).text, "calls 0\n");
  assertEquals((await service.ask("/api/calls")).status, 401);
});

Deno.test("the page says when to try again after too many wrong tokens", async () => {
  await using service = new AdminService();
  for (let i = 0; i < 10; i++) await service.ask("/console/login", BROWSER, { token: "wrong" });
  const blocked = await service.ask("/console/login", BROWSER, { token: TOKEN });
  assertEquals([blocked.status, blocked.header("set-cookie")], [429, undefined]);
  const seconds = blocked.header("retry-after");
  assertMatch(seconds ?? "", /^(60|59)$/);
  assertStringIncludes(blocked.text, `try again in ${seconds} s`);
});

Deno.test("a form that is too long is refused and counted", async () => {
  await using service = new AdminService();
  const { status, type } = await service.ask("/console/login", BROWSER, { token: "x".repeat(70_000) });
  assertEquals([status, type, service.refused], [413, "application/problem+json", ["body too large"]]);
});

Deno.test("without a token this machine needs none, and has nothing to sign out of", async () => {
  await using service = new AdminService({ token: undefined });
  const page = await service.ask("/console/", BROWSER);
  assertEquals(page.status, 200);
  assert(!page.text.includes("logout"));
  assertEquals((await service.ask("/console/login", BROWSER, { token: "" })).status, 403);
  const forwarded = await service.ask("/console/", { ...BROWSER, "x-forwarded-for": "203.0.113.7" });
  assertEquals([forwarded.status, forwarded.type], [403, "application/problem+json"]);
  assertStringIncludes(forwarded.text, "set ADMIN_TOKEN");
});

Deno.test("/ greets a program and sends a browser to the console", async () => {
  await using service = new AdminService();
  const program = await service.ask("/", { accept: "*/*" });
  assertEquals([program.status, program.text], [200, '{"message":"Parley is running"}']);
  const browser = await service.ask("/", BROWSER);
  assertEquals([browser.status, browser.header("location")], [303, "console/"]);
  for (const { header } of [program, browser]) assertMatch(header("vary") ?? "", /\baccept\b(?!-)/);
  assertEquals((await service.ask("/console", BROWSER)).header("location"), "console/");
});

Deno.test("every answer is secured", async () => {
  const paths = ["/", "/console/", "/console/console.css", "/console/icon.svg", "/api/calls", "/metrics"];
  await using service = new AdminService();
  for (const path of paths) {
    const { header } = await service.ask(path, BROWSER);
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

/** Hosts a text may name; nothing is loaded from them. The first is in the name of a language, SVG. */
const NAMED = new Set(["www.w3.org", "localhost", "platform.openai.com", "console.twilio.com"]);

/** The files a text of ours names: a page's, and a module's. */
function filesIn(name: string, text: string): string[] {
  const naming = name.endsWith(".js")
    ? /(?:from|^import) "(\.[^"]+)"|(?:addModule|new URL)\("(\w+\.js)"/gm
    : /\s(?:src|href)="([^#"]*)"/g;
  return [...text.matchAll(naming)].flatMap(([, first, second]) => first ?? second ?? [])
    .map((place) => new URL(place, `https://c/${name}`).pathname.slice(1));
}

/** All files below a folder, by their place in it. */
function filesBelow(folder: URL, place = ""): string[] {
  return Array.from(Deno.readDirSync(folder)).flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(new URL(`${name}/`, folder), `${place}${name}/`) : [place + name]
  );
}

Deno.test("every file of the console is served, to whom it is for, and nothing else is asked for", async () => {
  await using service = new AdminService();
  const authorization = `Bearer ${TOKEN}`;
  const open = new Map<string, string>(), all = new Map<string, string>();
  for (const [files, headers] of [[open, {}], [all, { authorization }]] as const) {
    const page = await service.ask("/console/", { ...BROWSER, ...headers });
    const waiting = filesIn("page", page.text);
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (files.has(name)) continue;
      const { status, type, text } = await service.ask(`/console/${name}`, headers);
      const expected =
        { js: "text/javascript", css: "text/css", svg: "image/svg+xml" }[name.split(".").at(-1) ?? ""];
      assertEquals([status, type], [200, expected], name);
      files.set(name, text);
      if (name.endsWith(".js")) waiting.push(...filesIn(name, text));
    }
  }
  assertEquals(
    [...open.keys()].sort(),
    ["console.css", "dom.js", "icon.svg", "language_choice.js", "login.js", "words.js"],
  );
  const there = filesBelow(CONSOLE).filter((name) => !/\.(html|ts)$/.test(name));
  assertEquals([...new Set([...open.keys(), ...all.keys()])].sort(), there.sort());
});

Deno.test("the pages keep to their policy: nothing inline, nothing from elsewhere, callers' words only as text", async () => {
  await using service = new AdminService();
  const authorization = `Bearer ${TOKEN}`;
  const page = (await service.ask("/console/", { ...BROWSER, authorization })).text;
  for (const each of [page, (await service.ask("/console/", BROWSER)).text]) {
    assert(!/<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)/i.test(each), each);
    assert(!each.includes("<!-- "), "a place that was not filled");
  }
  for (const name of filesBelow(CONSOLE)) {
    const text = Deno.readTextFileSync(new URL(name, CONSOLE));
    const code = text.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
    for (const [, host = ""] of code.matchAll(/\b(?:https?|wss?):\/\/([\w-]+(?:\.[\w-]+)*)/g)) {
      assert(NAMED.has(host), `${name} names another host: ${host}`);
    }
    const markup =
      /innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|srcdoc|Fragment\(|text\/html|blob:/;
    assert(!markup.test(code), `${name} makes markup of a text`);
    assert(!/\beval\b|\bFunction\(|@import/.test(code), `${name} runs or loads what is no file of ours`);
    // One that is not known by its name could be a listener or a style.
    if (name !== "dom.js") assert(!/setAttribute\((?!"(?!on|style)[\w-]+")/.test(code), name);
  }
});

Deno.test("the page to sign in says why it failed as data, for words in the reader's language", async () => {
  await using service = new AdminService();
  const first = await service.ask("/console/", BROWSER);
  assert(!first.text.includes("data-status"));
  const wrong = await service.ask("/console/login", BROWSER, { token: "wrong" });
  assertMatch(wrong.text, /id="message" data-status="401" /);
  for (let i = 0; i < 10; i++) await service.ask("/console/login", BROWSER, { token: "wrong" });
  const blocked = await service.ask("/console/login", BROWSER, { token: TOKEN });
  assertMatch(blocked.text, /id="message" data-status="429" data-seconds="(60|59)" /);
});

Deno.test("/api/setup says what this place is; /api/check what is found, looked at once a minute", async () => {
  const findings = [{ line: "port", level: "ok" as const, found: "free" }];
  let looked = 0;
  const check = () => {
    looked++;
    return Promise.resolve(findings);
  };
  await using service = new AdminService({ check });
  const authorization = `Bearer ${TOKEN}`;
  const ask = async (path: string) => JSON.parse((await service.ask(path, { authorization })).text);
  assertEquals(await ask("/api/setup"), SETUP);
  assertEquals(await ask("/api/check"), { lines: findings });
  assertEquals(await ask("/api/check"), { lines: findings });
  assertEquals(looked, 1);
  assertEquals((await service.ask("/api/check")).status, 401);

  await using other = new AdminService();
  assertEquals((await other.ask("/api/check", { authorization })).status, 404);
});
