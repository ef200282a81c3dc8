import { assertEquals } from "@std/assert";
import type { CallsOptions } from "../../src/calls/calls.ts";
import { costUsd } from "../../src/model/prices.ts";
import type { WrittenSummary } from "../../src/records/call_record.ts";
import { connect } from "../support/call_rig.ts";
import { message } from "../support/fake_socket.ts";
import { endpoint } from "../support/owner_rig.ts";
import { response } from "../support/still_session.ts";

const none = { input: 0, cached: 0, output: 0 };
/** 1,000 tokens of audio out: 64 dollars per million at one model, 20 at the other. */
const usage = { inputTokens: 0, outputTokens: 1_000, text: none, audio: { ...none, output: 1_000 } };
const OWN = "gpt-realtime-2.1";
const OTHER = "gpt-realtime-2.1-mini";

function setUp(options: Partial<CallsOptions> = {}) {
  const other = { ...endpoint("other"), model: OTHER };
  return connect({ billedModel: OWN, fallbacks: [other], summary: true }, options);
}

Deno.test("Responses of a fallback cost what its own model costs", async () => {
  const { rig, hangUp } = setUp();
  rig.session.observer?.responseDone(response({ usage }));
  rig.session.observer?.sessionFailed({ code: "insufficient_quota", message: "" });
  rig.clock.advance(0);
  rig.session.observer?.sessionReady();
  rig.session.observer?.responseDone(response({ usage }));
  assertEquals(hangUp()?.costs.modelUsd, 0.064 + 0.02);
  const metrics = await rig.metrics.scrape();
  assertEquals(
    [...metrics.matchAll(/^parley_cost_usd_total\{model="([^"]+)"\} (\S+)/gm)].map(([, model, usd]) => [
      model,
      usd,
    ]),
    [[OWN, "0.064"], [OTHER, "0.02"]],
  );
});

Deno.test("Response that a replaced session ends costs what its model costs", () => {
  const { rig, hangUp } = setUp();
  const { session } = rig;
  session.observer?.turnCommitted("u1");
  // No answer for 5 s: the fallback is asked.
  rig.clock.advance(5_000);
  rig.session.observer?.sessionReady();
  session.observer?.responseDone(response({ status: "cancelled", usage }));
  assertEquals([rig.sessions.length, hangUp()?.costs.modelUsd], [2, costUsd(OWN, usage)]);
});

Deno.test("Summary that a fallback writes costs what its model costs", async () => {
  const summaries: (Promise<WrittenSummary | undefined> | undefined)[] = [];
  const { rig, socket } = setUp({ onEnded: (_, summary) => summaries.push(summary) });
  rig.session.observer?.sessionFailed({ code: "insufficient_quota", message: "" });
  rig.clock.advance(0);
  rig.session.observer?.sessionReady();
  rig.session.observer?.callerSpeechStarted();
  rig.session.observer?.callerSpeechStopped();
  socket.receive(message("stop"));
  // The summary of the session in the rig: 10 tokens in and 5 out, of a kind that is not reported.
  assertEquals((await summaries[0])?.costUsd, (10 * 10 + 5 * 20) / 1e6);
});
