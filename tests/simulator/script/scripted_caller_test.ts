/** Turn order and timing: both sides of a script on a fake clock. */

import { assert, assertEquals } from "@std/assert";
import { SpeechTracker } from "../../../src/simulator/caller/speech_tracker.ts";
import { loadScript } from "../../../src/simulator/script/load_script.ts";
import { ScriptedCaller } from "../../../src/simulator/script/scripted_caller.ts";
import { ScriptProgress } from "../../../src/simulator/script/script_progress.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { tone } from "../caller/caller_server.ts";

const FRAME_MS = 20;
const noFiles = () => Promise.reject(new Error("no such file"));

/** A caller on a stream. The test sets its audio frame by frame. */
async function lineUp(turns: unknown[], more: Record<string, unknown> = {}) {
  const clock = new FakeClock();
  const progress = new ScriptProgress(await loadScript({ turns, ...more }, noFiles), clock);
  progress.start();
  const assistantSpeech = new SpeechTracker();
  const keys: [key: string, atMs: number][] = [];
  let now = 0;
  const caller = new ScriptedCaller(progress, {
    assistantSpeech,
    startedAt: clock.now(),
    press: (key) => void keys.push([key, now]),
  });
  const words: number[] = [];
  let hungUpAt: number | undefined;
  const sound = tone(FRAME_MS), silence = new Uint8Array(FRAME_MS * 8).fill(0xff);
  return {
    clock,
    progress,
    caller,
    keys,
    /** The first and the last frame of each of the caller's utterances (ms). */
    get spoke() {
      const gap = 100;
      return words.filter((at, i) =>
        !(at - (words[i - 1] ?? -gap) < gap && (words[i + 1] ?? Infinity) - at < gap)
      );
    },
    get hungUpAt() {
      return hungUpAt;
    },
    /** The caller hears the assistant, or silence, for `ms`. */
    hear(ms: number, what: "speech" | "silence" = "silence") {
      for (const end = now + ms; now < end && hungUpAt === undefined; now += FRAME_MS) {
        const frame = caller.nextFrame(now, FRAME_MS * 8);
        if (!frame) hungUpAt = now;
        else if (frame.some((byte) => byte !== 0xff)) words.push(now);
        assistantSpeech.process(what === "speech" ? sound : silence, now);
        clock.advance(FRAME_MS);
      }
    },
    /** Requests a response of the model, which sends all of it at once. */
    ask(cause = "by a test") {
      const started = progress.startModelTurn(cause);
      progress.responseSent();
      return started;
    },
    problems: () => [...progress.records.flatMap(({ problems }) => problems), ...progress.problems],
  };
}

const hello = { model: { say: "Hello, how can I help?" } };

Deno.test("ScriptedCaller speaks 600 ms after the answer and hangs up after the last one", async () => {
  const line = await lineUp([hello, { caller: { say: 400 } }, hello]);
  line.ask();
  line.hear(100);
  line.hear(1320, "speech");
  line.hear(1580);
  assertEquals(line.spoke, [2020, 2400]);
  assertEquals(line.ask()?.index, 2);
  line.hear(300);
  line.hear(1320, "speech");
  line.hear(1000);
  assertEquals([line.hungUpAt, line.caller.hangUpReason], [3000 + 300 + 1320 + 600, "end of the script"]);
  assertEquals(line.problems(), []);
});

Deno.test("ScriptedCaller waits until the answer was sent and heard", async () => {
  const line = await lineUp([hello, { caller: { say: 400 } }, hello]);
  line.progress.startModelTurn("by a test");
  line.hear(2000);
  assertEquals(line.spoke, [], "nothing was heard yet");
  line.hear(500, "speech");
  line.hear(2000);
  assertEquals(line.spoke, [], "the model has not sent all of it");
  line.progress.responseSent();
  line.hear(620);
  assertEquals(line.spoke, [5100]);
});

Deno.test("ScriptedCaller does not wait for audio of a model that says nothing", async () => {
  const line = await lineUp([{ model: { call: { name: "f" } } }, { caller: { hangUp: true } }]);
  line.ask();
  line.hear(1000);
  assertEquals([line.hungUpAt, line.caller.hangUpReason], [600, "as the script says"]);
});

Deno.test("ScriptedCaller waits for a function output before it hangs up at the end", async () => {
  const line = await lineUp([{ model: { call: { name: "f" } } }]);
  const { record } = line.ask() ?? {};
  line.hear(3000);
  assertEquals(line.hungUpAt, undefined);
  record?.outputs.push("{}");
  line.hear(40);
  assertEquals(line.hungUpAt, 3000);
});

