/** Scripts against a real service on loopback. */

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
import { concurrentTests } from "../../support/concurrent_tests.ts";

/**
 * Runs scripts concurrently. Those with a timeout of 1 s run alone, because a service that starts beside
 * others misses it.
 */
const test = concurrentTests("Scripts against a service");

const EXAMPLES = new URL("../../../docs/rehearsal/", import.meta.url);
const ASSISTANTS_FILE = new URL("assistants.json", EXAMPLES).pathname;

/** Each step that is not ok, with its problems. */
const failures = ({ steps }: ScriptReport) =>
  steps.filter(({ state }) => state !== "ok").map((
    { location, actor, state, problems },
  ) => [location || actor, state, ...problems]);

const hi = { model: { say: "Hi." } };

for (const { name } of Deno.readDirSync(EXAMPLES)) {
  if (name === "assistants.json") continue;
  test(`passScript() passes docs/rehearsal/${name}`, async () => {
    await passScript(new URL(name, EXAMPLES).pathname, serviceWith({ ASSISTANTS_FILE }));
  });
}

test("rehearseScript() has the named assistant answer, whatever the rules say", async () => {
  await passScript(
    { call: { assistant: "night" }, turns: [hi], expect: { session: { instructions: "/asleep/" } } },
    serviceWith({ ASSISTANTS_FILE: new URL("night.json", import.meta.url).pathname }),
  );
});

test("rehearseScript() finds the model's audio when the session uses PCM", async () => {
  const report = await passScript({
    turns: [
      { model: { say: "Hello, how can I help?" }, expect: { heard: "all" } },
      { caller: { say: 500 } },
      { model: { wav: "answer.wav" }, expect: { heard: "all" } },
    ],
    expect: { session: { audio: { output: { format: { type: "audio/pcm", rate: 24000 } } } } },
  }, {
    ...serviceWith({ AUDIO_FORMAT: "pcm16" }),
    readFile: () => Promise.resolve(writeWav([speechLike(600, 16000)], 16000)),
  });
  assertEquals(report.recording.heard.length, report.recording.spoken.length);
});

Deno.test("rehearseScript() reports what was expected and what happened", async () => {
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
    timeoutSeconds: 1,
  }, serviceWith({ GREETING: "Say hello.", SYSTEM_MESSAGE: "Speak." }));

  assertEquals(report.passed, false);
  const [first = [], third = [], end = []] = failures(report);
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
  const [, , { notes = [] } = {}] = report.steps;
  assertMatch(notes.join("\n"), /^fly answered with the error ".+"$/, "the script expects the error of swim");
  assertEquals(end.slice(0, 2), ["call", "failed"]);
  assertMatch(end[2] ?? "", /^waited 1\.7 s for the call to end$/);
  assertEquals(end.slice(3), [
    'verbs[0].verb: expected "Dial", got "Connect"',
    'heard: expected 1 in the list, got 3: ["Hi.","Well.","No."]',
    'digits: expected "1", got ""',
    'session.voice: expected "x", got nothing',
  ]);
});

test("rehearseScript() compares how much of an answer was heard", async () => {
  const report = await rehearseScript({
    turns: [
      { model: { say: "Hello, how can I help you today?" }, expect: { heard: "all" } },
      { caller: { interrupt: 600, say: 300 } },
      { model: { say: "Yes, please?" }, expect: { heard: "part" } },
      { caller: { hangUp: true } },
    ],
  }, serviceWith());
  const [[, , first = ""] = [], [, , third = ""] = []] = failures(report);
  assertMatch(first, /^heard: expected all, got \d+ of 1920 ms$/);
  assertMatch(third, /^heard: expected part, got 7\d0 of 720 ms$/);
});

Deno.test("rehearseScript() reports a turn that never starts as failed, and later turns as not reached", async () => {
  const report = await rehearseScript({
    turns: [hi, { model: { say: "And another thing." } }, { caller: { hangUp: true } }],
    timeoutSeconds: 1,
  }, serviceWith());
  assertEquals(failures(report), [
    ["turns[1]", "failed", "waited 1.4 s, but no response was requested"],
    ["turns[2]", "not reached"],
    ["call", "not reached"],
  ]);
});

