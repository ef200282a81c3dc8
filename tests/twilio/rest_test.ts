import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import twilio from "twilio";
import { type Cancel, systemClock } from "../../src/clock.ts";
import { TwilioError, TwilioRest, type TwilioRestOptions } from "../../src/twilio/rest.ts";
import { ChangeSignal } from "../support/wait_until.ts";
import { FakeClock } from "../support/fake_clock.ts";
import {
  ACCOUNT_SID,
  AUTH_TOKEN,
  basicAuthorization,
  KEY_SECRET,
  KEY_SID,
  NUMBER,
  NUMBER_SID,
  TwilioApi,
  twilioError,
} from "../support/twilio_api.ts";

const apiKey = { sid: KEY_SID, secret: KEY_SECRET };

function client(api: { readonly url: string }, options: Partial<TwilioRestOptions> = {}): TwilioRest {
  return new TwilioRest({
    apiUrl: api.url,
    accountSid: ACCOUNT_SID,
    authToken: AUTH_TOKEN,
    clock: systemClock,
    random: () => 1,
    ...options,
  });
}

/** Lets a test wait for the client's timers: one for the time limit, one more for a retry. */
class ObservableClock extends FakeClock {
  readonly #changes = new ChangeSignal();

  override after(ms: number, then: () => void): Cancel {
    const cancel = super.after(ms, then);
    this.#changes.notify();
    return cancel;
  }

  async timers(count: number): Promise<void> {
    await this.#changes.until(`${count} timers`, () => this.pending === count);
  }
}

/** Twilio's own client, directed to the stand-in. */
function vendor({ url }: TwilioApi): twilio.Twilio {
  const httpClient = new twilio.RequestClient();
  httpClient.axios.interceptors.request.use((request) => {
    request.url = request.url?.replace("https://api.twilio.com", url) ?? "";
    // A kept-alive connection would outlive the test.
    request.headers.set("connection", "close");
    return request;
  });
  return twilio(ACCOUNT_SID, AUTH_TOKEN, { httpClient });
}

Deno.test("TwilioRest sends the same requests as Twilio's package", async () => {
  await using api = new TwilioApi();
  const ours = client(api);
  const theirs = vendor(api);
  const voiceUrl = "https://phone.example.com/incoming-call?a=b c&d='é";
  const statusCallback = "https://phone.example.com/call-status";
  const machineCallback = "https://phone.example.com/answered-by";
  const plain = { to: "+15551230000", from: NUMBER, url: voiceUrl, statusCallback, ringSeconds: 30 };
  const callSid = "CA1";
  api.calls.set(callSid, "in-progress");
  const pairs: [() => Promise<unknown>, () => Promise<unknown>][] = [
    [() => ours.account(), () => theirs.api.v2010.accounts(ACCOUNT_SID).fetch()],
    [() => ours.phoneNumber(NUMBER), () => theirs.incomingPhoneNumbers.page({ phoneNumber: NUMBER })],
    [
      () => ours.setVoiceWebhook(NUMBER_SID, { voiceUrl, method: "POST", statusCallback }),
      () =>
        theirs.incomingPhoneNumbers(NUMBER_SID).update({
          voiceUrl,
          voiceMethod: "POST",
          statusCallback,
          statusCallbackMethod: "POST",
        }),
    ],
    [
      () => ours.createCall({ ...plain, statusCallbackEvents: ["completed"] }),
      () =>
        theirs.calls.create({
          to: plain.to,
          from: NUMBER,
          url: voiceUrl,
          method: "POST",
          statusCallback,
          statusCallbackEvent: ["completed"],
          statusCallbackMethod: "POST",
          timeout: 30,
        }),
    ],
    [
      () =>
        ours.createCall({
          ...plain,
          statusCallbackEvents: ["initiated", "ringing", "answered", "completed"],
          timeLimitSeconds: 900,
          machineCallback,
        }),
      () =>
        theirs.calls.create({
          to: plain.to,
          from: NUMBER,
          url: voiceUrl,
          method: "POST",
          statusCallback,
          statusCallbackEvent: ["initiated", "ringing", "answered", "completed"],
          statusCallbackMethod: "POST",
          timeout: 30,
          timeLimit: 900,
          machineDetection: "DetectMessageEnd",
          asyncAmd: "true",
          asyncAmdStatusCallback: machineCallback,
          asyncAmdStatusCallbackMethod: "POST",
        }),
    ],
    [
      () => ours.redirect(callSid, "<Response><Say>One moment &amp; more</Say></Response>"),
      () => theirs.calls(callSid).update({ twiml: "<Response><Say>One moment &amp; more</Say></Response>" }),
    ],
    [
      () => ours.hangUp(callSid),
      async () => {
        api.calls.set(callSid, "in-progress");
        await theirs.calls(callSid).update({ status: "completed" });
      },
    ],
  ];
  for (const [sendOurs, vendors] of pairs) {
    await sendOurs();
    await vendors();
    const [one, other] = api.requests.splice(0);
    assert(one && other);
    const form = other.form.filter(([name]) => name !== "PageSize");
    assertEquals(one, { ...other, form, type: one.method === "GET" ? "" : other.type });
    assertEquals(one.authorization, basicAuthorization(ACCOUNT_SID, AUTH_TOKEN));
  }
});

