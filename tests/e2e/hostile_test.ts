import { assertEquals, assertGreater } from "@std/assert";
import { runAttacks } from "../../bench/hostile/attack.ts";
import { attacksAgainst } from "../../bench/hostile/attacks.ts";
import { GoodCalls } from "../../bench/hostile/good_calls.ts";
import { compareCounters, readCounters } from "../../bench/hostile/counters.ts";
import { TestService } from "../support/service.ts";
import { poll } from "../support/wait_until.ts";

const ADMIN_TOKEN = "an-admin-token-for-tests";
const TWILIO = { authToken: "the-account-token", publicUrl: "https://phone.example.com" };

/** A sixtieth of the attack bench in bench/hostile. */
Deno.test("Call continues during the attacks and each refusal is counted under its reason", async () => {
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
  const attacks = await attacksAgainst({ ...address, adminToken: ADMIN_TOKEN, victims: calls.victims });
  const before = await counters();
  const during = calls.startWindow("during");

  const results = await runAttacks(attacks.filter(({ slow }) => !slow), { share: 1 / 60, spreadMs: 1_000 });

  calls.startWindow("after");
  const wrong = async () =>
    compareCounters(results, before, await counters()).filter(({ expected, counted }) =>
      expected !== counted
    );
  // A disconnect is counted a moment later.
  await poll("all refusals to be counted", async () => (await wrong()).length === 0).catch(() => {});
  assertEquals(await wrong(), [], "counted");
  assertEquals((await (await fetch(`${service.url}/healthz`)).json()).status, "ok");
  await calls.hangUp();
  assertEquals(results.filter(({ unexpected }) => Object.keys(unexpected).length > 0), [], "answers");
  assertEquals([calls.ended, during.lost], [[], 0]);
  assertGreater(during.arrived, 50);
  assertGreater(during.voiceArrived, 1);
});
