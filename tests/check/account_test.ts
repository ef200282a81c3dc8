import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkAccount, checkApiKey, checkNumber } from "../../src/check/account.ts";
import { systemClock } from "../../src/clock.ts";
import { configOf } from "../support/service.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  basic,
  KEY_SECRET,
  KEY_SID,
  NUMBER,
  TwilioApi,
} from "../support/twilio_api.ts";
import { freePort } from "./stand_in.ts";

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

Deno.test("an active account passes, a trial one with a note, any other does not", async () => {
  await using api = new TwilioApi();
  const says = async () => {
    const { level, found } = await checkAccount(config(api), systemClock);
    return [level, found];
  };
  assertEquals(await says(), ["ok", "the auth token is right, the account is active"]);
  api.account = { ...api.account, type: "Trial" };
  assertEquals((await says())[0], "ok");
  assertStringIncludes((await says())[1] ?? "", "a trial account plays a notice first");
  for (const status of ["suspended", "closed"]) {
    api.account = { ...api.account, status };
    assertEquals(await says(), ["failed", `the account is "${status}"`]);
  }
});

Deno.test("the auth token itself is tried, also where an API key is set", async () => {
  await using api = new TwilioApi();
  const both = config(api, KEY);
  assertEquals((await checkAccount(both, systemClock)).level, "ok");
  assertEquals(api.requests.map(({ authorization }) => authorization), [basic(ACCOUNT_SID, AUTH_TOKEN)]);
  const { level, found, remedy } = await checkAccount(
    config(api, { TWILIO_AUTH_TOKEN: "wrong" }),
    systemClock,
  );
  assertEquals(level, "failed");
  assertStringIncludes(found, 'it answered 401, error 20003 "Authenticate"');
  assertStringIncludes(remedy ?? "", "check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN");
});

Deno.test("a standard API key, which may not see the account, passes", async () => {
  await using api = new TwilioApi();
  assertEquals(await checkApiKey(config(api), systemClock), [], "there is none");
  const [right] = await checkApiKey(config(api, KEY), systemClock);
  assertEquals([right?.level, right?.found], ["ok", "accepted"]);
  const [wrong] = await checkApiKey(config(api, { ...KEY, TWILIO_API_KEY_SECRET: "wrong" }), systemClock);
  assertEquals(wrong?.level, "failed");
  assertStringIncludes(wrong?.remedy ?? "", "TWILIO_API_KEY_SID");
});

Deno.test("what is not set is not checked", async () => {
  const bare = configOf({ TWILIO_PHONE_NUMBER: NUMBER, PUBLIC_URL, ...KEY });
  const lines = [
    await checkAccount(bare, systemClock),
    ...await checkApiKey(bare, systemClock),
    await checkNumber(bare, true, systemClock),
    await checkAccount(configOf({ TWILIO_ACCOUNT_SID: ACCOUNT_SID }), systemClock),
    await checkNumber(configOf(), true, systemClock),
    await checkNumber(
      configOf({ TWILIO_PHONE_NUMBER: NUMBER, TWILIO_ACCOUNT_SID: ACCOUNT_SID }),
      true,
      systemClock,
    ),
    await checkNumber(
      configOf({ TWILIO_PHONE_NUMBER: NUMBER, TWILIO_ACCOUNT_SID: ACCOUNT_SID, PUBLIC_URL }),
      true,
      systemClock,
    ),
  ];
  assertEquals(lines.map(({ level, found }) => `${level} ${found}`), [
    "warning not checked: TWILIO_ACCOUNT_SID is not set",
    "warning not checked: TWILIO_ACCOUNT_SID is not set",
    "warning not checked: TWILIO_ACCOUNT_SID is not set",
    "warning not checked: TWILIO_AUTH_TOKEN is not set",
    "warning not checked: TWILIO_PHONE_NUMBER is not set",
    "warning not checked: PUBLIC_URL is not set",
    "warning not checked: neither TWILIO_AUTH_TOKEN nor TWILIO_API_KEY_SID is set",
  ]);
});