Deno.test("TwilioRest reads all fields of the account and its number", async () => {
  await using api = new TwilioApi();
  const rest = client(api);
  assertEquals(await rest.account(), { status: "active", type: "Full" });
  assertEquals(await rest.phoneNumber(NUMBER), {
    sid: NUMBER_SID,
    phoneNumber: NUMBER,
    voiceUrl: "https://demo.twilio.com/welcome/voice/",
    voiceMethod: "POST",
    statusCallback: "",
    statusCallbackMethod: "POST",
    voiceApplicationSid: "",
    trunkSid: "",
    hasVoice: true,
  });
  assertEquals(await rest.phoneNumber(NUMBER.slice(0, -1)), undefined, "part of a number only");
  const set = await rest.setVoiceWebhook(NUMBER_SID, {
    voiceUrl: "https://a.example/in",
    method: "GET",
    statusCallback: "https://a.example/status",
  });
  assertEquals([set.voiceUrl, set.voiceMethod, set.statusCallback], [
    "https://a.example/in",
    "GET",
    "https://a.example/status",
  ]);
});

Deno.test("TwilioRest prefers an API key to the auth token", async () => {
  await using api = new TwilioApi();
  const rest = client(api, { apiKey });
  await rest.phoneNumber(NUMBER);
  assertEquals(api.requests[0]?.authorization, basicAuthorization(KEY_SID, KEY_SECRET));
  // A standard key may not read the account.
  assertEquals((await assertRejects(() => rest.account(), TwilioError)).code, 20003);
  api.keyIsMain = true;
  assertEquals((await rest.account()).status, "active");
});

Deno.test("TwilioError has status, code and remedy, and shows no credentials", async () => {
  await using api = new TwilioApi();
  const refused = async (rest: TwilioRest, path = "/Calls.json") => {
    const error = await assertRejects(() => rest.request("POST", path, { To: "x" }), TwilioError);
    assert(!`${error.message} ${error.stack}`.includes("wrong-token"), error.message);
    return error;
  };
  const unknown = await refused(client(api, { authToken: "wrong-token" }));
  assertEquals([unknown.status, unknown.code], [401, 20003]);
  assertStringIncludes(
    unknown.message,
    'rejected POST /Calls.json: it answered 401, error 20003 "Authenticate"; check TWILIO_ACCOUNT_SID and',
  );
  const missing = await refused(client(api), "/Calls/CA404.json");
  assertEquals([missing.status, missing.code], [404, 20404]);
  assertStringIncludes(missing.message, "check that it exists and belongs to TWILIO_ACCOUNT_SID");
  const answers: [Response, number, number | undefined, string][] = [
    [twilioError(400, 21211, "bad\n\x1b[2JTo"), 400, 21211, "give it as +, country code and number"],
    [twilioError(400, 21205, "Url"), 400, 21205, "see https://www.twilio.com/docs/errors/21205"],
    [new Response("<h1>Bad gateway</h1>", { status: 502 }), 502, undefined, "try again later"],
    [new Response("welcome"), 200, undefined, "check TWILIO_API_URL"],
    [new Response(null, { status: 302, headers: { location: "/" } }), 302, undefined, "check TWILIO_API_URL"],
  ];
  for (const [response, status, code, remedy] of answers) {
    api.override = () => response;
    const error = await refused(client(api));
    assertEquals([error.status, error.code], [status, code]);
    assertStringIncludes(error.message, remedy);
    assert(
      !["\n", "\x1b"].some((character) => error.message.includes(character)),
      "the vendor's text contains no control characters",
    );
  }
});

