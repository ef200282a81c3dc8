import { assertEquals, assertStringIncludes } from "@std/assert";
import { invocation } from "../../src/invocation.ts";
import { checkAccount, checkApiKey, checkNumber, checkTwilio } from "../../src/check/twilio_account.ts";
import { systemClock } from "../../src/clock.ts";
import { configOf } from "../support/service.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  basicAuthorization,
  KEY_SECRET,
  KEY_SID,
  NUMBER,
  TwilioApi,
} from "../support/twilio_api.ts";
import { freePort } from "../support/free_port.ts";

const KEY = { TWILIO_API_KEY_SID: KEY_SID, TWILIO_API_KEY_SECRET: KEY_SECRET };
const PUBLIC_URL = "https://phone.example.com";

function config(api: { readonly url: string }, env: Record<string, string> = {}) {
  return configOf({
    TWILIO_API_URL: api.url,
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    TWILIO_PHONE_NUMBER: NUMBER,
    PUBLIC_URL,
    ...env,
  });
}

Deno.test("checkAccount() passes for active accounts, with a note for trial accounts", async () => {
  await using api = new TwilioApi();
  const check = async () => {
    const { level, message } = await checkAccount(config(api), systemClock);
    return [level, message];
  };
  assertEquals(await check(), ["ok", "auth token accepted, account active"]);
  api.account = { ...api.account, type: "Trial" };
  assertEquals((await check())[0], "ok");
  assertStringIncludes((await check())[1] ?? "", "a trial account plays a notice before each call");
  for (const status of ["suspended", "closed"]) {
    api.account = { ...api.account, status };
    assertEquals(await check(), ["failed", `the account is "${status}"`]);
  }
});

Deno.test("checkAccount() uses the auth token even if an API key is set", async () => {
  await using api = new TwilioApi();
  const configWithKey = config(api, KEY);
  assertEquals((await checkAccount(configWithKey, systemClock)).level, "ok");
  assertEquals(api.requests.map(({ authorization }) => authorization), [
    basicAuthorization(ACCOUNT_SID, AUTH_TOKEN),
  ]);
  const { level, message, remedy } = await checkAccount(
    config(api, { TWILIO_AUTH_TOKEN: "wrong" }),
    systemClock,
  );
  assertEquals(level, "failed");
  assertStringIncludes(message, 'it answered 401, error 20003 "Authenticate"');
  assertStringIncludes(remedy ?? "", "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN");
});

Deno.test("checkApiKey() passes for a standard key, which cannot read the account", async () => {
  await using api = new TwilioApi();
  assertEquals(await checkApiKey(config(api), systemClock), [], "no key is configured");
  const [right] = await checkApiKey(config(api, KEY), systemClock);
  assertEquals([right?.level, right?.message], ["ok", "accepted"]);
  const [wrong] = await checkApiKey(config(api, { ...KEY, TWILIO_API_KEY_SECRET: "wrong" }), systemClock);
  assertEquals(wrong?.level, "failed");
  assertStringIncludes(wrong?.remedy ?? "", "TWILIO_API_KEY_SID");
});

Deno.test("Twilio checks are skipped with a reason if a setting is missing", async () => {
  const bare = configOf({ TWILIO_PHONE_NUMBER: NUMBER, PUBLIC_URL, ...KEY });
  const findings = [
    await checkAccount(bare, systemClock),
    ...await checkApiKey(bare, systemClock),
    await checkAccount(configOf({ TWILIO_ACCOUNT_SID: ACCOUNT_SID }), systemClock),
  ];
  assertEquals(findings.map(({ level, message }) => `${level} ${message}`), [
    "warning not checked: TWILIO_ACCOUNT_SID is not set",
    "warning not checked: TWILIO_ACCOUNT_SID is not set",
    "warning not checked: TWILIO_AUTH_TOKEN is not set",
  ]);
});

Deno.test("checkNumber() warns of a missing setting, and fails for one when asked to fix the number", async () => {
  const copied = "copy it from the Twilio console";
  for (
    const [env, missing, remedy] of [
      [{}, "TWILIO_PHONE_NUMBER is not set", copied],
      [{ TWILIO_PHONE_NUMBER: NUMBER, PUBLIC_URL, ...KEY }, "TWILIO_ACCOUNT_SID is not set", copied],
      [
        { TWILIO_PHONE_NUMBER: NUMBER, TWILIO_ACCOUNT_SID: ACCOUNT_SID },
        "PUBLIC_URL is not set",
        "set it to the https URL at which Twilio reaches this service",
      ],
      [
        { TWILIO_PHONE_NUMBER: NUMBER, TWILIO_ACCOUNT_SID: ACCOUNT_SID, PUBLIC_URL },
        "neither TWILIO_AUTH_TOKEN nor TWILIO_API_KEY_SID is set",
        "copy one of them from the Twilio console",
      ],
    ] as [Record<string, string>, string, string][]
  ) {
    const check = await checkNumber(configOf(env), false, systemClock);
    assertEquals(check, {
      check: "phone number",
      level: "warning",
      message: `not checked: ${missing}`,
      remedy,
    });
    const fix = await checkNumber(configOf(env), true, systemClock);
    assertEquals(fix, { check: "phone number", level: "failed", message: `not fixed: ${missing}`, remedy });
  }
});

