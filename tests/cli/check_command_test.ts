import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { invocation } from "../../src/invocation.ts";
import { type CheckIo, runCheck } from "../../src/cli/check_command.ts";
import { systemClock } from "../../src/clock.ts";
import { ConfigError } from "../../src/config/config_error.ts";
import { isObject, type JsonObject, parseObject } from "../../src/json.ts";
import { gaDialect } from "../../src/model/ga/ga_session.ts";
import type { OpenSession } from "../../src/model/model_interface.ts";
import { startSimulatedModel } from "../../src/simulator/model/model_server.ts";
import { ChangeSignal } from "../support/wait_until.ts";
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
import { CERT, KEY, StubService, type StubServiceOptions } from "../check/stub_service.ts";
import { freePort } from "../support/free_port.ts";

const SECRETS = {
  OPENAI_API_KEY: "sk-of-the-tests-0123",
  TWILIO_AUTH_TOKEN: AUTH_TOKEN,
  TWILIO_API_KEY_SECRET: KEY_SECRET,
  ADMIN_TOKEN: 'an admin\'s "token"',
};

const dialect = gaDialect(systemClock);

/** A working set-up, except for the number's webhook, which points elsewhere. */
class CheckRig implements AsyncDisposable {
  readonly api = new TwilioApi();
  readonly model = startSimulatedModel();
  readonly port = freePort();
  readonly publicUrl = `https://localhost:${this.port}`;
  service: StubServiceOptions = {};
  out = "";
  err = "";
  readonly changes = new ChangeSignal();

  async run(args: string[], env: Record<string, string> = {}, changed: Partial<CheckIo> = {}) {
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
      startService: () => {
        const service = new StubService({ port: this.port, tls: true, ...this.service });
        return Promise.resolve({ url: service.url, close: () => service[Symbol.asyncDispose]() });
      },
      openSession: dialect,
      clock: systemClock,
      readFile: (path) => Promise.resolve(path === "cert.pem" ? CERT : KEY),
      sandbox: () => Promise.resolve([]),
      caCerts: [CERT],
      out: (text) => {
        this.out += text;
        this.changes.notify();
      },
      err: (text) => void (this.err += text),
      ...changed,
    });
  }

  get json(): { failures: unknown; warnings: unknown; findings: JsonObject[] } {
    const { failures, warnings, findings } = parseObject(this.out) ?? {};
    return { failures, warnings, findings: Array.isArray(findings) ? findings.filter(isObject) : [] };
  }

  /** The levels of a check's findings. */
  levels(name: string): unknown[] {
    return this.json.findings.filter(({ check }) => check === name).map(({ level }) => level);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.model.close();
    await this.api[Symbol.asyncDispose]();
  }
}

Deno.test("check --fix points the number's webhook at PUBLIC_URL, after which every check passes", async () => {
  await using rig = new CheckRig();
  assertEquals(await rig.run([]), 1);
  assertStringIncludes(rig.out, "failed   phone number      the voice webhook is");
  assertStringIncludes(rig.out, `${" ".repeat(27)}-> run: ${invocation("check --fix")}\n`);
  assertStringIncludes(rig.out, "\n16 checks: 1 failed, 0 warnings\n");

  rig.out = "";
  assertEquals(await rig.run(["--fix"]), 0, rig.out);
  assertStringIncludes(rig.out, "; changed just now, was: POST");
  assertEquals(rig.api.number?.voice_url, `${rig.publicUrl}/incoming-call`);

  rig.out = "";
  assertEquals(await rig.run(["--json"]), 0, rig.out);
  assertEquals([rig.json.failures, rig.json.warnings], [0, 0], rig.out);
  assertStringIncludes(rig.out, `127.0.0.1:${rig.port} is free`, "the service was stopped each time");
  assertEquals(rig.json.findings.map(({ check }) => check), [
    "configuration",
    "port",
    "public address",
    "certificate",
    "signatures",
    "media stream",
    "model",
    "audio format",
    "model retirement",
    "Twilio account",
    "Twilio API key",
    "phone number",
    "clock (Twilio)",
    "clock (model)",
    "certificate file",
    "sandbox",
  ]);
  assertEquals(rig.out.trimEnd().includes("\n"), false, "one JSON object on one line");
});

Deno.test("check warns of each limit that was set to none", async () => {
  await using rig = new CheckRig();
  await rig.run([], { MAX_CALLS: "none", MAX_USD_PER_DAY: "none" });
  assertStringIncludes(
    rig.out,
    "warning  configuration     MAX_CALLS: none, so any number of calls may run at once\n",
  );
  assertStringIncludes(
    rig.out,
    "warning  configuration     MAX_USD_PER_DAY: none, so a day may cost any amount\n",
  );
});

