import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { CHECK_USAGE, type CheckDeps, runCheck } from "../../src/cli/check_command.ts";
import { systemClock } from "../../src/clock.ts";
import { ConfigError } from "../../src/config/config.ts";
import { isObject, type JsonObject, parseObject } from "../../src/json.ts";
import { gaDialect } from "../../src/model/ga/ga_session.ts";
import type { OpenSession } from "../../src/model/session.ts";
import { startRehearsalModel } from "../../src/simulator/model/server.ts";
import { Bell } from "../support/bell.ts";
import { configOf } from "../support/service.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  KEY_SECRET,
  KEY_SID,
  NUMBER,
  TwilioApi,
  twilioError,
} from "../support/twilio_api.ts";
import { CERT, freePort, KEY, StandIn, type StandInOptions } from "../check/stand_in.ts";

const SECRETS = {
  OPENAI_API_KEY: "sk-of-the-tests",
  TWILIO_AUTH_TOKEN: AUTH_TOKEN,
  TWILIO_API_KEY_SECRET: KEY_SECRET,
  ADMIN_TOKEN: 'an admin\'s "token"',
};

const dialect = gaDialect(systemClock);

/** Everything is as it should be, but for the number's webhook; the tests then break it. */
class World implements AsyncDisposable {
  readonly api = new TwilioApi();
  readonly model = startRehearsalModel();
  readonly port = freePort();
  readonly publicUrl = `https://localhost:${this.port}`;
  service: StandInOptions = {};
  out = "";
  err = "";
  readonly bell = new Bell();

  async run(args: string[], env: Record<string, string> = {}, changed: Partial<CheckDeps> = {}) {
    return await runCheck(args, {
      loadConfig: () =>
        configOf({
          APP_ENV: "production",
          HOST: "127.0.0.1",
          PORT: String(this.port),
          PUBLIC_URL: this.publicUrl,
          TLS_CERT_FILE: "cert.pem",
          TLS_KEY_FILE: "key.pem",
          TWILIO_API_URL: this.api.url,
          TWILIO_ACCOUNT_SID: ACCOUNT_SID,
          TWILIO_API_KEY_SID: KEY_SID,
          TWILIO_PHONE_NUMBER: NUMBER,
          OPENAI_REALTIME_URL: this.model.url,
          ...SECRETS,
          ...env,
        }),
      serve: () => {
        const service = new StandIn({ port: this.port, tls: true, ...this.service });
        return Promise.resolve({ url: service.url, close: () => service[Symbol.asyncDispose]() });
      },
      openSession: dialect,
      clock: systemClock,
      readFile: (path) => Promise.resolve(path === "cert.pem" ? CERT : KEY),
      sandbox: () => Promise.resolve([]),
      caCerts: [CERT],
      out: (text) => {
        this.out += text;
        this.bell.ring();
      },
      err: (text) => void (this.err += text),
      ...changed,
    });
  }

  /** What was printed as JSON. */
  get json(): { failures: unknown; warnings: unknown; lines: JsonObject[] } {
    const { failures, warnings, lines } = parseObject(this.out) ?? {};
    return { failures, warnings, lines: Array.isArray(lines) ? lines.filter(isObject) : [] };
  }

  /** The levels of the lines of this name. */
  levels(name: string): unknown[] {
    return this.json.lines.filter(({ line }) => line === name).map(({ level }) => level);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.model.close();
    await this.api[Symbol.asyncDispose]();
  }
}

Deno.test("--fix leads the number here, and then everything is as it should be", async () => {
  await using world = new World();
  assertEquals(await world.run([]), 1);
  assertStringIncludes(world.out, "failed   phone number      its calls go to");
  assertStringIncludes(world.out, `${" ".repeat(27)}-> parley check --fix sets it\n`);
  assertStringIncludes(world.out, "\n16 lines: 1 failed, 0 warnings\n");

  world.out = "";
  assertEquals(await world.run(["--fix"]), 0, world.out);
  assertStringIncludes(world.out, "; set just now, before: POST");
  assertEquals(world.api.number?.voice_url, `${world.publicUrl}/incoming-call`);

  world.out = "";
  assertEquals(await world.run(["--json"]), 0, world.out);
  assertEquals([world.json.failures, world.json.warnings], [0, 0], world.out);
  assertStringIncludes(world.out, `127.0.0.1:${world.port} is free`, "the service was stopped each time");
  assertEquals(world.json.lines.map(({ line }) => line), [
    "configuration",
    "port",
    "public address",
    "certificate",
    "signatures",
    "media stream",
    "model",
    "audio format",
    "shutdown date",
    "Twilio account",
    "Twilio API key",
    "phone number",
    "clock (Twilio)",
    "clock (model)",
    "certificate file",
    "sandbox",
  ]);
  assertEquals(world.out.trimEnd().includes("\n"), false, "one object, nothing else");
});

