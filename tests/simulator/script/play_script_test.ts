/** Scripts against a real service, over real sockets. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { writeWav } from "../../../src/audio/wav.ts";
import {
  formatScriptReport,
  passScript,
  rehearseScript,
  ScriptError,
  ScriptFailure,
  type ScriptReport,
} from "../../../src/simulator/mod.ts";
import { CallServer } from "../caller/caller_server.ts";
import { speechLike } from "../model/support.ts";
import { serviceWith } from "./served.ts";

const EXAMPLES = new URL("../../../docs/rehearsal/", import.meta.url);
const ASSISTANTS_FILE = new URL("assistants.json", EXAMPLES).pathname;

Deno.test("the examples in docs/rehearsal pass", async () => {
  const scripts = [...Deno.readDirSync(EXAMPLES)].filter(({ name }) => name !== "assistants.json");
  assert(scripts.length > 0);
  const serve = serviceWith({ ASSISTANTS_FILE });
  // At once, for a call takes its time.
  await Promise.all(scripts.map(({ name }) => passScript(new URL(name, EXAMPLES).pathname, { serve })));
});

/** Each step that did not go well, with what is wrong. */
const wrong = ({ steps }: ScriptReport) =>
  steps.filter(({ state }) => state !== "ok").map((
    { where, who, state, problems },
  ) => [where || who, state, ...problems]);

const hi = { model: { say: "Hi." } };

Deno.test("audio passes for the same where the model speaks another format", async () => {
  const report = await passScript({
    turns: [
      { model: { say: "Hello, how can I help?" }, expect: { heard: "all" } },
      { caller: { say: 500 } },
      { model: { wav: "answer.wav" }, expect: { heard: "all" } },
    ],
    expect: { session: { audio: { output: { format: { type: "audio/pcm", rate: 24000 } } } } },
  }, {
    serve: serviceWith({ AUDIO_FORMAT: "pcm16" }),
    readFile: () => Promise.resolve(writeWav([speechLike(600, 16000)], 16000)),
  });
  assertEquals(report.recording.heard.length, report.recording.spoken.length);
});

Deno.test("an expectation that is not met says what was expected, and what came", async () => {
  const report = await rehearseScript({
    turns: [
      {
        model: { say: "Hi." },
        expect: {
          instructions: "/sing/",
          notes: ["hello"],
          session: { tools: ["fly"], instructions: "/^Be/" },
        },
      },
      { caller: { say: 300 } },
      {
        model: { say: "Well.", calls: [{ name: "fly", arguments: "{oh" }, { name: "swim" }] },
        expect: { outputs: [{ ok: true }, "/no tool/i"], heard: [0, 100] },
      },
      { model: { say: "No." } },
    ],
    expect: { ending: "service", verbs: ["Dial"], heard: ["Hi."], digits: "1", session: { voice: "x" } },
    patienceSeconds: 1,
  }, { serve: serviceWith({ GREETING: "Say hello.", SYSTEM_MESSAGE: "Speak." }) });

  assertEquals(report.passed, false);
  const [first = [], third = [], end = []] = wrong(report);
  assertEquals(first, [
    "turns[0]",
    "failed",
    `instructions: expected /sing/, got "Speak.\\n\\nSay hello."`,
    "notes: expected hello, got none",
    'session.instructions: expected /^Be/, got "Speak."',
    'session.tools: expected ["fly"], got ["end_call"]',
  ]);
  assertEquals(third.slice(0, 2), ["turns[2]", "failed"]);
  assertMatch(third[2] ?? "", /^outputs\[0\]\.ok: expected true, got nothing$/);
  assertMatch(third[3] ?? "", /^heard: expected 0 to 100 ms, got \d+ of 360 ms$/);
  assertEquals(third.length, 4);
  assertEquals(end.slice(0, 2), ["call", "failed"]);
  assertMatch(end[2] ?? "", /^waited 1\.7 s for the call to end$/);
  assertEquals(end.slice(3), [
    'verbs[0].verb: expected "Dial", got "Connect"',
    'heard: expected 1 in the list, got 3: ["Hi.","Well.","No."]',
    'digits: expected "1", got ""',
    'session.voice: expected "x", got nothing',
  ]);
});

Deno.test("how much of an answer was heard can be told in a word", async () => {
  const report = await rehearseScript({
    turns: [
      { model: { say: "Hello, how can I help you today?" }, expect: { heard: "all" } },
      { caller: { interrupt: 600, say: 300 } },
      { model: { say: "Yes, please?" }, expect: { heard: "part" } },
      { caller: { hangUp: true } },
    ],
  }, { serve: serviceWith() });
  const [[, , first = ""] = [], [, , third = ""] = []] = wrong(report);
  assertMatch(first, /^heard: expected all, got \d+ of 1920 ms$/);
  assertMatch(third, /^heard: expected part, got 7\d0 of 720 ms$/);
});