Deno.test("TwilioError names the remedy for rejected calls", async () => {
  await using api = new TwilioApi();
  const remedies: [status: number, code: number, remedy: string][] = [
    [400, 21210, "set TWILIO_PHONE_NUMBER to one of its own or a verified one"],
    [400, 21212, "set TWILIO_PHONE_NUMBER to one of its own"],
    [400, 21214, "the number to call cannot be reached"],
    [400, 21215, "Voice, Settings, Geo permissions"],
    [400, 13227, "Voice, Settings, Geo permissions"],
    [400, 21219, "verify it in the Twilio console, or upgrade the account"],
    [403, 10004, "wait until some have ended"],
  ];
  for (const [status, code, remedy] of remedies) {
    api.override = () => twilioError(status, code, "no");
    const error = await assertRejects(() => client(api).redirect("CA1", "<Response/>"), TwilioError, remedy);
    assertEquals([error.status, error.code], [status, code]);
  }
});

Deno.test("TwilioRest places, redirects and hangs up calls, and ignores calls that are over", async () => {
  await using api = new TwilioApi();
  const rest = client(api);
  const callSid = await rest.createCall({
    to: "+15551230000",
    from: NUMBER,
    url: "https://phone.example.com/incoming-call",
    statusCallback: "https://phone.example.com/call-status",
    statusCallbackEvents: ["completed"],
    ringSeconds: 30,
  });
  assertEquals([...api.calls], [[callSid, "queued"]]);
  const early = await assertRejects(
    () => rest.redirect(callSid, "<Response/>"),
    TwilioError,
    "not in progress",
  );
  assertEquals(early.code, 21220);
  await rest.hangUp(callSid);
  assertEquals([...api.calls], [[callSid, "completed"]]);
  await rest.hangUp(callSid);
  api.override = () => twilioError(400, 21220, "Invalid call state");
  await rest.hangUp(callSid);
  api.override = () => twilioError(401, 20003, "Authenticate");
  assertEquals((await assertRejects(() => rest.hangUp(callSid), TwilioError)).code, 20003);
});

Deno.test("TwilioRest escapes a CallSid in the path", async () => {
  await using api = new TwilioApi();
  await client(api).hangUp("../IncomingPhoneNumbers/PN1?a=");
  assertEquals(
    api.requests[0]?.path,
    `/2010-04-01/Accounts/${ACCOUNT_SID}/Calls/..%2FIncomingPhoneNumbers%2FPN1%3Fa%3D.json`,
  );
});

Deno.test("TwilioRest retries any method after 429 with doubling delays", async () => {
  for (const method of ["GET", "POST"] as const) {
    await using api = new TwilioApi();
    api.override = () => api.requests.length < 4 ? twilioError(429, 20429, "Too Many Requests") : undefined;
    const clock = new ObservableClock();
    const path = method === "GET" ? ".json" : `/IncomingPhoneNumbers/${NUMBER_SID}.json`;
    const response = client(api, { clock }).request(method, path);
    for (const delay of [250, 500, 1000]) {
      await clock.timers(2);
      clock.advance(delay - 1);
      assertEquals(clock.pending, 2, "neither the delay nor the time limit is over");
      clock.advance(1);
    }
    assertEquals((await response).sid, method === "GET" ? ACCOUNT_SID : NUMBER_SID);
    assertEquals([api.requests.length, clock.pending], [4, 0]);
  }
});

