import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { writeWav } from "../../../src/audio/wav.ts";
import { loadScript } from "../../../src/simulator/script/load_script.ts";
import { ScriptError } from "../../../src/simulator/script/script.ts";
import { speechLike } from "../model/support.ts";

/** Reads files that are only in memory. */
const from = (files: Record<string, string | Uint8Array>) => (path: string): Promise<Uint8Array> => {
  const file = files[path];
  if (file === undefined) return Promise.reject(new Error("no such file"));
  return Promise.resolve(typeof file === "string" ? new TextEncoder().encode(file) : file);
};

const nothing = from({});
const problemsOf = async (script: unknown, files = nothing) =>
  (await assertRejects(() => loadScript(script, files), ScriptError)).problems;

Deno.test("reads a script with comments, and all that was left out", async () => {
  const text = `\uFEFF{
    // A comment.
    "turns": [
      { "model": { "say": "Hi", "call": { "name": "look_up", "arguments": { "a": 1 } } }, "expect": { "output": 1 } },
      { "caller": { "say": 500, "press": "12#", "hangUp": true } },
    ],
  }`;
  const { turns, ...rest } = await loadScript("cases/first.json", from({ "cases/first.json": text }));
  assertEquals(rest, {
    name: "first",
    from: "+15550100001",
    to: "+15550100002",
    dial: {},
    patienceMs: 10_000,
    expect: {},
  });
  const [model, caller] = turns;
  assertEquals(model?.who === "model" && { ...model, speech: model.speech?.length }, {
    who: "model",
    where: "first.json:4",
    title: 'says "Hi", calls look_up',
    text: "Hi",
    speech: 360 * 8,
    calls: [{ name: "look_up", arguments: '{"a":1}', overMs: 0 }],
    approval: undefined,
    slowMs: 0,
    fail: {},
    expect: { output: 1 },
  });
  assertEquals(caller?.who === "caller" && { ...caller, speech: caller.speech?.length }, {
    who: "caller",
    where: "first.json:5",
    title: "says 500 ms, presses 12#, hangs up",
    interruptMs: undefined,
    pauseMs: 0,
    speech: 500 * 8,
    keys: "12#",
    hangsUp: true,
  });
});

Deno.test("finds a recording beside the script", async () => {
  const files = from({
    "cases/first.json": '{ "turns": [{ "model": { "wav": "hello.wav" } }] }',
    "cases/hello.wav": writeWav([speechLike(400)], 8000),
  });
  const { turns: [turn] } = await loadScript("cases/first.json", files);
  assertEquals(turn?.title, "says hello.wav");
});

Deno.test("reads a script that is no file, and a recording beside it", async () => {
  const wav = writeWav([speechLike(400, 24000)], 24000);
  const { name, turns } = await loadScript(
    { turns: [{ model: { wav: "hello.wav" } }] },
    from({ "hello.wav": wav }),
  );
  const [turn] = turns;
  assertEquals([name, turn?.where], ["rehearsal", "turns[0]"]);
  // Without what is silent at both ends.
  assertAlmostEquals(turn?.speech?.length ?? 0, 400 * 8, 16);
});

Deno.test("what becomes of a number is a status, or a status with its times", async () => {
  const { dial } = await loadScript(
    { turns: [], dial: { "+15550100": "busy", "*": { status: "completed", talkMs: 900 } } },
    nothing,
  );
  assertEquals(dial, {
    "+15550100": { status: "busy", ringMs: 200, talkMs: 200 },
    "*": { status: "completed", ringMs: 200, talkMs: 900 },
  });
});

Deno.test("everything that is wrong in a file is told at once, with line and column", async () => {
  const text = `{
  "name": 7,
  "turns": [
    { "model": { "sai": "x" } },
    { "caller": { "say": 50, "press": "1x" } },
    {}
  ]
}`;
  assertEquals(await problemsOf("a/bad.json", from({ "a/bad.json": text })), [
    "bad.json:2:3: name: found 7; allowed: a text",
    "bad.json:4:18: turns[0].model.sai: found a name that means nothing; allowed: say, wav, call, calls, approval, " +
    "slow, fail",
    "bad.json:5:19: turns[1].caller.say: found 50; allowed: whole milliseconds from 200 to 600000",
    'bad.json:5:30: turns[1].caller.press: found "1x"; allowed: keys: 0 to 9, *, #, A to D',
  ]);
});

Deno.test("a file that is no JSON, is empty, or has a name twice", async () => {
  const files = from({ "a.json": '{ "turns": [ }', "b.json": "", "c.json": '{\n"turns": [],\n"turns": []}' });
  assertEquals(await problemsOf("a.json", files), ["a.json:1:14: this is no JSON: value expected"]);
  assertEquals(await problemsOf("b.json", files), ["b.json:1:1: this is no JSON: value expected"]);
  assertEquals(await problemsOf("c.json", files), ["c.json:3:1: turns: found it twice; keep one of them"]);
  assertEquals(await problemsOf("d.json", files), ['Cannot read "d.json": no such file']);
});