Deno.test("a service that runs already is asked, and left alone", async () => {
  await using world = new World();
  await using running = new StandIn({ port: world.port, tls: true });
  const serve = () => Promise.reject(new Error("there is one"));
  await world.run(["--json"], {}, { serve });
  for (const line of ["port", "public address", "signatures", "media stream"]) {
    assertEquals(world.levels(line), ["ok"], line);
  }
  assertEquals(world.levels("service"), []);
  assertEquals(running.open, 0);
});

Deno.test("a line is shown as soon as it is known", async () => {
  await using world = new World();
  const confirmed = Promise.withResolvers<void>();
  const openSession: OpenSession = (options, observer, log) =>
    dialect(options, { ...observer, ready: () => void confirmed.promise.then(observer.ready) }, log);
  const checked = world.run([], {}, { openSession });
  for (const line of ["configuration", "signatures", "phone number", "certificate", "sandbox"]) {
    await world.bell.until(line, () => world.out.includes(`  ${line}  `));
  }
  assert(!world.out.includes("audio format"));
  confirmed.resolve();
  await checked;
  assertStringIncludes(world.out, "ok       audio format      pcmu confirmed both ways\n");
});

Deno.test("what cannot be looked at is said, and fails nothing", async () => {
  await using world = new World();
  // Nothing is configured, as on the first day.
  const loadConfig = () => configOf({ PORT: String(world.port) });
  assertEquals(await world.run(["--json"], {}, { loadConfig }), 0);
  assertEquals(world.levels("configuration"), ["warning", "warning", "warning"]);
  for (
    const line of ["public address", "signatures", "media stream", "Twilio account", "phone number", "model"]
  ) {
    assertEquals(world.levels(line), ["warning"], line);
  }
  for (const line of ["certificate", "clock (Twilio)", "clock (model)"]) {
    assertEquals(world.levels(line), [], line);
  }
  assertEquals(world.api.requests, []);
});

Deno.test("a configuration that does not load is all that is told", async () => {
  await using world = new World();
  const code = await world.run(["--json"], { PORT: "many", AUDIO_FORMAT: "mp3" });
  assertEquals(code, 1);
  assertEquals(world.json.lines, [
    {
      line: "configuration",
      level: "failed",
      found: 'PORT: found "many"',
      remedy: "allowed: a whole number from 0 to 65535",
    },
    {
      line: "configuration",
      level: "failed",
      found: 'AUDIO_FORMAT: found "mp3"',
      remedy: "allowed: pcmu, pcm16",
    },
  ]);
  assertEquals(world.api.requests, []);
});

Deno.test("lines that would only repeat a failure are not checked", async () => {
  await using world = new World();
  world.service = { instead: () => new Response(null, { status: 502 }) };
  world.api.instead = () => twilioError(401, 20003, "Authenticate");
  assertEquals(await world.run(["--json"]), 1);
  assertEquals(world.levels("public address"), ["failed"]);
  assertEquals([world.levels("signatures"), world.levels("media stream")], [["warning"], ["warning"]]);
  assertEquals([world.levels("Twilio account"), world.levels("Twilio API key")], [["failed"], ["failed"]]);
  assertEquals(world.levels("phone number"), ["warning"]);
});

