import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { writeWav } from "../../../src/audio/wav.ts";
import { loadScript } from "../../../src/simulator/script/load_script.ts";
import { ScriptError } from "../../../src/simulator/script/script.ts";
import { speechLike } from "../model/support.ts";

/** Reads files in memory. */
const from = (files: Record<string, string | Uint8Array>) => (path: string): Promise<Uint8Array> => {
  const file = files[path];
  if (file === undefined) return Promise.reject(new Error("no such file"));
  return Promise.resolve(typeof file === "string" ? new TextEncoder().encode(file) : file);
};

const nothing = from({});
const problemsOf = async (script: unknown, files = nothing) =>
  (await assertRejects(() => loadScript(script, files), ScriptError)).problems;

Deno.test("loadScript() reads a script with comments and fills in defaults", async () => {
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
    timeoutMs: 10_000,
    expect: {},
  });
  const [model, caller] = turns;
  assertEquals(model?.actor === "model" && { ...model, speech: model.speech?.length }, {
    actor: "model",
    location: "first.json:4",
    title: 'says "Hi", calls look_up',
    text: "Hi",
    speech: 360 * 8,
    calls: [{ name: "look_up", arguments: '{"a":1}', durationMs: 0 }],
    mcp: undefined,
    approval: undefined,
    slowMs: 0,
    fail: {},
    expect: { output: 1 },
  });
  assertEquals(caller?.actor === "caller" && { ...caller, speech: caller.speech?.length }, {
    actor: "caller",
    location: "first.json:5",
    title: "speaks for 500 ms, presses 12#, hangs up",
    interruptMs: undefined,
    pauseMs: 0,
    speech: 500 * 8,
    keys: "12#",
    hangsUp: true,
  });
});

Deno.test("loadScript() reads a recording beside the script", async () => {
  const files = from({
    "cases/first.json": '{ "turns": [{ "model": { "wav": "hello.wav" } }] }',
    "cases/hello.wav": writeWav([speechLike(400)], 8000),
  });
  const { turns: [turn] } = await loadScript("cases/first.json", files);
  assertEquals(turn?.title, "says hello.wav");
});

Deno.test("loadScript() reads a value, and a recording without the silence at both ends", async () => {
  const wav = writeWav([speechLike(400, 24000)], 24000);
  const { name, turns } = await loadScript(
    { turns: [{ model: { wav: "hello.wav" } }] },
    from({ "hello.wav": wav }),
  );
  const [turn] = turns;
  assertEquals([name, turn?.location], ["rehearsal", "turns[0]"]);
  assertAlmostEquals(turn?.speech?.length ?? 0, 400 * 8, 16);
});

Deno.test("loadScript() reads the outcome of a dialed number as a status or an object", async () => {
  const { dial } = await loadScript(
    { turns: [], dial: { "+15550100": "busy", "*": { status: "completed", talkMs: 900 } } },
    nothing,
  );
  assertEquals(dial, {
    "+15550100": { status: "busy", ringMs: 200, talkMs: 200 },
    "*": { status: "completed", ringMs: 200, talkMs: 900 },
  });
});

Deno.test("loadScript() reports every problem of a file with line and column", async () => {
  const text = `{
  "name": 7,
  "turns": [
    { "model": { "sai": "x" } },
    { "caller": { "say": 50, "press": "1x" } },
    {}
  ]
}`;
  assertEquals(await problemsOf("a/bad.json", from({ "a/bad.json": text })), [
    "bad.json:2:3: name: found 7; allowed: a string",
    "bad.json:4:18: turns[0].model.sai: unknown name; allowed: say, wav, call, calls, mcp, approval, " +
    "slow, fail",
    "bad.json:5:19: turns[1].caller.say: found 50; allowed: whole milliseconds from 200 to 600000",
    'bad.json:5:30: turns[1].caller.press: found "1x"; allowed: keys: 0 to 9, *, #, A to D',
  ]);
});

Deno.test("loadScript() reports invalid JSON, an empty file and a duplicate name", async () => {
  const files = from({ "a.json": '{ "turns": [ }', "b.json": "", "c.json": '{\n"turns": [],\n"turns": []}' });
  assertEquals(await problemsOf("a.json", files), ["a.json:1:14: invalid JSON: value expected"]);
  assertEquals(await problemsOf("b.json", files), ["b.json:1:1: invalid JSON: value expected"]);
  assertEquals(await problemsOf("c.json", files), ["c.json:3:1: turns: duplicate; keep one of them"]);
  await assertRejects(() => loadScript("d.json", nothing), Error, 'Cannot read "d.json": no such file');
});

