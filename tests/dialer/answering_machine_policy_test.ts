import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  AnsweringMachinePolicy,
  type MachineBehaviour,
  type MachineDecision,
} from "../../src/dialer/answering_machine_policy.ts";
import { ANSWERED_BY, type AnsweredBy } from "../../src/twilio/call_status.ts";
import { FakeClock } from "../support/fake_clock.ts";

const MESSAGE = 'This is "Example Ltd".\nPlease call us back.';
const APPLE = "Hi, if you record your name and reason for calling, I'll see if this person is available.";

/** An event of a call, or milliseconds that pass. */
type Step = AnsweredBy | "connected" | "reply" | "close" | { transcript: string } | number;

/** Plays the steps; `actions` has the decisions of each step. */
function play(behaviour: MachineBehaviour, steps: readonly Step[]) {
  const clock = new FakeClock();
  const decisions: MachineDecision[] = [];
  const policy = new AnsweringMachinePolicy({
    behaviour,
    clock,
    onDecision: (decision) => decisions.push(decision),
  });
  const actions = steps.map((step) => {
    const before = decisions.length;
    if (typeof step === "number") clock.advance(step);
    else if (typeof step === "object") policy.calledPartySaid(step.transcript);
    else if (step === "connected") policy.assistantConnected();
    else if (step === "reply") policy.calledPartyReplied();
    else if (step === "close") policy.close();
    else policy.reportAnsweredBy(step);
    return decisions.slice(before).map(({ action }) => action).join(", ");
  });
  return { actions, decisions, pending: clock.pending };
}

const leave = { leave: MESSAGE };
const BEEP = "machine_end_beep";

const CASES: [what: string, behaviour: MachineBehaviour, steps: Step[], actions: string[]][] = [
  ["does nothing for a person", leave, ["connected", 3_000, "human", 600_000], ["", "", "", ""]],
  ["leaves the message 1 s after the beep", leave, ["connected", 9_000, BEEP, 999, 1], [
    "",
    "",
    "mute",
    "",
    "leave message",
  ]],
  ["hangs up on a machine", "hang up", ["connected", BEEP, 1_000], ["", "mute", "hang up"]],
  ["leaves the message after a greeting that ended in silence", leave, [
    "connected",
    "machine_end_silence",
    1_000,
  ], [
    "",
    "mute",
    "leave message",
  ]],
  ["leaves the message after a greeting that ended otherwise", leave, [
    "connected",
    "machine_end_other",
    1_000,
  ], [
    "",
    "mute",
    "leave message",
  ]],
  [
    "mutes at the start of a greeting and waits for its end",
    leave,
    ["connected", "machine_start", 20_000, BEEP, 1_000],
    [
      "",
      "mute",
      "",
      "",
      "leave message",
    ],
  ],
  ["accepts the beep before the start of the greeting", leave, [
    "connected",
    BEEP,
    500,
    "machine_start",
    1_000,
  ], [
    "",
    "mute",
    "",
    "",
    "leave message",
  ]],
  ["leaves the message after 60 s without a beep", leave, ["connected", "machine_start", 59_999, 1], [
    "",
    "mute",
    "",
    "leave message",
  ]],
  ["takes unknown as the end of a greeting that started", leave, ["connected", "machine_start", "unknown"], [
    "",
    "mute",
    "leave message",
  ]],
  ["continues when a detected machine turns out to be a person", leave, [
    "connected",
    "machine_start",
    "human",
    60_000,
  ], [
    "",
    "mute",
    "continue",
    "",
  ]],
  ["hangs up on a fax", leave, ["connected", "fax", BEEP, 60_000], ["", "hang up", "", ""]],
  ["takes unknown for a person", "hang up", ["connected", "unknown", BEEP, 60_000], ["", "", "", ""]],
  ["takes no result within 35 s for a person", "hang up", ["connected", 35_000, BEEP, 60_000], [
    "",
    "",
    "",
    "",
  ]],
  ["accepts a result after 34,999 ms", "hang up", ["connected", 34_999, BEEP, 1_000], [
    "",
    "",
    "mute",
    "hang up",
  ]],
  ["applies an early result once the assistant is connected", leave, [BEEP, 5_000, "connected", 1_000], [
    "",
    "",
    "mute",
    "leave message",
  ]],
  ["hangs up on a fax detected early", leave, ["fax", "connected"], ["", "hang up"]],
  ["does nothing for a person detected early", leave, ["human", "connected", BEEP, 60_000], ["", "", "", ""]],
  ["takes a called party that replied twice for a person", "hang up", [
    "connected",
    "reply",
    "reply",
    BEEP,
    60_000,
  ], ["", "", "", "", ""]],
  ["does not take one reply for a person: it may be the rest of a greeting", "hang up", [
    "connected",
    "reply",
    BEEP,
    1_000,
  ], [
    "",
    "",
    "mute",
    "hang up",
  ]],
  ["ignores replies while muted", "hang up", [
    "connected",
    BEEP,
    "reply",
    "reply",
    1_000,
  ], ["", "mute", "", "", "hang up"]],
  ["takes call screening before the result for a person", "hang up", [
    "connected",
    { transcript: APPLE },
    BEEP,
    60_000,
  ], ["", "", "", ""]],
  ["continues for call screening transcribed after the result", "hang up", [
    "connected",
    BEEP,
    999,
    { transcript: APPLE },
    60_000,
  ], ["", "mute", "", "continue", ""]],
  ["ignores other transcripts of a machine", leave, [
    "connected",
    {
      transcript: "You have reached Bob. Please leave your name and the reason for your call after the tone.",
    },
    BEEP,
    1_000,
  ], ["", "", "mute", "leave message"]],
  ["ignores call screening once the message has started", leave, ["connected", BEEP, 1_000, {
    transcript: APPLE,
  }], [
    "",
    "mute",
    "leave message",
    "",
  ]],
  ["decides nothing after the call has ended", leave, ["connected", BEEP, "close", 60_000, BEEP], [
    "",
    "mute",
    "",
    "",
    "",
  ]],
];

for (const [what, behaviour, steps, expected] of CASES) {
  Deno.test(`AnsweringMachinePolicy ${what}`, () => {
    const { actions, pending } = play(behaviour, steps);
    assertEquals([actions, pending], [expected, 0]);
  });
}

Deno.test("AnsweringMachinePolicy makes one final decision in every order of events and leaves no timer", () => {
  for (const first of ANSWERED_BY) {
    for (const second of ANSWERED_BY) {
      for (const behaviour of [leave, "hang up"] as const) {
        for (const at of [0, 1, 2]) {
          const steps: Step[] = [first, second];
          steps.splice(at, 0, "connected");
          const { decisions, pending } = play(behaviour, [...steps, 100_000, ...ANSWERED_BY]);
          const what = `${steps}`;
          assertEquals(pending, 0, what);
          const last = decisions.filter(({ action }) => action !== "mute");
          assertEquals([last.length <= 1, decisions.length <= 2], [true, true], what);
          if (decisions.some(({ action }) => action === "mute")) assertEquals(last.length, 1, what);
        }
      }
    }
  }
});

Deno.test("AnsweringMachinePolicy instructs the assistant with the literal message", () => {
  const decision = play(leave, ["connected", BEEP, 1_000]).decisions.at(-1);
  assertStringIncludes(
    decision && "instructions" in decision ? decision.instructions : "",
    JSON.stringify(MESSAGE),
  );
});