Deno.test("check uses a running service and leaves it running", async () => {
  await using rig = new CheckRig();
  await using running = new StubService({ port: rig.port, tls: true });
  const serve = () => Promise.reject(new Error("already running"));
  await rig.run(["--json"], {}, { startService: serve });
  for (const line of ["port", "public address", "signatures", "media stream"]) {
    assertEquals(rig.levels(line), ["ok"], line);
  }
  assertEquals(rig.levels("service"), []);
  assertEquals(running.open, 0);
});

Deno.test("check prints findings in a fixed order, each as soon as it and all earlier ones are known", async () => {
  await using rig = new CheckRig();
  const confirmed = Promise.withResolvers<void>();
  const checkedLater = Promise.withResolvers<void>();
  const openSession: OpenSession = (options, observer, log) =>
    dialect(
      options,
      { ...observer, sessionReady: () => void confirmed.promise.then(() => observer.sessionReady()) },
      log,
    );
  const sandbox = () => {
    checkedLater.resolve();
    return Promise.resolve([]);
  };
  const names = () => [...rig.out.matchAll(/^(?:ok|warning|failed) +(.+?) {2}/gm)].map(([, name]) => name);
  const checked = rig.run([], {}, { openSession, sandbox });
  await checkedLater.promise;
  await rig.changes.until("media stream", () => rig.out.includes("  media stream  "));
  const first = ["configuration", "port", "public address", "certificate", "signatures", "media stream"];
  assertEquals(names(), first);
  confirmed.resolve();
  await checked;
  assertStringIncludes(rig.out, "ok       audio format      pcmu confirmed in both directions\n");
  const inText = names();
  rig.out = "";
  await rig.run(["--json"]);
  assertEquals(inText, rig.json.findings.map(({ check }) => check));
});

Deno.test("check --fix fails without an account, and says that nothing was fixed", async () => {
  await using rig = new CheckRig();
  assertEquals(await rig.run(["--fix"], {}, { loadConfig: () => configOf({ PORT: String(rig.port) }) }), 1);
  assertStringIncludes(rig.out, "failed   phone number      not fixed: TWILIO_PHONE_NUMBER is not set\n");
});

Deno.test("check warns about what it cannot check without settings", async () => {
  await using rig = new CheckRig();
  const loadConfig = () => configOf({ PORT: String(rig.port) });
  assertEquals(await rig.run(["--json"], {}, { loadConfig }), 0);
  assertEquals(rig.levels("configuration"), ["warning", "warning", "warning"]);
  for (
    const line of ["public address", "signatures", "media stream", "Twilio account", "phone number", "model"]
  ) {
    assertEquals(rig.levels(line), ["warning"], line);
  }
  for (const line of ["certificate", "clock (Twilio)", "clock (model)"]) {
    assertEquals(rig.levels(line), [], line);
  }
  assertEquals(rig.api.requests, []);
});

Deno.test("check reports only the problems of a configuration that does not load", async () => {
  await using rig = new CheckRig();
  const code = await rig.run(["--json"], { PORT: "many", AUDIO_FORMAT: "mp3" });
  assertEquals(code, 1);
  assertEquals(rig.json.findings, [
    {
      check: "configuration",
      level: "failed",
      message: 'PORT: found "many"',
      remedy: "allowed: a whole number from 0 to 65535",
    },
    {
      check: "configuration",
      level: "failed",
      message: 'AUDIO_FORMAT: found "mp3"',
      remedy: "allowed: pcmu, pcm16",
    },
  ]);
  assertEquals(rig.api.requests, []);
});

Deno.test("check skips checks that depend on a failed one", async () => {
  await using rig = new CheckRig();
  rig.service = { respond: () => new Response(null, { status: 502 }) };
  rig.api.override = () => twilioError(401, 20003, "Authenticate");
  assertEquals(await rig.run(["--json"]), 1);
  assertEquals(rig.levels("public address"), ["failed"]);
  assertEquals([rig.levels("signatures"), rig.levels("media stream")], [["warning"], ["warning"]]);
  assertEquals([rig.levels("Twilio account"), rig.levels("Twilio API key")], [["failed"], ["failed"]]);
  assertEquals(rig.levels("phone number"), ["warning"]);
});

Deno.test("check fails for a port in use and for a service that does not start", async () => {
  await using rig = new CheckRig();
  {
    await using _other = new StubService({ port: rig.port, respond: () => new Response("hello") });
    await rig.run(["--json"]);
    assertEquals([rig.levels("port"), rig.levels("public address")], [["failed"], ["warning"]]);
  }
  rig.out = "";
  const serve = () => Promise.reject(new Error("no such certificate"));
  await rig.run(["--json"], {}, { startService: serve });
  assertEquals([rig.levels("port"), rig.levels("service")], [["ok"], ["failed"]]);
  assertStringIncludes(rig.out, "cannot start: no such certificate");
  rig.out = "";
  const other = () => Promise.reject(new ConfigError(["TLS_KEY_FILE: not its key; name the right one"]));
  await rig.run(["--json"], {}, { startService: other });
  assertEquals([rig.levels("configuration"), rig.levels("port")], [["ok", "failed"], ["ok"]]);
});

