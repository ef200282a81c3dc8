import { assert, assertEquals } from "@std/assert";
import { OwnerRig } from "../../support/owner_rig.ts";
import { response } from "../../support/still_session.ts";

Deno.test("SessionOwner replaces a lost session at once, then after 0.25, 0.5, 1 and 1 s, at the next endpoint", () => {
  const rig = new OwnerRig(["a", "b"]);
  rig.ready();
  rig.fail();
  const waits: number[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    const before = rig.sessions.length;
    let waited = 0;
    for (; rig.sessions.length === before; waited += 50) rig.clock.advance(waited === 0 ? 0 : 50);
    waits.push(waited - 50);
    rig.fail("connect");
  }
  assertEquals(waits, [0, 250, 500, 1_000, 1_000]);
  assertEquals(rig.endpoints.slice(1, 4), ["a", "b", "a"]);
});

Deno.test("SessionOwner never has two serving sessions", () => {
  const rig = new OwnerRig();
  const first = rig.ready(300_000);
  rig.clock.advance(180_000);
  const second = rig.ready(300_000);
  assertEquals([rig.serving === second, first.closed], [true, false]);
  // The replaced one drains for 2 s.
  assertEquals(rig.owner.draining, 1);
  rig.clock.advance(2_000);
  assertEquals([rig.owner.draining, first.closed], [0, true]);
});

Deno.test("SessionOwner swaps when quiet, and 20 s before the end in any case", () => {
  for (const [quietAtMs, swapsAtMs] of [[200_000, 200_000], [Infinity, 280_000]] as const) {
    const rig = new OwnerRig();
    const first = rig.ready(300_000);
    rig.quiet = false;
    rig.clock.advance(180_000);
    const second = rig.ready();
    let atMs = 180_000;
    for (; rig.serving === first && atMs < 300_000; atMs += 100) {
      rig.quiet = atMs >= quietAtMs;
      rig.clock.advance(100);
    }
    assertEquals([atMs - swapsAtMs <= 100, atMs >= swapsAtMs, rig.serving === second], [true, true, true]);
  }
});

Deno.test("SessionOwner keeps the serving session when its successor fails, and dials another", () => {
  const rig = new OwnerRig();
  const first = rig.ready(300_000);
  rig.clock.advance(180_000);
  rig.fail("connect");
  assertEquals([rig.serving === first, rig.events], [true, [
    "service lost",
    "serves: first",
    "service back after 0",
  ]]);
  rig.clock.advance(2_000);
  assertEquals(rig.sessions.length, 3);
});

Deno.test("SessionOwner turns an expiring successor into the replacement of a lost session without a second dial", () => {
  const rig = new OwnerRig();
  const first = rig.ready(300_000);
  rig.clock.advance(180_000);
  rig.fail("closed", first);
  rig.clock.advance(5_000);
  assertEquals(rig.sessions.length, 2);
  rig.ready();
  assertEquals([rig.serving === rig.session, rig.events.at(-2)], [true, "serves: lost"]);
});

Deno.test("SessionOwner swaps at once when the serving session is lost while a prepared one waits", () => {
  const rig = new OwnerRig();
  const first = rig.ready(300_000);
  rig.quiet = false;
  rig.clock.advance(180_000);
  const second = rig.ready();
  assertEquals(rig.serving === first, true);
  rig.fail("closed", first);
  assertEquals(rig.serving === second, true);
});

Deno.test("SessionOwner ignores audio and function calls of a draining session, and bills its response", () => {
  const rig = new OwnerRig();
  const first = rig.ready(300_000);
  rig.clock.advance(180_000);
  rig.ready();
  rig.passedOn.splice(0);
  first.observer?.assistantAudio("x", new Uint8Array(8));
  first.observer?.functionCalled({ callId: "c", name: "n", arguments: "{}" });
  first.observer?.callerTranscript("u", "late");
  first.observer?.responseDone(response());
  first.observer?.sessionFailed({ code: "closed", message: "" });
  assertEquals([rig.passedOn, rig.events.at(-1)], [["callerTranscript"], "drained"]);
});