const hello = { model: { say: "Hello, how can I help?" } };
const word = { caller: { say: 500 } };
const INVALID: [problem: string, script: unknown[] | Record<string, unknown>][] = [
  ["turns[0]: found neither; allowed: one of model, caller", [{}]],
  ["turns[0]: found both; allowed: one of model, caller", [{ ...hello, ...word }]],
  ["turns[0].model: found no action", [{ model: {} }]],
  ["turns[0].caller: found no action", [{ caller: {} }]],
  ["turns[1]: found a turn after the caller hung up; allowed: none", [{ caller: { hangUp: true } }, hello]],
  ["turns[1]: found speech without an answer at the end", [hello, word]],
  ["turns[0].caller.interrupt: found nothing to interrupt", [
    { caller: { interrupt: 500, say: 500 } },
    hello,
  ]],
  ["turns[1].caller.interrupt: found nothing to interrupt", [{ model: { call: { name: "f" } } }, {
    caller: { interrupt: 500, say: 500 },
  }, hello]],
  ["turns[1].caller.interrupt: found 1320 ms into an answer of 1320 ms; allowed: less than that", [hello, {
    caller: { interrupt: 1320, say: 500 },
  }, hello]],
  ["turns[1].caller.interrupt: found nothing to interrupt with", [hello, {
    caller: { interrupt: 500, hangUp: true },
  }]],
  ["turns[0].expect.output: found it for 0 calls; allowed: for one", [{ ...hello, expect: { output: 1 } }]],
  ["turns[0].expect.outputs: found 1 for 2 calls; allowed: one for each", [{
    model: { calls: [{ name: "f" }, { name: "g" }] },
    expect: { outputs: [1] },
  }]],
  ["turns[0].model.calls: found call and calls", [{
    model: { call: { name: "f" }, calls: [{ name: "g" }] },
  }]],
  ["turns[0].expect.approved: found it without an approval", [{ ...hello, expect: { approved: true } }]],
  ["turns[0].expect.heard: found it without speech", [{ model: { say: "" }, expect: { heard: "all" } }]],
  ["turns[0].expect.heard: found a minimum above the maximum", [{ ...hello, expect: { heard: [900, 100] } }]],
  ["turns[0].expect: found an expectation; allowed: in turns of the model", [{
    caller: { hangUp: true },
    expect: { notes: [] },
  }]],
  ["turns[0].model.fail: found none or several", [{ model: { fail: { response: "x", hang: true } } }]],
  ["turns[0].model.fail: found none or several", [{ model: { fail: {} } }]],
  ["turns[0].model.fail: found an error beside a response", [{ model: { say: "x", fail: { error: "x" } } }]],
  ["turns: found turns of a call that is rejected", { turns: [hello], expect: { ending: "rejected" } }],
  ['expect.heard[0]: found "Goodbye."; allowed: the text of a turn of the model', {
    turns: [hello],
    expect: { heard: ["Goodbye."] },
  }],
  ['turns[0].expect.instructions: found "/(/"; allowed: a regular expression', [{
    ...hello,
    expect: { instructions: "/(/" },
  }]],
  ['turns[0].expect.notes[0]: found "/x/g"; allowed: a regular expression', [{
    ...hello,
    expect: { notes: ["/x/g"] },
  }]],
  ["turns[0].caller.say: found milliseconds beside a WAV", [{
    caller: { say: 500, wav: "x.wav", hangUp: true },
  }]],
  ["turns[0].model.wav: Cannot read", [{ model: { wav: "x.wav" } }]],
  ['expect.ending: found "maybe"; allowed: caller', { turns: [], expect: { ending: "maybe" } }],
  ["turns: found nothing; allowed: a list", { turn: [] }],
];

for (const [problem, script] of INVALID) {
  Deno.test(`loadScript() rejects a script with the problem ${problem}`, async () => {
    const problems = await problemsOf(Array.isArray(script) ? { turns: script } : script);
    assertEquals(problems.filter((each) => each.startsWith(problem)).length, 1, problems.join("\n"));
  });
}

Deno.test("loadScript() rejects a silent recording and an invalid WAV", async () => {
  const script = { turns: [{ model: { wav: "a.wav" } }, { caller: { wav: "b.wav", hangUp: true } }] };
  const files = from({ "a.wav": writeWav([new Int16Array(8000)], 8000), "b.wav": "hello" });
  const [silent = "", none = ""] = await problemsOf(script, files);
  assertEquals(silent, 'turns[0].model.wav: Cannot use "a.wav": it is silent');
  assertEquals(none.startsWith("turns[1].caller.wav: "), true, none);
});