Deno.test("a step that never comes is named, and what follows is not reached", async () => {
  const report = await rehearseScript({
    turns: [hi, { model: { say: "And another thing." } }, { caller: { hangUp: true } }],
    patienceSeconds: 1,
  }, { serve: serviceWith() });
  assertEquals(wrong(report), [
    ["turns[1]", "failed", "waited 1.4 s, and the model was not asked to speak"],
    ["turns[2]", "not reached"],
    ["call", "not reached"],
  ]);
});

Deno.test("a turn that comes after the end of the call is named", async () => {
  const report = await rehearseScript({
    turns: [{ model: { say: "Hi.", call: { name: "end_call" } } }, { caller: { say: 300 } }, hi],
  }, { serve: serviceWith({ ASSISTANTS_FILE }) });
  assertEquals(wrong(report), [
    ["turns[1]", "failed", "it never came: the service ended the call"],
    ["turns[2]", "not reached"],
  ]);
});

Deno.test("a turn too many of the model is named, with who asked for it", async () => {
  const report = await rehearseScript({
    turns: [{ model: { call: { name: "fly" } } }, { caller: { hangUp: true } }],
  }, { serve: serviceWith() });
  const [[where = "", , problem = ""] = []] = wrong(report);
  assertEquals(where, "turns[1]");
  assertMatch(
    problem,
    /^the model was asked to speak \(by the service: .*\), and the script has no turn for it here$/,
  );
});

Deno.test("a call that is rejected is an ending like another", async () => {
  const serve = serviceWith({ DENIED_CALLERS: "+15550666" });
  const call = { from: "+15550666" };
  await passScript({ call, turns: [], expect: { ending: "rejected", verbs: [{ verb: "Reject" }] } }, {
    serve,
  });
  const report = await rehearseScript({ call, turns: [hi] }, { serve });
  assertEquals(wrong(report), [
    ["turns[0]", "failed", "it never came: the call was rejected"],
    ["call", "failed", "The server rejected the call (rejected)"],
  ]);
});

Deno.test("a session that breaks off in mid-answer is followed by another, which has the script's next turn", async () => {
  await passScript({
    turns: [
      hi,
      { caller: { say: 300 } },
      { model: { say: "I was just", fail: { close: 1011 } } },
      { model: { say: "going to say that." }, expect: { instructions: "/cut off/", heard: "all" } },
    ],
  }, { serve: serviceWith() });
});

Deno.test("a session that is refused is played to the caller's end", async () => {
  await passScript({
    turns: [hi, { caller: { say: 300 } }, { model: { fail: { error: "insufficient_quota" } } }],
    expect: { ending: "service", verbs: ["Connect", { verb: "Say", text: "/sorry/i" }, "Hangup"] },
  }, { serve: serviceWith() });
});

Deno.test("keys are pressed where a document gathers them, and the call is signed", async () => {
  await using server = new CallServer({
    twiml: (_, path) =>
      `<Response>${path === "/keys" ? "<Hangup/>" : '<Gather action="/keys" numDigits="1"/>'}</Response>`,
  });
  await passScript({
    turns: [{ caller: { press: "2" } }],
    expect: { ending: "service", verbs: ["Gather", "Hangup"] },
  }, {
    serve: () => ({ url: server.url, close: () => Promise.resolve() }),
    authToken: "secret",
  });
  const keys = server.webhooks.find(({ path }) => path === "/keys");
  assertEquals(keys?.form.Digits, "2");
  assert(keys?.signature);
});

Deno.test("passScript throws the report", async () => {
  const script = { name: "no way", turns: [], expect: { ending: "transferred" }, patienceSeconds: 1 };
  const failure = await assertRejects(
    () => passScript(script, { serve: serviceWith({ GREETING: "" }) }),
    ScriptFailure,
  );
  assertEquals(failure.message, formatScriptReport(failure.report));
  assertMatch(failure.message, /^no way\n\n +failed +call .*\n +waited 1\.0 s for the call to end\n/);
});

Deno.test("a script that cannot be played is not begun", async () => {
  let served = false;
  const serve = () => {
    served = true;
    return Promise.reject(new Error("not this one"));
  };
  await assertRejects(() => rehearseScript({ turns: [{}] }, { serve }), ScriptError);
  assertEquals(served, false);
});

Deno.test("a service that does not start leaves nothing open", async () => {
  const serve = () => Promise.reject(new Error("port taken"));
  await assertRejects(() => rehearseScript({ turns: [hi] }, { serve }), Error, "port taken");
});

Deno.test("a rehearsal can be stopped", async () => {
  const stop = new AbortController();
  const report = await rehearseScript({ turns: [hi, { caller: { pause: 60_000, say: 300 } }, hi] }, {
    serve: serviceWith(),
    signal: stop.signal,
    onProgress: ({ elapsedMs }) => elapsedMs > 300 && stop.abort(),
  });
  assertEquals([report.passed, wrong(report)[0]?.[0]], [false, "turns[1]"]);
});