Deno.test("SessionOwner reports models down after 10 s, and not while no caller is on the line", () => {
  const rig = new OwnerRig(["a"], false);
  rig.clock.advance(20_000);
  assertEquals(rig.events, []);
  rig.owner.setCallerPresent(true);
  rig.clock.advance(9_999);
  assertEquals(rig.events, ["service lost"]);
  rig.clock.advance(1);
  assertEquals(rig.events, ["service lost", "down: unknown"]);
  assertEquals([rig.session.closed, rig.clock.pending], [true, 0]);
});

Deno.test("SessionOwner adds up the time without a session until one has proved itself", () => {
  const rig = new OwnerRig();
  rig.ready();
  const outage = (ms: number) => {
    rig.fail();
    rig.clock.advance(ms);
    rig.ready();
  };
  outage(6_000);
  rig.session.observer?.responseDone(response());
  outage(6_000);
  assertEquals(rig.events.some((event) => event.startsWith("down")), false);
  outage(4_000);
  assertEquals(rig.events.at(-1), "down: closed");
});

Deno.test("SessionOwner still dials after 9 s in which every dial was refused", () => {
  const rig = new OwnerRig();
  rig.ready();
  rig.fail();
  for (let ms = 0; ms < 9_000; ms += 50) {
    rig.clock.advance(50);
    if (!rig.session.closed) rig.fail("connect");
  }
  assertEquals(rig.events.filter((event) => event.startsWith("down")), []);
  rig.clock.advance(900);
  rig.ready();
  assertEquals(rig.serving === rig.session, true);
});

Deno.test("SessionOwner reports models down at the seventh loss within a minute", () => {
  const rig = new OwnerRig();
  for (let losses = 1; losses <= 7; losses++) {
    assertEquals(rig.events.some((event) => event.startsWith("down")), false);
    rig.ready();
    rig.session.observer?.responseDone(response());
    rig.fail();
    rig.clock.advance(2_000);
  }
  assertEquals(rig.events.at(-1), "down: closed");
});

Deno.test("SessionOwner dials the next endpoint at once after a refusal, and reports models down when all refused", () => {
  const rig = new OwnerRig(["a", "b"]);
  rig.fail("insufficient_quota");
  rig.clock.advance(0);
  assertEquals(rig.endpoints, ["a", "b"]);
  rig.fail("unauthorized");
  assertEquals(rig.events.at(-1), "down: unauthorized");
});

Deno.test("SessionOwner dials the next endpoint when the answer is slow, and keeps the first if it speaks meanwhile", () => {
  for (const speaks of [false, true]) {
    const rig = new OwnerRig(["a", "b"]);
    const first = rig.ready();
    first.observer?.turnCommitted("u1");
    rig.clock.advance(5_000);
    assertEquals(rig.endpoints, ["a", "b"]);
    rig.clock.advance(3_000);
    if (speaks) first.observer?.assistantAudio("x", new Uint8Array(8));
    rig.ready();
    assertEquals([rig.serving === first, rig.session.closed], [speaks, speaks]);
  }
});

Deno.test("SessionOwner leaves a session alone that was not asked to answer, when it has no other endpoint", () => {
  const rig = new OwnerRig();
  rig.answerDue = false;
  rig.ready().observer?.turnCommitted("u1");
  rig.clock.advance(60_000);
  assertEquals([rig.sessions.length, rig.events.at(-1)], [1, "service back after 0"]);
});

