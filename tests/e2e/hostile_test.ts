import { assertEquals, assertGreater } from "@std/assert";
import { assault } from "../../bench/hostile/attack.ts";
import { attacksOn } from "../../bench/hostile/attacks.ts";
import { GoodCalls } from "../../bench/hostile/good_calls.ts";
import { readCounters, settle } from "../../bench/hostile/ledger.ts";
import { pause } from "../../bench/hostile/process.ts";
import { TestService } from "../support/service.ts";

const ADMIN_TOKEN = "a-token-for-who-administers";
const TWILIO = { authToken: "the-account-token", publicUrl: "https://phone.example.com" };
const LOOKS = 100;
const LOOK_MS = 20;

/** A share of the hostile bench; bench/hostile has the whole. */
Deno.test("a call goes on while everything bad comes in, and each refusal is counted under its reason", async () => {
  await using calls = new GoodCalls();
  await using service = new TestService({
    OPENAI_API_KEY: "sk-test",
    OPENAI_REALTIME_URL: calls.modelUrl,
    GREETING: "",
    TWILIO_AUTH_TOKEN: TWILIO.authToken,
    PUBLIC_URL: TWILIO.publicUrl,
    ADMIN_TOKEN,
    TRUSTED_PROXIES: "127.0.0.1",
  });
  const address = { port: Number(new URL(service.url).port), ...TWILIO };
  const counters = async () => {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "x-forwarded-for": "192.0.2.1" };
    return readCounters(await (await fetch(`${service.url}/metrics`, { headers })).text());
  };
  await calls.place(1, address);
  const attacks = await attacksOn({ ...address, adminToken: ADMIN_TOKEN, victims: calls.victims });
  const before = await counters();
  const during = calls.window("during");

  const made = await assault(attacks.filter(({ slow }) => !slow), { share: 1 / 60, spreadMs: 1_000 });

  calls.window("after");
  const wrong = async () =>
    settle(made, before, await counters()).filter(({ due, counted }) => due !== counted);
  // That somebody is gone is noticed a moment later.
  for (let look = 0; look < LOOKS && (await wrong()).length > 0; look++) await pause(LOOK_MS);
  assertEquals(await wrong(), [], "counted");
  assertEquals((await (await fetch(`${service.url}/healthz`)).json()).status, "ok");
  await calls.hangUp();
  assertEquals(made.filter(({ odd }) => Object.keys(odd).length > 0), [], "answers");
  assertEquals([calls.ended, during.lost], [[], 0]);
  assertGreater(during.arrived, 50);
  assertGreater(during.voiceArrived, 1);
});