Deno.test("ScriptedCaller barges in after the given part of the answer", async () => {
  const line = await lineUp([hello, { caller: { interrupt: 500, say: 400 } }, hello]);
  line.ask();
  line.hear(200);
  line.hear(1320, "speech");
  assertEquals(line.spoke, [700, 1080]);
  assertEquals(line.problems(), []);
});

Deno.test("ScriptedCaller fails its turn when the answer is shorter than the interruption", async () => {
  const line = await lineUp([hello, { caller: { interrupt: 500, say: 400 } }, hello]);
  line.ask();
  line.hear(300, "speech");
  line.hear(1000);
  assert(line.progress.stopped.aborted);
  assertEquals(line.problems(), ["could not interrupt after 500 ms: the answer ended after 300 ms"]);
});

Deno.test("ScriptedCaller pauses, speaks and presses keys 200 ms apart", async () => {
  const line = await lineUp([{ caller: { pause: 300, say: 200, press: "1#" } }, hello]);
  line.hear(2000);
  assertEquals(line.spoke, [900, 1080]);
  assertEquals(line.keys, [["1", 1100], ["#", 1300]]);
});

Deno.test("ScriptProgress gives the turn to the model before the last key is sent", async () => {
  const line = await lineUp([{ caller: { press: "1#" } }, hello]);
  line.hear(720);
  assertEquals(line.progress.turn?.actor, "caller");
  line.hear(100);
  assertEquals(line.keys.length, 2);
  assertEquals(line.ask()?.index, 1);
});

Deno.test("ScriptedCaller starts a turn right after its previous one", async () => {
  const turns = [hello, { caller: { interrupt: 500, say: 200 } }, { caller: { press: "1" } }, hello];
  const line = await lineUp(turns);
  line.ask();
  line.hear(1320, "speech");
  assertEquals([line.spoke, line.keys], [[500, 680], [["1", 720]]]);
});

Deno.test("ScriptProgress.pressKeys() returns the keys of a turn that has only keys", async () => {
  const line = await lineUp([{ caller: { press: "2" } }, { caller: { say: 200, press: "3" } }, hello]);
  assertEquals(line.progress.pressKeys(), "2");
  assertEquals(line.progress.pressKeys(), undefined);
});

Deno.test("ScriptProgress stops when a response is requested out of turn", async () => {
  const line = await lineUp([hello, { caller: { say: 400 } }, hello]);
  line.ask();
  assertEquals(line.ask("by the service: Go on."), undefined);
  assert(line.progress.stopped.aborted);
  assertEquals(line.progress.records[1]?.problems, [
    "a response was requested (by the service: Go on.), but the script has no turn of the model here",
  ]);
  assertEquals(line.clock.pending, 0);
});

Deno.test("ScriptProgress fails the call when a response is requested after the model's last turn", async () => {
  const line = await lineUp([hello]);
  line.ask();
  line.ask();
  assertEquals(line.progress.problems.length, 1);
});

Deno.test("ScriptProgress times out when no response is requested", async () => {
  const line = await lineUp([hello], { timeoutSeconds: 3 });
  line.clock.advance(2999);
  assert(!line.progress.stopped.aborted);
  line.clock.advance(1);
  assertEquals(line.problems(), ["waited 3.0 s, but no response was requested"]);
});

Deno.test("ScriptProgress times out when the answer is never heard", async () => {
  const line = await lineUp([hello, { caller: { say: 400 } }, hello], { timeoutSeconds: 3 });
  line.ask();
  line.hear(6000);
  assertEquals(line.problems(), [
    "waited 4.3 s, but the assistant was not heard to the end",
  ]);
});

Deno.test("ScriptProgress times out when the call does not end", async () => {
  const line = await lineUp([hello], { timeoutSeconds: 3, expect: { ending: "service" } });
  line.ask();
  line.hear(1320, "speech");
  line.hear(5000);
  assertEquals([line.problems(), line.hungUpAt], [["waited 4.3 s for the call to end"], undefined]);
});

Deno.test("ScriptProgress does not time out a turn that has begun", async () => {
  const line = await lineUp([{ caller: { pause: 30_000, say: 200 } }, hello], { timeoutSeconds: 1 });
  line.hear(31_000);
  assertEquals([line.spoke[0], line.problems()], [30_600, []]);
});

Deno.test("ScriptProgress reports nothing after the end of the call", async () => {
  const line = await lineUp([hello]);
  line.progress.end();
  assertEquals([line.clock.pending, line.ask(), line.problems()], [0, undefined, []]);
});
