import { assertEquals } from "@std/assert";
import { rehearse } from "../../src/simulator/caller/rehearse.ts";
import { startSimulatedModel } from "../../src/simulator/model/model_server.ts";
import { AUTH_TOKEN } from "../support/twilio_api.ts";
import { TestService } from "../support/service.ts";

const ADMIN_TOKEN = "admin-token-of-the-test";

// Twilio signs every parameter, and never sends this one.
Deno.test("A rehearsal has no carrier's charges when it is signed, local or the administrator's", async () => {
  const prices = "in=0.5, out=0.5, sip=0.5, stream=0.5, amd=0.5";
  const cases: [env: Record<string, string>, adminToken: string | undefined, carrierUsd: number][] = [
    [{ TWILIO_AUTH_TOKEN: AUTH_TOKEN }, undefined, 0],
    [{}, undefined, 0],
    [{ ADMIN_TOKEN }, ADMIN_TOKEN, 0],
    [{ ADMIN_TOKEN }, "another-token-of-the-test", 1],
  ];
  // A rehearsal takes seconds in real time.
  await Promise.all(cases.map(async ([env, adminToken, carrierUsd]) => {
    await using model = startSimulatedModelForTest();
    await using service = new TestService({
      OPENAI_REALTIME_URL: model.url,
      OPENAI_API_KEY: "sk-test",
      CARRIER_PRICES: prices,
      ...env,
    });
    const tokens = { authToken: env.TWILIO_AUTH_TOKEN, adminToken };
    const { problem } = await rehearse({ baseUrl: service.url, ...tokens });
    assertEquals(problem, undefined);
    const metrics = await (await fetch(`${service.url}/metrics`, {
      headers: { authorization: `Bearer ${env.ADMIN_TOKEN}` },
    })).text();
    const [, usd] = /^parley_carrier_cost_usd_total(?:\{[^}]*\})? (\S+)$/m.exec(metrics) ?? [];
    assertEquals(Number(usd), carrierUsd, JSON.stringify({ env, adminToken }));
  }));
});

function startSimulatedModelForTest() {
  const { url, close } = startSimulatedModel();
  return { url, [Symbol.asyncDispose]: async () => void await close() };
}