Deno.test("a Twilio that cannot be reached is told", async () => {
  const gone = config({ url: `http://127.0.0.1:${freePort()}` });
  for (
    const finding of [await checkAccount(gone, systemClock), await checkNumber(gone, false, systemClock)]
  ) {
    assertEquals(finding.level, "failed");
    assertStringIncludes(finding.found, "Cannot reach Twilio");
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
  const [what, fields, level, says] of [
    ["that leads here", OURS, "ok", `calls to ${NUMBER} come to POST ${PUBLIC_URL}/incoming-call`],
    [
      "that leads here, with Twilio's own settings of the connection",
      { ...OURS, voice_url: `${OURS.voice_url}#rc=2`, status_callback: `${OURS.status_callback}#ct=2000` },
      "ok",
      "come to POST",
    ],
    [
      "that leads elsewhere",
      { ...OURS, voice_url: "https://demo.twilio.com/" },
      "failed",
      'its calls go to POST "https://demo.twilio.com/", not POST https://phone.example.com/incoming-call',
    ],
    ["that leads nowhere", { ...OURS, voice_url: null }, "failed", "its calls go to nowhere, not POST"],
    ["with another method", { ...OURS, voice_method: "GET" }, "failed", "its calls go to GET"],
    [
      "whose status goes nowhere",
      { ...OURS, status_callback: "" },
      "warning",
      "how they ended is told nowhere, not POST https://phone.example.com/call-status",
    ],
    ["whose status comes by GET", { ...OURS, status_callback_method: "GET" }, "warning", "is told GET"],
  ] as const
) {
  Deno.test(`a number ${what}`, async () => {
    await using api = new TwilioApi();
    api.number = { ...api.number, ...fields };
    const before = await checkNumber(config(api), false, systemClock);
    assertEquals(before.level, level);
    assertStringIncludes(before.found, says);
    assertEquals(before.remedy, level === "ok" ? undefined : "parley check --fix sets it");
    assertEquals(api.requests.filter(({ method }) => method === "POST"), [], "nothing is changed unasked");

    const fixed = await checkNumber(config(api, KEY), true, systemClock);
    assertEquals(fixed.level, "ok");
    const changes = api.requests.filter(({ method }) => method === "POST");
    assertEquals(changes.length, level === "ok" ? 0 : 1, "and only what is wrong");
    if (level === "ok") return;
    assertStringIncludes(fixed.found, "; set just now, before: ");
    const { voice_url, voice_method, status_callback, status_callback_method } = api.number;
    assertEquals({ voice_url, voice_method, status_callback, status_callback_method }, OURS);
  });
}

Deno.test("--fix says so when Twilio keeps what it had", async () => {
  await using api = new TwilioApi();
  api.instead = ({ method }) => method === "POST" ? Response.json(api.number) : undefined;
  assertEquals((await checkNumber(config(api), true, systemClock)).level, "failed");
});

Deno.test("what no webhook can mend is told, and not touched", async () => {
  await using api = new TwilioApi();
  const { number } = api;
  const cases: [Record<string, unknown> | undefined, string][] = [
    [undefined, `the account has no ${NUMBER}`],
    [{ ...number, capabilities: { voice: false, sms: true } }, "it can do no voice"],
    [{ ...number, trunk_sid: "TK1" }, "its calls go to the SIP trunk TK1, whatever its webhook is"],
    [{ ...number, voice_application_sid: "AP1" }, "its calls go to the TwiML app AP1, whatever"],
  ];
  for (const [changed, says] of cases) {
    api.number = changed;
    const { level, found, remedy } = await checkNumber(config(api), true, systemClock);
    assertEquals(level, "failed");
    assertStringIncludes(found, says);
    assertEquals((remedy ?? "").length > 10, true);
  }
  assertEquals(api.requests.filter(({ method }) => method === "POST"), []);
});