Deno.test("a port that is taken, and a service that does not start, fail", async () => {
  await using world = new World();
  {
    await using _other = new StandIn({ port: world.port, instead: () => new Response("hello") });
    await world.run(["--json"]);
    assertEquals([world.levels("port"), world.levels("public address")], [["failed"], ["warning"]]);
  }
  world.out = "";
  const serve = () => Promise.reject(new Error("no such certificate"));
  await world.run(["--json"], {}, { serve });
  assertEquals([world.levels("port"), world.levels("service")], [["ok"], ["failed"]]);
  assertStringIncludes(world.out, "cannot start: no such certificate");
  world.out = "";
  const other = () => Promise.reject(new ConfigError(["TLS_KEY_FILE: not its key; name the right one"]));
  await world.run(["--json"], {}, { serve: other });
  assertEquals([world.levels("configuration"), world.levels("port")], [["ok", "failed"], ["ok"]]);
});

Deno.test("files that cannot be read, and a sandbox with holes, fail", async () => {
  await using world = new World();
  await world.run(["--json"], {}, {
    readFile: (path) => Promise.reject(new Error(`no ${path}`)),
    sandbox: () => Promise.resolve(["it could read /etc/passwd"]),
  });
  assertEquals([world.levels("certificate file"), world.levels("sandbox")], [["failed"], ["failed"]]);
  assertStringIncludes(world.out, "it could read /etc/passwd");
});

for (const args of [[], ["--json"]]) {
  Deno.test(`no secret and no escape is printed: "${args.join(" ")}"`, async () => {
    await using world = new World();
    const told = Object.values(SECRETS).join(" \u001b[2J\u202e ");
    world.api.instead = () => twilioError(401, 20003, told);
    // Who asks over TLS here, for the instance, is no browser and no fetch: the redirect is for the others.
    const headers = { location: `/${SECRETS.OPENAI_API_KEY}` };
    world.service = {
      instead: (request) =>
        request.headers.has("user-agent") ? new Response(null, { status: 302, headers }) : undefined,
    };
    const openSession: OpenSession = (options, observer, log) =>
      dialect(
        options,
        { ...observer, ready: () => observer.failed({ code: "other", message: told }) },
        log,
      );
    assertEquals(await world.run(args, {}, { openSession, sandbox: () => Promise.resolve([told]) }), 1);
    const printed = world.out + world.err;
    // Twilio's two answers, the model's and the sandbox's have four each.
    assertEquals(printed.match(/\[secret\]/g)?.length, 17, printed);
    for (const secret of [...Object.values(SECRETS), "admin's \\\"token"]) {
      assert(!printed.includes(secret), secret);
    }
    assert(!["\u001b", "\u202e"].some((character) => printed.includes(character)));
    if (args.length === 0) assertStringIncludes(printed, "\\u202e");
  });
}

Deno.test("a text without end is cut, and not in the middle of a secret", async () => {
  await using world = new World();
  const problem = "x".repeat(995) + SECRETS.OPENAI_API_KEY + "y".repeat(1_000_000);
  await world.run(["--json"], {}, { sandbox: () => Promise.resolve([problem]) });
  const found = world.json.lines.find(({ line }) => line === "sandbox")?.found;
  assertEquals(found, `${"x".repeat(995)}[secr…`);
});

Deno.test("a secret within another leaves no rest of it", async () => {
  await using world = new World();
  const longer = `${AUTH_TOKEN}-and-more`;
  const sandbox = () => Promise.resolve([`it read ${longer}`]);
  await world.run(["--json"], { TWILIO_API_KEY_SECRET: longer }, { sandbox });
  assertEquals(world.json.lines.find(({ line }) => line === "sandbox")?.found, "it read [secret]");
});

Deno.test("without an auth token there is nothing to sign with", async () => {
  await using world = new World();
  const loadConfig = () => configOf({ PORT: String(world.port), PUBLIC_URL: world.publicUrl });
  await world.run(["--json"], {}, { loadConfig });
  assertEquals(world.levels("public address"), ["ok"]);
  assertEquals([world.levels("signatures"), world.levels("media stream")], [["warning"], ["warning"]]);
});

Deno.test("tells how it is used, and what it does not know", async () => {
  await using world = new World();
  assertEquals(await world.run(["--help"]), 0);
  assertEquals(world.out, CHECK_USAGE + "\n");
  for (const [args, says] of [[["--fixx"], "Unknown option '--fixx'"], [["now"], "'now'"]] as const) {
    world.err = "";
    assertEquals(await world.run([...args]), 2);
    assertStringIncludes(world.err, "Cannot check: ");
    assertStringIncludes(world.err, says);
  }
  assertEquals(world.api.requests, []);
});
