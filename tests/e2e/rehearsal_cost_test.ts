import { assertEquals } from "@std/assert";
import { rehearse } from "../../src/simulator/caller/rehearse.ts";
import { startSimulatedModel } from "../../src/simulator/model/model_server.ts";
import { AUTH_TOKEN } from "../support/twilio_api.ts";
import { TestService } from "../support/service.ts";

// Twilio signs every parameter, and never sends this one.
Deno.test("A rehearsal has no carrier's charges when it is signed or local, and the service counts them otherwise", async () => {
  const prices = "in=0.5, out=0.5, sip=0.5, stream=0.5, amd=0.5";
  const cases: [env: Record<string, string>, carrierUsd: number][] = [
    [{ TWILIO_AUTH_TOKEN: AUTH_TOKEN }, 0],
    [{}, 0],
    [{ ADMIN_TOKEN: "admin-token-of-the-test" }, 1],
  ];
  for (const [env, carrierUsd] of cases) {
    await using model = startSimulatedModelForTest();
    await using service = new TestService({
      OPENAI_REALTIME_URL: model.url,
      OPENAI_API_KEY: "sk-test",
      CARRIER_PRICES: prices,
      ...env,
    });
    const { problem } = await rehearse({ baseUrl: service.url, authToken: env.TWILIO_AUTH_TOKEN ?? "none" });
    assertEquals(problem, undefined);
    const metrics = await (await fetch(`${service.url}/metrics`, {
      headers: { authorization: `Bearer ${env.ADMIN_TOKEN}` },
    })).text();
    const [, usd] = /^parley_carrier_cost_usd_total(?:\{[^}]*\})? (\S+)$/m.exec(metrics) ?? [];
    assertEquals([JSON.stringify(env), Number(usd)], [JSON.stringify(env), carrierUsd]);
  }
});

function startSimulatedModelForTest() {
  const { url, close } = startSimulatedModel();
  return { url, [Symbol.asyncDispose]: async () => void await close() };
}