Deno.test("check fails for unreadable certificates and a leaking sandbox", async () => {
  await using rig = new CheckRig();
  await rig.run(["--json"], {}, {
    readFile: (path) => Promise.reject(new Error(`no ${path}`)),
    sandbox: () => Promise.resolve(["it could read /etc/passwd"]),
  });
  assertEquals([rig.levels("certificate file"), rig.levels("sandbox")], [["failed"], ["failed"]]);
  assertStringIncludes(rig.out, "it could read /etc/passwd");
});

for (const args of [[], ["--json"]]) {
  Deno.test(`check${args.map((arg) => ` ${arg}`)} prints neither secrets nor terminal escapes`, async () => {
    await using rig = new CheckRig();
    const leak = Object.values(SECRETS).join(" \u001b[2J\u202e ");
    rig.api.override = () => twilioError(401, 20003, leak);
    // Redirect everything but the check's own TLS probe, which sends no user agent.
    const headers = { location: `/${SECRETS.OPENAI_API_KEY}` };
    rig.service = {
      respond: (request) =>
        request.headers.has("user-agent") ? new Response(null, { status: 302, headers }) : undefined,
    };
    const openSession: OpenSession = (options, observer, log) =>
      dialect(
        options,
        { ...observer, sessionReady: () => observer.sessionFailed({ code: "other", message: leak }) },
        log,
      );
    assertEquals(await rig.run(args, {}, { openSession, sandbox: () => Promise.resolve([leak]) }), 1);
    const printed = rig.out + rig.err;
    // Two responses of Twilio, one of the model and one of the sandbox have four each; the redirect has one.
    assertEquals(printed.match(/\[secret\]/g)?.length, 17, printed);
    for (const secret of [...Object.values(SECRETS), "admin's \\\"token"]) {
      assert(!printed.includes(secret), secret);
    }
    assert(!["\u001b", "\u202e"].some((character) => printed.includes(character)));
    if (args.length === 0) assertStringIncludes(printed, "\\u202e");
  });
}

Deno.test("check truncates long texts after removing secrets", async () => {
  await using rig = new CheckRig();
  const problem = "x".repeat(995) + SECRETS.OPENAI_API_KEY + "y".repeat(1_000_000);
  await rig.run(["--json"], {}, { sandbox: () => Promise.resolve([problem]) });
  const sandboxMessage = rig.json.findings.find(({ check }) => check === "sandbox")?.message;
  assertEquals(sandboxMessage, `${"x".repeat(995)}[secr…`);
});

Deno.test("check removes a secret that contains another one completely", async () => {
  await using rig = new CheckRig();
  const longer = `${AUTH_TOKEN}-and-more`;
  const sandbox = () => Promise.resolve([`it read ${longer}`]);
  await rig.run(["--json"], { TWILIO_API_KEY_SECRET: longer }, { sandbox });
  assertEquals(rig.json.findings.find(({ check }) => check === "sandbox")?.message, "it read [secret]");
});

Deno.test("check skips signatures without TWILIO_AUTH_TOKEN", async () => {
  await using rig = new CheckRig();
  const loadConfig = () => configOf({ PORT: String(rig.port), PUBLIC_URL: rig.publicUrl });
  await rig.run(["--json"], {}, { loadConfig });
  assertEquals(rig.levels("public address"), ["ok"]);
  assertEquals([rig.levels("signatures"), rig.levels("media stream")], [["warning"], ["warning"]]);
});

Deno.test("check rejects unknown flags and arguments, and runs nothing", async () => {
  await using rig = new CheckRig();
  for (
    const [args, problem] of [
      [["--fixx"], 'unknown flag --fixx; did you mean "--fix"?'],
      [["--at", "2026-11-21T10:00"], "--at needs --route"],
      [["--from", "+15551230000"], "--from needs --route"],
      [["--route", "abc"], '--route is "abc"; expected a number such as +15551230000'],
      [["--route", "5551230000"], '--route is "5551230000"; expected a number such as +15551230000'],
      [["--route", "+15550100", "--from", "+1 555"], '--from is "+1 555"; expected a number such as'],
      [["--route", "+15550100", "--at", "2026"], '--at is "2026"; use a time such as 2026-11-21T10:00'],
      [["now"], 'unexpected argument "now".'],
    ] as const
  ) {
    rig.err = "";
    assertEquals(await rig.run([...args]), 2);
    assertStringIncludes(rig.err, problem);
  }
  assertEquals(rig.api.requests, []);
});
