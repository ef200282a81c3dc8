import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  AnsweringMachinePolicy,
  type MachineBehaviour,
  type MachineDecision,
} from "../../src/dialer/answering_machine_policy.ts";
import { ANSWERED_BY } from "../../src/twilio/call_status.ts";
import { FakeClock } from "../support/fake_clock.ts";

const MESSAGE = 'This is "Example Ltd".\nPlease call us back.';
const APPLE = "Hi, if you record your name and reason for calling, I'll see if this person is available.";

const VOICEMAIL = "You have reached Bob. Please leave your name and the reason for your call after the tone.";

/** Plays events: Twilio's results, `9000 ms` that pass, and others. `played` has each event with its decisions. */
function play(behaviour: MachineBehaviour, events: readonly string[]) {
  const clock = new FakeClock();
  const decisions: MachineDecision[] = [];
  const policy = new AnsweringMachinePolicy({
    behaviour,
    clock,
    onDecision: (decision) => decisions.push(decision),
  });
  const played = events.map((event) => {
    const before = decisions.length;
    const answeredBy = ANSWERED_BY.find((each) => each === event);
    if (answeredBy) policy.reportAnsweredBy(answeredBy);
    else if (event === "connected") policy.assistantConnected();
    else if (event === "reply") policy.calledPartyReplied();
    else if (event === "screening") policy.calledPartySaid(APPLE);
    else if (event === "voicemail greeting") policy.calledPartySaid(VOICEMAIL);
    else if (event === "close") policy.close();
    else clock.advance(parseInt(event));
    return [event, ...decisions.slice(before).map(({ action }) => action)].join(" -> ");
  });
  return { played, decisions, pending: clock.pending };
}

const leave = { leave: MESSAGE };

/** Each script has the events in order, and after an arrow what the policy then decides. */
const LEAVE_MESSAGE = {
  "does nothing for a person": "connected, 3000 ms, human, 600000 ms",
  "leaves the message 1 s after the beep":
    "connected, 9000 ms, machine_end_beep -> mute, 999 ms, 1 ms -> leave message",
  "leaves the message after a greeting that ended in silence":
    "connected, machine_end_silence -> mute, 1000 ms -> leave message",
  "leaves the message after a greeting that ended otherwise":
    "connected, machine_end_other -> mute, 1000 ms -> leave message",
  "mutes at the start of a greeting and waits for its end":
    "connected, machine_start -> mute, 20000 ms, machine_end_beep, 1000 ms -> leave message",
  "accepts the beep before the start of the greeting":
    "connected, machine_end_beep -> mute, 500 ms, machine_start, 1000 ms -> leave message",
  "leaves the message after 60 s without a beep":
    "connected, machine_start -> mute, 59999 ms, 1 ms -> leave message",
  "takes unknown as the end of a greeting that started":
    "connected, machine_start -> mute, unknown -> leave message",
  "continues when a detected machine turns out to be a person":
    "connected, machine_start -> mute, human -> continue, 60000 ms",
  "hangs up on a fax": "connected, fax -> hang up, machine_end_beep, 60000 ms",
  "applies an early result once the assistant is connected":
    "machine_end_beep, 5000 ms, connected -> mute, 1000 ms -> leave message",
  "hangs up on a fax detected early": "fax, connected -> hang up",
  "does nothing for a person detected early": "human, connected, machine_end_beep, 60000 ms",
  "ignores other transcripts of a machine":
    "connected, voicemail greeting, machine_end_beep -> mute, 1000 ms -> leave message",
  "ignores call screening once the message has started":
    "connected, machine_end_beep -> mute, 1000 ms -> leave message, screening",
  "decides nothing after the call has ended":
    "connected, machine_end_beep -> mute, close, 60000 ms, machine_end_beep",
};
const HANG_UP = {
  "hangs up on a machine": "connected, machine_end_beep -> mute, 1000 ms -> hang up",
  "takes unknown for a person": "connected, unknown, machine_end_beep, 60000 ms",
  "takes no result within 35 s for a person": "connected, 35000 ms, machine_end_beep, 60000 ms",
  "accepts a result after 34,999 ms": "connected, 34999 ms, machine_end_beep -> mute, 1000 ms -> hang up",
  "takes a called party that replied twice for a person":
    "connected, reply, reply, machine_end_beep, 60000 ms",
  "does not take one reply for a person: it may be the rest of a greeting":
    "connected, reply, machine_end_beep -> mute, 1000 ms -> hang up",
  "ignores replies while muted": "connected, machine_end_beep -> mute, reply, reply, 1000 ms -> hang up",
  "takes call screening before the result for a person": "connected, screening, machine_end_beep, 60000 ms",
  "continues for call screening transcribed after the result":
    "connected, machine_end_beep -> mute, 999 ms, screening -> continue, 60000 ms",
};

for (const [behaviour, scripts] of [[leave, LEAVE_MESSAGE], ["hang up", HANG_UP]] as const) {
  for (const [what, script] of Object.entries(scripts)) {
    Deno.test(`AnsweringMachinePolicy ${what}`, () => {
      const events = script.split(", ").map((step) => step.replace(/ -> .*/, ""));
      const { played, pending } = play(behaviour, events);
      assertEquals([played.join(", "), pending], [script, 0]);
    });
  }
}

Deno.test("AnsweringMachinePolicy makes one final decision in every order of events and leaves no timer", () => {
  for (const first of ANSWERED_BY) {
    for (const second of ANSWERED_BY) {
      for (const behaviour of [leave, "hang up"] as const) {
        for (const at of [0, 1, 2]) {
          const events = Array.of<string>(first, second).toSpliced(at, 0, "connected");
          const { decisions, pending } = play(behaviour, [...events, "100000 ms", ...ANSWERED_BY]);
          const what = `${events}`;
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
  const decision = play(leave, ["connected", "machine_end_beep", "1000 ms"]).decisions.at(-1);
  assertStringIncludes(
    decision && "instructions" in decision ? decision.instructions : "",
    JSON.stringify(MESSAGE),
  );
});