Deno.test("checkTwilio() names what kept it from the number: Twilio out of reach, the credentials or the account", async () => {
  await using api = new TwilioApi();
  api.account = { ...api.account, status: "suspended" };
  for (
    const [why, env] of [
      ["Twilio could not be reached", { TWILIO_API_URL: `http://127.0.0.1:${freePort()}` }],
      ["Twilio does not accept the credentials", { TWILIO_AUTH_TOKEN: "wrong" }],
      ["the Twilio account is not active", {}],
    ] as [string, Record<string, string>][]
  ) {
    const last = async (fix: boolean) => {
      const { check, level, message } = (await checkTwilio(config(api, env), fix, systemClock)).at(-1) ?? {};
      return [check, level, message];
    };
    assertEquals(await last(false), ["phone number", "warning", `not checked: ${why}`]);
    assertEquals(await last(true), ["phone number", "failed", `not fixed: ${why}`]);
  }
});

Deno.test("Twilio checks fail if Twilio is unreachable", async () => {
  const unreachable = config({ url: `http://127.0.0.1:${freePort()}` });
  for (
    const finding of [
      await checkAccount(unreachable, systemClock),
      await checkNumber(unreachable, false, systemClock),
    ]
  ) {
    assertEquals(finding.level, "failed");
    assertStringIncludes(finding.message, "Cannot reach Twilio");
    assertEquals(finding.remedy, "check TWILIO_API_URL, DNS and the firewall");
  }
});

const OURS = {
  voice_url: `${PUBLIC_URL}/incoming-call`,
  voice_method: "POST",
  status_callback: `${PUBLIC_URL}/call-status`,
  status_callback_method: "POST",
};

for (
  const [what, fields, level, expected] of [
    [
      "whose webhook is right",
      OURS,
      "ok",
      `the voice webhook of ${NUMBER} is POST ${PUBLIC_URL}/incoming-call`,
    ],
    [
      "whose webhook is right and has connection settings",
      { ...OURS, voice_url: `${OURS.voice_url}#rc=2`, status_callback: `${OURS.status_callback}#ct=2000` },
      "ok",
      "is POST",
    ],
    [
      "whose webhook is another URL",
      { ...OURS, voice_url: "https://demo.twilio.com/" },
      "failed",
      'the voice webhook is POST "https://demo.twilio.com/", not POST https://phone.example.com/incoming-call',
    ],
    ["without a webhook", { ...OURS, voice_url: null }, "failed", "the voice webhook is not set, not POST"],
    ["whose webhook uses GET", { ...OURS, voice_method: "GET" }, "failed", "the voice webhook is GET"],
    [
      "without a status callback",
      { ...OURS, status_callback: "" },
      "warning",
      "the status callback is not set, not POST https://phone.example.com/call-status",
    ],
    [
      "whose status callback uses GET",
      { ...OURS, status_callback_method: "GET" },
      "warning",
      "the status callback is GET",
    ],
  ] as const
) {
  Deno.test(`checkNumber() is ${level} for a number ${what}`, async () => {
    await using api = new TwilioApi();
    api.number = { ...api.number, ...fields };
    const before = await checkNumber(config(api), false, systemClock);
    assertEquals(before.level, level);
    assertStringIncludes(before.message, expected);
    assertEquals(before.remedy, level === "ok" ? undefined : `run: ${invocation("check --fix")}`);
    assertEquals(
      api.requests.filter(({ method }) => method === "POST"),
      [],
      "nothing is changed without --fix",
    );

    const fixed = await checkNumber(config(api, KEY), true, systemClock);
    assertEquals(fixed.level, "ok");
    const changes = api.requests.filter(({ method }) => method === "POST");
    assertEquals(changes.length, level === "ok" ? 0 : 1, "one change if something is wrong");
    if (level === "ok") return;
    assertStringIncludes(fixed.message, "; changed just now, was: ");
    const { voice_url, voice_method, status_callback, status_callback_method } = api.number;
    assertEquals({ voice_url, voice_method, status_callback, status_callback_method }, OURS);
  });
}

Deno.test("checkNumber() fails if Twilio ignores the correction", async () => {
  await using api = new TwilioApi();
  api.override = ({ method }) => method === "POST" ? Response.json(api.number) : undefined;
  assertEquals((await checkNumber(config(api), true, systemClock)).level, "failed");
});

Deno.test("checkNumber() changes nothing if the webhook is not the problem", async () => {
  await using api = new TwilioApi();
  const { number } = api;
  const cases: [Record<string, unknown> | undefined, string][] = [
    [undefined, `the account does not own ${NUMBER}`],
    [{ ...number, capabilities: { voice: false, sms: true } }, "the number does not support voice calls"],
    [{ ...number, trunk_sid: "TK1" }, "calls go to the SIP trunk TK1, so the voice webhook is ignored"],
    [
      { ...number, voice_application_sid: "AP1" },
      "calls go to the TwiML app AP1, so the voice webhook is ignored",
    ],
  ];
  for (const [changed, expected] of cases) {
    api.number = changed;
    const { level, message, remedy } = await checkNumber(config(api), true, systemClock);
    assertEquals(level, "failed");
    assertStringIncludes(message, expected);
    assertEquals((remedy ?? "").length > 10, true);
  }
  assertEquals(api.requests.filter(({ method }) => method === "POST"), []);
});
