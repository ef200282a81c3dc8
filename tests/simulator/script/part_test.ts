/** Whose turn it is, and when: both sides of a script on a clock that stands still. */

import { assert, assertEquals } from "@std/assert";
import { Ear } from "../../../src/simulator/caller/ear.ts";
import { loadScript } from "../../../src/simulator/script/load_script.ts";
import { ScriptedPart } from "../../../src/simulator/script/part.ts";
import { Prompter } from "../../../src/simulator/script/prompter.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { tone } from "../caller/caller_server.ts";

const FRAME_MS = 20;
const nobody = () => Promise.reject(new Error("no such file"));

/** A caller on a stream who hears what the test lets it hear, frame by frame. */
async function lineUp(turns: unknown[], more: Record<string, unknown> = {}) {
  const clock = new FakeClock();
  const prompter = new Prompter(await loadScript({ turns, ...more }, nobody), clock);
  prompter.begin();
  const ear = new Ear();
  const keys: [key: string, atMs: number][] = [];
  let now = 0;
  const part = new ScriptedPart(prompter, {
    ear,
    startedAt: clock.now(),
    press: (key) => void keys.push([key, now]),
  });
  const words: number[] = [];
  let hungUpAt: number | undefined;
  const sound = tone(FRAME_MS), silence = new Uint8Array(FRAME_MS * 8).fill(0xff);
  return {
    clock,
    prompter,
    part,
    keys,
    /** When the caller uttered something: the first and the last frame of each stretch. */
    get spoke() {
      const gap = 100;
      return words.filter((at, i) =>
        !(at - (words[i - 1] ?? -gap) < gap && (words[i + 1] ?? Infinity) - at < gap)
      );
    },
    get hungUpAt() {
      return hungUpAt;
    },
    /** The caller hears the assistant, or nothing, for so long. */
    hear(ms: number, what: "speech" | "silence" = "silence") {
      for (const end = now + ms; now < end && hungUpAt === undefined; now += FRAME_MS) {
        const frame = part.next(now, FRAME_MS * 8);
        if (!frame) hungUpAt = now;
        else if (frame.some((byte) => byte !== 0xff)) words.push(now);
        ear.hear(what === "speech" ? sound : silence, now);
        clock.advance(FRAME_MS);
      }
    },
    /** The model is asked, and has sent all it says at once. */
    ask(why = "by a test") {
      const up = prompter.askModel(why);
      prompter.modelIsDone();
      return up;
    },
    problems: () => [...prompter.records.flatMap(({ problems }) => problems), ...prompter.problems],
  };
}

const hello = { model: { say: "Hello, how can I help?" } };

Deno.test("speaks when the answer has been over for 600 ms, and hangs up after the last", async () => {
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
  assertEquals([line.hungUpAt, line.part.hangUpReason], [3000 + 300 + 1320 + 600, "all is said"]);
  assertEquals(line.problems(), []);
});

Deno.test("does not speak before the answer was heard, nor while more of it is to come", async () => {
  const line = await lineUp([hello, { caller: { say: 400 } }, hello]);
  line.prompter.askModel("by a test");
  line.hear(2000);
  assertEquals(line.spoke, [], "nothing was heard yet");
  line.hear(500, "speech");
  line.hear(2000);
  assertEquals(line.spoke, [], "the model has not sent all of it");
  line.prompter.modelIsDone();
  line.hear(620);
  assertEquals(line.spoke, [5100]);
});

Deno.test("waits for no sound of a model that says nothing", async () => {
  const line = await lineUp([{ model: { call: { name: "f" } } }, { caller: { hangUp: true } }]);
  line.ask();
  line.hear(1000);
  assertEquals([line.hungUpAt, line.part.hangUpReason], [600, "the script says so"]);
});

Deno.test("waits for what a call comes to before it hangs up by itself", async () => {
  const line = await lineUp([{ model: { call: { name: "f" } } }]);
  const { record } = line.ask() ?? {};
  line.hear(3000);
  assertEquals(line.hungUpAt, undefined);
  record?.outputs.push("{}");
  line.hear(40);
  assertEquals(line.hungUpAt, 3000);
});

Deno.test("interrupts so many ms into the answer", async () => {
  const line = await lineUp([hello, { caller: { interrupt: 500, say: 400 } }, hello]);
  line.ask();
  line.hear(200);
  line.hear(1320, "speech");
  assertEquals(line.spoke, [700, 1080]);
  assertEquals(line.problems(), []);
});

