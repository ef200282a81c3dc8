import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  AnsweringMachine,
  type Decision,
  type MachineBehaviour,
} from "../../src/dialer/answering_machine.ts";
import { ANSWERED_BY, type AnsweredBy } from "../../src/twilio/call_status.ts";
import { FakeClock } from "../support/fake_clock.ts";

const MESSAGE = 'This is "Example Ltd".\nPlease call us back.';
const APPLE = "Hi, if you record your name and reason for calling, I'll see if this person is available.";

/** A step of a call: what happens, or milliseconds that pass. */
type Step = AnsweredBy | "connected" | "answered" | "close" | { heard: string } | number;

/** What is decided on the way, each with the step it came at. */
function play(behaviour: MachineBehaviour, steps: readonly Step[]) {
  const clock = new FakeClock();
  const decisions: Decision[] = [];
  const machine = new AnsweringMachine({ behaviour, clock, decided: (decision) => decisions.push(decision) });
  const actions = steps.map((step) => {
    const before = decisions.length;
    if (typeof step === "number") clock.advance(step);
    else if (typeof step === "object") machine.heard(step.heard);
    else if (step === "connected") machine.connected();
    else if (step === "answered") machine.answered();
    else if (step === "close") machine.close();
    else machine.verdict(step);
    return decisions.slice(before).map(({ action }) => action).join(", ");
  });
  return { actions, decisions, pending: clock.pending };
}

const leave = { leave: MESSAGE };
const BEEP = "machine_end_beep";

const CASES: [what: string, behaviour: MachineBehaviour, steps: Step[], actions: string[]][] = [
  ["a person", leave, ["connected", 3_000, "human", 600_000], ["", "", "", ""]],
  ["a machine gets the message a second after its beep", leave, ["connected", 9_000, BEEP, 999, 1], [
    "",
    "",
    "keep silent",
    "",
    "leave message",
  ]],
  ["a machine is hung up on", "hang up", ["connected", BEEP, 1_000], ["", "keep silent", "hang up"]],
  ["a greeting that ended in silence", leave, ["connected", "machine_end_silence", 1_000], [
    "",
    "keep silent",
    "leave message",
  ]],
  ["a greeting that ended otherwise", leave, ["connected", "machine_end_other", 1_000], [
    "",
    "keep silent",
    "leave message",
  ]],
  [
    "a machine known before its greeting is over",
    leave,
    ["connected", "machine_start", 20_000, BEEP, 1_000],
    [
      "",
      "keep silent",
      "",
      "",
      "leave message",
    ],
  ],
  ["the beep overtakes the start", leave, ["connected", BEEP, 500, "machine_start", 1_000], [
    "",
    "keep silent",
    "",
    "",
    "leave message",
  ]],
  ["a beep that is never told", leave, ["connected", "machine_start", 59_999, 1], [
    "",
    "keep silent",
    "",
    "leave message",
  ]],
  ["Twilio cannot tell when the greeting is over", leave, ["connected", "machine_start", "unknown"], [
    "",
    "keep silent",
    "leave message",
  ]],
  ["a person who sounded like a machine", leave, ["connected", "machine_start", "human", 60_000], [
    "",
    "keep silent",
    "go on",
    "",
  ]],
  ["a fax", leave, ["connected", "fax", BEEP, 60_000], ["", "hang up", "", ""]],
  ["unknown is taken for a person", "hang up", ["connected", "unknown", BEEP, 60_000], ["", "", "", ""]],
  ["no verdict within 35 s is taken for a person", "hang up", ["connected", 35_000, BEEP, 60_000], [
    "",
    "",
    "",
    "",
  ]],
  ["a late verdict, but in time", "hang up", ["connected", 34_999, BEEP, 1_000], [
    "",
    "",
    "keep silent",
    "hang up",
  ]],
  ["a verdict before the assistant is on the line", leave, [BEEP, 5_000, "connected", 1_000], [
    "",
    "",
    "keep silent",
    "leave message",
  ]],
  ["a fax before it", leave, ["fax", "connected"], ["", "hang up"]],
  ["a person before it", leave, ["human", "connected", BEEP, 60_000], ["", "", "", ""]],
  ["who has answered the assistant twice is a person", "hang up", [
    "connected",
    "answered",
    "answered",
    BEEP,
    60_000,
  ], ["", "", "", "", ""]],
  ["once may be the second half of a greeting", "hang up", ["connected", "answered", BEEP, 1_000], [
    "",
    "",
    "keep silent",
    "hang up",
  ]],
  ["what is said while the assistant is silent answers nothing", "hang up", [
    "connected",
    BEEP,
    "answered",
    "answered",
    1_000,
  ], ["", "keep silent", "", "", "hang up"]],
  ["a robot that asks who calls, before the verdict", "hang up", [
    "connected",
    { heard: APPLE },
    BEEP,
    60_000,
  ], ["", "", "", ""]],
  ["a robot that asks who calls, transcribed after the verdict", "hang up", [
    "connected",
    BEEP,
    999,
    { heard: APPLE },
    60_000,
  ], ["", "keep silent", "", "go on", ""]],
  ["what a machine says otherwise changes nothing", leave, [
    "connected",
    { heard: "You have reached Bob. Please leave your name and the reason for your call after the tone." },
    BEEP,
    1_000,
  ], ["", "", "keep silent", "leave message"]],
  ["a robot heard when the message has begun", leave, ["connected", BEEP, 1_000, { heard: APPLE }], [
    "",
    "keep silent",
    "leave message",
    "",
  ]],
  ["the call ends while it waits", leave, ["connected", BEEP, "close", 60_000, BEEP], [
    "",
    "keep silent",
    "",
    "",
    "",
  ]],
];

for (const [what, behaviour, steps, expected] of CASES) {
  Deno.test(`answering machine: ${what}`, () => {
    const { actions, pending } = play(behaviour, steps);
    assertEquals([actions, pending], [expected, 0]);
  });
}

Deno.test("whatever comes in whatever order, there is one last decision and no timer is left", () => {
  for (const first of ANSWERED_BY) {
    for (const second of ANSWERED_BY) {
      for (const behaviour of [leave, "hang up"] as const) {
        for (const at of [0, 1, 2]) {
          const steps: Step[] = [first, second];
          steps.splice(at, 0, "connected");
          const { decisions, pending } = play(behaviour, [...steps, 100_000, ...ANSWERED_BY]);
          const what = `${steps}`;
          assertEquals(pending, 0, what);
          const last = decisions.filter(({ action }) => action !== "keep silent");
          assertEquals([last.length <= 1, decisions.length <= 2], [true, true], what);
          if (decisions.some(({ action }) => action === "keep silent")) assertEquals(last.length, 1, what);
        }
      }
    }
  }
});

Deno.test("the assistant is told the message word for word", () => {
  const decision = play(leave, ["connected", BEEP, 1_000]).decisions.at(-1);
  assertStringIncludes(
    decision && "instructions" in decision ? decision.instructions : "",
    JSON.stringify(MESSAGE),
  );
});
