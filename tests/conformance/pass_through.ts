/** Calls that must be exact to the sample, in either format of the model's session. */

import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { isObject } from "../../src/json.ts";
import type { RehearseOptions } from "../../src/simulator/caller/rehearse.ts";
import { speechLike } from "../simulator/model/support.ts";
import { TestService } from "../support/service.ts";
import { SteadyClock } from "../support/steady_clock.ts";
import {
  assertSameAudio,
  heardMs,
  indexIn,
  joined,
  placeWatchedCall,
  type WatchedCall,
  WatchedModel,
} from "./watched_call.ts";

/** The calls run this much faster than real time. */
const RATE = 3;

/** A call through Parley, from the simulated caller to the simulated model. */
async function callThroughParley(
  format: "pcmu" | "pcm16",
  options: Pick<RehearseOptions, "speech" | "interruptMs" | "maxSeconds">,
): Promise<{ call: WatchedCall; model: WatchedModel }> {
  const clock = new SteadyClock(RATE);
  await using model = new WatchedModel(format, clock);
  await using service = new TestService({
    OPENAI_REALTIME_URL: model.url,
    GREETING: "Hello!",
    AUDIO_FORMAT: format,
  }, clock);
  const call = await placeWatchedCall({ baseUrl: service.url, clock, ...options });
  await service.logged("call ended");
  return { call, model };
}

/** Asserts that Parley changed no audio in either direction, and knew the barge-in to 20 ms. */
function assertUnchanged(call: WatchedCall, model: WatchedModel): void {
  assertEquals(call.timeline.filter(({ action }) => action.startsWith("warning")), []);
  assertEquals(model.sent("error"), []);

  // Caller to model: every frame, in order, unchanged. The last ones may be on their way when the caller hangs up.
  const sent = model.inSessionFormat(call.sent);
  assertSameAudio(model.inputAudio, sent.subarray(0, model.inputAudio.length), "what the model heard");
  assertLess(sent.length - model.inputAudio.length, sent.length / call.sent.length * 10 * 160);

  // Model to caller: every delta, in order, unchanged; the interrupted answer up to the barge-in.
  const [greeting, interrupted, ...rest] = model.outputAudio.map(({ audio }) => audio);
  assert(greeting && interrupted);
  const otherBytes = joined([greeting, ...rest]).length;
  const heardPart = interrupted.subarray(0, call.received.length - otherBytes);
  assertSameAudio(call.received, joined([greeting, heardPart, ...rest]), "what the caller received");
  for (const answer of model.format === "pcmu" ? [interrupted, ...rest] : []) {
    assert(indexIn(call.sent, answer) > 0, "the answer is not what the caller said");
  }

  // The greeting was heard to its end, and the truncation is where the answer stopped.
  const greetedAtMs = call.timeline.find(({ actor, action }) =>
    actor === "assistant" && action === "starts speaking"
  )?.atMs;
  assertEquals(heardMs(call, greeting, greetedAtMs), 1000);
  const heard = heardMs(call, interrupted, call.turns[0]?.answerStartMs);
  const cuts = model.sent("conversation.item.truncated");
  assertEquals(cuts.map(({ item_id }) => item_id), [model.outputAudio[1]?.itemId]);
  assertAlmostEquals(Number(cuts[0]?.audio_end_ms), heard, 20);
  assertEquals(call.counts.clears, 1);

  // The lead is about 200 ms.
  assert(call.lead.typicalMs > 100 && call.lead.typicalMs < 300, `typical lead ${call.lead.typicalMs} ms`);
  assertLess(call.lead.maxMs, 400);
}

/** Interrupts an answer that the model has sent completely, and asserts its truncation. */
export async function interruptLate(format: "pcmu" | "pcm16"): Promise<void> {
  const { call, model } = await callThroughParley(format, { speech: speechLike(1500), interruptMs: 1000 });
  assertEquals(call.problem, undefined);
  assertUnchanged(call, model);

  // The answer to the interruption was heard completely.
  const [, interrupted, answer] = model.outputAudio;
  assert(interrupted && answer);
  assertEquals(heardMs(call, answer.audio, call.turns[1]?.answerStartMs), answer.audio.length / 8);
  assertGreater(answer.audio.length / 8, 1500);

  const silentMs = model.sentAt("conversation.item.truncated", interrupted.itemId) -
    model.sentAt("response.output_audio.done", interrupted.itemId);
  assertGreater(silentMs, 700);
}

/** Interrupts an answer that the model is still sending, and asserts its truncation. */
export async function interruptEarly(format: "pcmu" | "pcm16"): Promise<void> {
  // The model sends this much speech within 0.7 s. The caller interrupts as soon as it is audible: after 0.3 s, because the
  // model repeats the silence before the words too.
  const { call, model } = await callThroughParley(format, {
    speech: speechLike(4500),
    interruptMs: 0,
    maxSeconds: 8,
  });
  assertUnchanged(call, model);

  const response = model.sent("response.done")[1]?.response;
  assert(isObject(response));
  assertEquals(response.status_details, { type: "cancelled", reason: "turn_detected" });
  // The model sent faster than real time, and Parley did not send most of it.
  assertGreater((model.outputAudio[1]?.audio.length ?? 0) - (call.received.length - 8000), 1000 * 8);
}