Deno.test("cannot interrupt what was over before", async () => {
  const line = await lineUp([hello, { caller: { interrupt: 500, say: 400 } }, hello]);
  line.ask();
  line.hear(300, "speech");
  line.hear(1000);
  assert(line.prompter.stopped.aborted);
  assertEquals(line.problems(), ["could not interrupt after 500 ms: the answer was over after 300 ms"]);
});

Deno.test("pauses, speaks, and presses keys 200 ms apart", async () => {
  const line = await lineUp([{ caller: { pause: 300, say: 200, press: "1#" } }, hello]);
  line.hear(2000);
  assertEquals(line.spoke, [900, 1080]);
  assertEquals(line.keys, [["1", 1100], ["#", 1300]]);
});

Deno.test("it is the model's turn the moment the last key is out", async () => {
  const line = await lineUp([{ caller: { press: "1#" } }, hello]);
  line.hear(720);
  assertEquals(line.prompter.turn?.who, "caller");
  line.hear(100);
  assertEquals(line.keys.length, 2);
  assertEquals(line.ask()?.index, 1);
});

Deno.test("a turn of the caller that follows another begins at once, whatever is heard", async () => {
  const turns = [hello, { caller: { interrupt: 500, say: 200 } }, { caller: { press: "1" } }, hello];
  const line = await lineUp(turns);
  line.ask();
  line.hear(1320, "speech");
  assertEquals([line.spoke, line.keys], [[500, 680], [["1", 720]]]);
});

Deno.test("keys can be taken where there is no stream, if the turn is nothing else", async () => {
  const line = await lineUp([{ caller: { press: "2" } }, { caller: { say: 200, press: "3" } }, hello]);
  assertEquals(line.prompter.takeKeys(), "2");
  assertEquals(line.prompter.takeKeys(), undefined);
});

Deno.test("a model that is asked when it is not its turn ends the rehearsal", async () => {
  const line = await lineUp([hello, { caller: { say: 400 } }, hello]);
  line.ask();
  assertEquals(line.ask("by the service: Go on."), undefined);
  assert(line.prompter.stopped.aborted);
  assertEquals(line.prompter.records[1]?.problems, [
    "the model was asked to speak (by the service: Go on.), and the script has no turn for it here",
  ]);
  assertEquals(line.clock.pending, 0);
});

Deno.test("a model that is asked once more after the end fails the call", async () => {
  const line = await lineUp([hello]);
  line.ask();
  line.ask();
  assertEquals(line.prompter.problems.length, 1);
});

Deno.test("nothing is waited for without end: a model that is never asked", async () => {
  const line = await lineUp([hello], { patienceSeconds: 3 });
  line.clock.advance(2999);
  assert(!line.prompter.stopped.aborted);
  line.clock.advance(1);
  assertEquals(line.problems(), ["waited 3.0 s, and the model was not asked to speak"]);
});

Deno.test("nothing is waited for without end: an answer that is never heard", async () => {
  const line = await lineUp([hello, { caller: { say: 400 } }, hello], { patienceSeconds: 3 });
  line.ask();
  line.hear(6000);
  assertEquals(line.problems(), [
    "waited 4.3 s for its moment: the assistant was not heard to the end",
  ]);
});

Deno.test("nothing is waited for without end: a call that does not end as it should", async () => {
  const line = await lineUp([hello], { patienceSeconds: 3, expect: { ending: "service" } });
  line.ask();
  line.hear(1320, "speech");
  line.hear(5000);
  assertEquals([line.problems(), line.hungUpAt], [["waited 4.3 s for the call to end"], undefined]);
});

Deno.test("a turn that has begun is not timed, however long it takes", async () => {
  const line = await lineUp([{ caller: { pause: 30_000, say: 200 } }, hello], { patienceSeconds: 1 });
  line.hear(31_000);
  assertEquals([line.spoke[0], line.problems()], [30_600, []]);
});

Deno.test("once the call is over nothing is waited for, and nobody's turn is wrong", async () => {
  const line = await lineUp([hello]);
  line.prompter.end();
  assertEquals([line.clock.pending, line.ask(), line.problems()], [0, undefined, []]);
});