const hello = { model: { say: "Hello, how can I help?" } };
const word = { caller: { say: 500 } };
const IMPOSSIBLE: [what: string, script: Record<string, unknown>, says: string][] = [
  ["a turn of nobody", { turns: [{}] }, "turns[0]: found a turn of both or of nobody"],
  ["a turn of both", { turns: [{ ...hello, ...word }] }, "turns[0]: found a turn of both or of nobody"],
  ["a model with nothing to do", { turns: [{ model: {} }] }, "turns[0].model: found nothing to do"],
  ["a caller with nothing to do", { turns: [{ caller: {} }] }, "turns[0].caller: found nothing to do"],
  [
    "a turn after the hang-up",
    { turns: [{ caller: { hangUp: true } }, hello] },
    "turns[1]: found a turn after the caller hung up; allowed: nothing",
  ],
  [
    "words at the end that nobody answers",
    { turns: [hello, word] },
    "turns[1]: found words at the end that nobody answers",
  ],
  [
    "an interruption of nothing",
    { turns: [{ caller: { interrupt: 500, say: 500 } }, hello] },
    "turns[0].caller.interrupt: found nothing to interrupt",
  ],
  [
    "an interruption of a call without words",
    { turns: [{ model: { call: { name: "f" } } }, { caller: { interrupt: 500, say: 500 } }, hello] },
    "turns[1].caller.interrupt: found nothing to interrupt",
  ],
  [
    "an interruption after the end",
    { turns: [hello, { caller: { interrupt: 1320, say: 500 } }, hello] },
    "turns[1].caller.interrupt: found 1320 ms into an answer of 1320 ms; allowed: less than that",
  ],
  [
    "an interruption without words",
    { turns: [hello, { caller: { interrupt: 500, hangUp: true } }] },
    "turns[1].caller.interrupt: found no words to interrupt with",
  ],
  [
    "an output without a call",
    { turns: [{ ...hello, expect: { output: 1 } }] },
    "turns[0].expect.output: found it for 0 calls; allowed: for one",
  ],
  [
    "one output of two calls",
    { turns: [{ model: { calls: [{ name: "f" }, { name: "g" }] }, expect: { outputs: [1] } }] },
    "turns[0].expect.outputs: found 1 for 2 calls; allowed: one for each",
  ],
  [
    "call and calls",
    { turns: [{ model: { call: { name: "f" }, calls: [{ name: "g" }] } }] },
    "turns[0].model.calls: found call and calls",
  ],
  [
    "an approval nobody asked for",
    { turns: [{ ...hello, expect: { approved: true } }] },
    "turns[0].expect.approved: found it where nothing is asked for",
  ],
  [
    "hearing what is not said",
    { turns: [{ model: { say: "" }, expect: { heard: "all" } }] },
    "turns[0].expect.heard: found it where nothing is said",
  ],
  [
    "hearing more at least than at most",
    { turns: [{ ...hello, expect: { heard: [900, 100] } }] },
    "turns[0].expect.heard: found more at least than at most",
  ],
  [
    "an expectation of the caller",
    { turns: [{ caller: { hangUp: true }, expect: { notes: [] } }] },
    "turns[0].expect: found an expectation; allowed: in turns of the model",
  ],
  [
    "two ways to fail",
    { turns: [{ model: { fail: { response: "x", hang: true } } }] },
    "turns[0].model.fail: found no single way",
  ],
  ["no way to fail", { turns: [{ model: { fail: {} } }] }, "turns[0].model.fail: found no single way"],
  [
    "an error and words",
    { turns: [{ model: { say: "x", fail: { error: "x" } } }] },
    "turns[0].model.fail: found an error instead of a response that says something",
  ],
  [
    "turns of a rejected call",
    { turns: [hello], expect: { ending: "rejected" } },
    "turns: found turns of a call that is rejected",
  ],
  [
    "to have heard what nobody says",
    { turns: [hello], expect: { heard: ["Goodbye."] } },
    'expect.heard[0]: found "Goodbye."; allowed: what a turn of the model says',
  ],
  [
    "a regular expression that is none",
    { turns: [{ ...hello, expect: { instructions: "/(/" } }] },
    'turns[0].expect.instructions: found "/(/"; allowed: a regular expression',
  ],
  [
    "a regular expression with a flag there is not",
    { turns: [{ ...hello, expect: { notes: ["/x/g"] } }] },
    'turns[0].expect.notes[0]: found "/x/g"; allowed: a regular expression',
  ],
  [
    "milliseconds and a WAV",
    { turns: [{ caller: { say: 500, wav: "x.wav", hangUp: true } }] },
    "turns[0].caller.say: found milliseconds beside a WAV",
  ],
  ["a WAV that is not there", { turns: [{ model: { wav: "x.wav" } }] }, "turns[0].model.wav: Cannot read"],
  [
    "an ending there is not",
    { turns: [], expect: { ending: "maybe" } },
    'expect.ending: found "maybe"; allowed: caller',
  ],
  ["no script at all", { turn: [] }, "turns: found nothing; allowed: a list"],
];

for (const [what, script, says] of IMPOSSIBLE) {
  Deno.test(`refuses ${what}`, async () => {
    const problems = await problemsOf(script);
    assertEquals(problems.filter((problem) => problem.startsWith(says)).length, 1, problems.join("\n"));
  });
}

Deno.test("refuses a recording that is silent, and one that is none", async () => {
  const script = { turns: [{ model: { wav: "a.wav" } }, { caller: { wav: "b.wav", hangUp: true } }] };
  const files = from({ "a.wav": writeWav([new Int16Array(8000)], 8000), "b.wav": "hello" });
  const [silent = "", none = ""] = await problemsOf(script, files);
  assertEquals(silent, 'turns[0].model.wav: Cannot use "a.wav": it is as good as silent');
  assertEquals(none.startsWith("turns[1].caller.wav: "), true, none);
});