test("rehearseScript() reports a turn after the end of the call", async () => {
  const report = await rehearseScript({
    turns: [{ model: { say: "Hi.", call: { name: "end_call" } } }, { caller: { say: 300 } }, hi],
  }, serviceWith({ ASSISTANTS_FILE }));
  assertEquals(failures(report), [
    ["turns[1]", "failed", "not reached: the service ended the call"],
    ["turns[2]", "not reached"],
  ]);
});

test("rehearseScript() reports an extra response with its requester", async () => {
  const report = await rehearseScript({
    turns: [{ model: { call: { name: "fly" } } }, { caller: { hangUp: true } }],
  }, serviceWith());
  const [[where = "", , problem = ""] = []] = failures(report);
  assertEquals(where, "turns[1]");
  assertMatch(
    problem,
    /^a response was requested \(by the service: .*\), but the script has no turn of the model here$/,
  );
});

test("rehearseScript() accepts a rejected call as an ending", async () => {
  const service = serviceWith({ DENIED_CALLERS: "+15550666" });
  const call = { from: "+15550666" };
  await passScript({ call, turns: [], expect: { ending: "rejected", verbs: [{ verb: "Reject" }] } }, service);
  const report = await rehearseScript({ call, turns: [hi] }, service);
  assertEquals(failures(report), [
    ["turns[0]", "failed", "not reached: the call was rejected"],
    ["call", "failed", "The server rejected the call (rejected)"],
  ]);
});

test("rehearseScript() plays the next turn in the session after a lost one", async () => {
  await passScript({
    turns: [
      hi,
      { caller: { say: 300 } },
      { model: { say: "I was just", fail: { close: 1011 } } },
      { model: { say: "going to say that." }, expect: { instructions: "/cut off/", heard: "all" } },
    ],
  }, serviceWith());
});

test("rehearseScript() plays a refused response to the end of the call", async () => {
  await passScript({
    turns: [hi, { caller: { say: 300 } }, { model: { fail: { error: "insufficient_quota" } } }],
    expect: { ending: "service", verbs: ["Connect", { verb: "Say", text: "/sorry/i" }, "Hangup"] },
  }, serviceWith());
});

test("rehearseScript() presses keys for a Gather and signs its requests", async () => {
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

Deno.test("passScript() throws the report of a failed script", async () => {
  const script = { name: "no way", turns: [], expect: { ending: "transferred" }, timeoutSeconds: 1 };
  const failure = await assertRejects(
    () => passScript(script, serviceWith({ GREETING: "" })),
    ScriptFailure,
  );
  assertEquals(failure.message, formatScriptReport(failure.report));
  assertMatch(failure.message, /^no way\n\n +failed +call .*\n +waited 1\.0 s for the call to end\n/);
});

test("rehearseScript() starts no service for an invalid script", async () => {
  let served = false;
  const serve = () => {
    served = true;
    return Promise.reject(new Error("not this one"));
  };
  await assertRejects(() => rehearseScript({ turns: [{}] }, { serve }), ScriptError);
  assertEquals(served, false);
});

test("rehearseScript() closes the model when the service does not start", async () => {
  const serve = () => Promise.reject(new Error("port taken"));
  await assertRejects(() => rehearseScript({ turns: [hi] }, { serve }), Error, "port taken");
});

test("rehearseScript() stops when its signal aborts", async () => {
  const stop = new AbortController();
  const report = await rehearseScript({ turns: [hi, { caller: { pause: 60_000, say: 300 } }, hi] }, {
    ...serviceWith(),
    signal: stop.signal,
    onProgress: ({ elapsedMs }) => elapsedMs > 300 && stop.abort(),
  });
  assertEquals([report.passed, failures(report)[0]?.[0]], [false, "turns[1]"]);
});