Deno.test("TwilioRest retries GET but not POST after 5xx", async () => {
  await using api = new TwilioApi();
  api.override = () => api.requests.length < 2 ? new Response(null, { status: 503 }) : undefined;
  const clock = new ObservableClock();
  const response = client(api, { clock }).account();
  await clock.timers(2);
  clock.advance(250);
  assertEquals((await response).status, "active");
  api.requests.length = 0;
  const error = await assertRejects(() => client(api, { clock }).request("POST", "/Calls.json"), TwilioError);
  assertEquals([error.status, api.requests.length, clock.pending], [503, 1, 0]);
});

Deno.test("TwilioRest retries hangUp after 5xx, but not createCall and redirect", async () => {
  await using api = new TwilioApi();
  api.override = () => api.requests.length < 2 ? new Response(null, { status: 500 }) : undefined;
  api.calls.set("CA1", "ringing");
  const clock = new ObservableClock();
  const hungUp = client(api, { clock }).hangUp("CA1");
  await clock.timers(2);
  clock.advance(250);
  await hungUp;
  assertEquals([api.calls.get("CA1"), api.requests.length], ["completed", 2]);
  api.requests.length = 0;
  api.override = () => new Response(null, { status: 500 });
  const rest = client(api, { clock });
  await assertRejects(() => rest.redirect("CA1", "<Response/>"), TwilioError);
  const call = {
    to: "+15551230000",
    from: NUMBER,
    url: "https://a.example",
    statusCallback: "https://a.example",
  };
  await assertRejects(
    () => rest.createCall({ ...call, statusCallbackEvents: ["completed"], ringSeconds: 30 }),
    TwilioError,
  );
  assertEquals([api.requests.length, clock.pending], [2, 0]);
});

Deno.test("TwilioRest starts no retry after the time limit", async () => {
  await using api = new TwilioApi();
  api.override = () => twilioError(429, 20429, "Too Many Requests");
  const clock = new ObservableClock();
  const refused = assertRejects(() => client(api, { clock }).account(), TwilioError);
  for (const delay of [250, 500, 1000, 2000, 4000]) {
    await clock.timers(2);
    clock.advance(delay);
  }
  const error = await refused;
  assertEquals([error.status, error.code, api.requests.length, clock.pending], [429, 20429, 6, 0]);
});

Deno.test("TwilioRest adds jitter to retry delays", async () => {
  await using api = new TwilioApi();
  api.override = () => api.requests.length < 2 ? twilioError(429, 20429, "Too Many Requests") : undefined;
  const clock = new ObservableClock();
  const response = client(api, { clock, random: () => 0 }).account();
  await clock.timers(2);
  clock.advance(125);
  assertEquals((await response).status, "active");
});

Deno.test("TwilioRest fails after 10 s without a reply", async () => {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const clock = new ObservableClock();
  const failed = assertRejects(
    () => client({ url: `http://127.0.0.1:${listener.addr.port}` }, { clock }).account(),
    TwilioError,
    "it took longer than 10 s; check TWILIO_API_URL, DNS and the firewall",
  );
  using _conn = await listener.accept();
  clock.advance(10_000);
  assertEquals((await failed).status, undefined);
  assertEquals(clock.pending, 0);
});

Deno.test("TwilioRest reports an unreachable server", async () => {
  const gone = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const url = `http://127.0.0.1:${gone.addr.port}`;
  gone.close();
  const error = await assertRejects(() => client({ url }).account(), TwilioError, "Cannot reach Twilio");
  assertEquals([error.status, error.code], [undefined, undefined]);
  assertStringIncludes(
    error.message,
    `Cannot reach Twilio at "${url}" for GET of the account: tcp connect error: Connection refused`,
  );
});