Deno.test("SessionOwner replaces a silent session at its only endpoint, and reports models down after 10 s", () => {
  const rig = new OwnerRig();
  rig.ready();
  rig.owner.responseDue();
  rig.clock.advance(5_000);
  assertEquals(rig.endpoints, ["a", "a"]);
  rig.ready();
  rig.owner.responseDue();
  // The audio of the turn is repeated to the new session.
  rig.session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  rig.session.observer?.turnCommitted("u1");
  rig.clock.advance(4_999);
  assertEquals(rig.events.at(-1), "answer late");
  rig.clock.advance(1);
  assertEquals([rig.sessions.length, rig.events.at(-1)], [2, "down: no_answer"]);
});

Deno.test("SessionOwner does not add up waits that end with an answer or with the caller's speech", () => {
  const rig = new OwnerRig();
  const session = rig.ready();
  for (let turn = 0; turn < 20; turn++) {
    session.observer?.turnCommitted("u");
    rig.clock.advance(4_900);
    session.observer?.callerSpeechStarted({ itemId: "u1", audioMs: 0 });
  }
  for (let turn = 0; turn < 5; turn++) {
    rig.serving?.observer?.turnCommitted("u");
    rig.clock.advance(5_000);
    rig.ready();
    rig.session.observer?.assistantAudio("x", new Uint8Array(8));
  }
  assertEquals(rig.events.filter((event) => event.startsWith("down")), []);
});

Deno.test("SessionOwner has one successor when the language is switched while a session expires", () => {
  const rig = new OwnerRig();
  const first = rig.ready(300_000);
  rig.clock.advance(180_000);
  const expiring = rig.session;
  rig.owner.switchLanguage();
  assertEquals([expiring.closed, rig.sessions.length, rig.serving], [true, 3, undefined]);
  rig.ready(undefined, expiring);
  assertEquals(rig.serving, undefined);
  rig.ready();
  assertEquals([rig.serving === rig.session, rig.events.at(-2)], [true, "serves: language"]);
  rig.clock.advance(2_000);
  assert(first.closed);
});

Deno.test("SessionOwner opens no session after holdSuccession(), and reports the loss of the serving one", () => {
  const rig = new OwnerRig();
  const first = rig.ready(300_000);
  rig.clock.advance(180_000);
  const successor = rig.session;
  rig.owner.holdSuccession();
  assertEquals([successor.closed, first.closed], [true, false]);
  rig.fail("closed", first);
  rig.clock.advance(60_000);
  assertEquals([rig.sessions.length, rig.events.at(-1)], [2, "lost: closed"]);
});

Deno.test("SessionOwner leaves no timer and no session after close(), in every state", () => {
  const states: Record<string, (rig: OwnerRig) => void> = {
    dialling: () => {},
    serving: (rig) => void rig.ready(300_000),
    "waiting to dial": (rig) => {
      rig.ready();
      rig.fail();
    },
    "dialling a successor": (rig) => {
      rig.ready(300_000);
      rig.clock.advance(180_000);
    },
    "waiting to swap": (rig) => {
      rig.quiet = false;
      rig.ready(300_000);
      rig.clock.advance(180_000);
      rig.ready(300_000);
    },
    draining: (rig) => {
      rig.ready(300_000);
      rig.clock.advance(180_000);
      rig.ready(300_000);
    },
    "waiting for an answer": (rig) => rig.ready().observer?.turnCommitted(undefined),
  };
  for (const [state, reach] of Object.entries(states)) {
    const rig = new OwnerRig(["a", "b"]);
    reach(rig);
    rig.owner.close();
    assertEquals([rig.clock.pending, rig.sessions.filter(({ closed }) => !closed).length], [0, 0], state);
  }
});

Deno.test("SessionOwner swaps sessions 200 times in a row", () => {
  const rig = new OwnerRig();
  rig.ready(300_000);
  for (let rollover = 0; rollover < 200; rollover++) {
    const { serving } = rig;
    rig.clock.advance(180_000);
    assertEquals(rig.ready(300_000) === rig.serving, true);
    assertEquals(serving === rig.serving, false);
    rig.clock.advance(2_000);
  }
  assertEquals([rig.sessions.length, rig.sessions.filter(({ closed }) => !closed).length], [201, 1]);
});
