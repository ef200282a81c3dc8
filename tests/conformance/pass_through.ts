/** The calls that must be exact to the sample, whatever format the model's session is held in. */

import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { isObject } from "../../src/json.ts";
import type { RehearseOptions } from "../../src/simulator/caller/rehearse.ts";
import { speechLike } from "../simulator/model/support.ts";
import { TestService } from "../support/service.ts";
import {
  assertSameAudio,
  heardMs,
  indexIn,
  joined,
  placeWatchedCall,
  type WatchedCall,
  WatchedModel,
} from "./watched_call.ts";

/** A call through Parley, from the stand-in caller to the stand-in model. */
async function callThroughParley(
  format: "pcmu" | "pcm16",
  options: Pick<RehearseOptions, "speech" | "interruptMs" | "maxSeconds">,
): Promise<{ call: WatchedCall; model: WatchedModel }> {
  await using model = new WatchedModel(format);
  await using service = new TestService({
    OPENAI_REALTIME_URL: model.url,
    GREETING: "Hello!",
    AUDIO_FORMAT: format,
  });
  const call = await placeWatchedCall({ baseUrl: service.url, ...options });
  await service.logged("call ended");
  return { call, model };
}

/** What must hold of every call: nothing on either wire was changed, and the barge-in was known to 20 ms. */
function assertFaithful(call: WatchedCall, model: WatchedModel): void {
  assertEquals(call.timeline.filter(({ what }) => what.startsWith("warning")), []);
  assertEquals(model.said("error"), []);

  // Caller to model: every frame, in order, as it was. The last ones may be under way when the caller hangs up.
  const sent = model.inItsFormat(call.sent);
  assertSameAudio(model.heard, sent.subarray(0, model.heard.length), "what the model heard");
  assertLess(sent.length - model.heard.length, sent.length / call.sent.length * 10 * 160);

  // Model to caller: every delta, in order, as it was; of the interrupted answer only what was sent before the cut.
  const [greeting, interrupted, ...rest] = model.spoken.map(({ audio }) => audio);
  assert(greeting && interrupted);
  const others = joined([greeting, ...rest]).length;
  const begun = interrupted.subarray(0, call.received.length - others);
  assertSameAudio(call.received, joined([greeting, begun, ...rest]), "what the caller received");
  for (const answer of model.format === "pcmu" ? [interrupted, ...rest] : []) {
    assert(indexIn(call.sent, answer) > 0, "the answer is not what the caller said");
  }

  // The greeting was heard to its end, and the cut is where the answer fell silent.
  const greetedAtMs = call.timeline.find(({ who, what }) => who === "assistant" && what === "speaks")?.atMs;
  assertEquals(heardMs(call, greeting, greetedAtMs), 1000);
  const heard = heardMs(call, interrupted, call.turns[0]?.answeredAtMs);
  const cuts = model.said("conversation.item.truncated");
  assertEquals(cuts.map(({ item_id }) => item_id), [model.spoken[1]?.itemId]);
  assertAlmostEquals(Number(cuts[0]?.audio_end_ms), heard, 20);
  assertEquals(call.counts.clears, 1);

  // About 200 ms wait at the caller's end: enough to bridge a hiccup, little to take back.
  assert(call.lead.typicalMs > 100 && call.lead.typicalMs < 300, `typical lead ${call.lead.typicalMs} ms`);
  assertLess(call.lead.maxMs, 400);
}

/** A call whose caller interrupts an answer that has long been made. */
export async function interruptLate(format: "pcmu" | "pcm16"): Promise<void> {
  const { call, model } = await callThroughParley(format, { speech: speechLike(1500), interruptMs: 1000 });
  assertEquals(call.problem, undefined);
  assertFaithful(call, model);

  // The answer to the interruption was heard whole.
  const [, interrupted, answer] = model.spoken;
  assert(interrupted && answer);
  assertEquals(heardMs(call, answer.audio, call.turns[1]?.answeredAtMs), answer.audio.length / 8);
  assertGreater(answer.audio.length / 8, 1500);

  const silentMs = model.saidAt("conversation.item.truncated", interrupted.itemId) -
    model.saidAt("response.output_audio.done", interrupted.itemId);
  assertGreater(silentMs, 700);
}

/** A call whose caller interrupts while the answer is still being made. */
export async function interruptEarly(format: "pcmu" | "pcm16"): Promise<void> {
  // So much speech takes the model 0.7 s to say back. The caller interrupts as soon as it is heard (after 0.3 s, since the
  // model says back the silence before the words too), and need not finish.
  const { call, model } = await callThroughParley(format, {
    speech: speechLike(4500),
    interruptMs: 0,
    maxSeconds: 8,
  });
  assertFaithful(call, model);

  const response = model.said("response.done")[1]?.response;
  assert(isObject(response));
  assertEquals(response.status_details, { type: "cancelled", reason: "turn_detected" });
  // It was made faster than it was heard, and most of what was made never left Parley.
  assertGreater((model.spoken[1]?.audio.length ?? 0) - (call.received.length - 8000), 1000 * 8);
}
