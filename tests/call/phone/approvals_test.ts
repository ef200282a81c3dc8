import { assertEquals, assertMatch } from "@std/assert";
import { collectDigits } from "../../../src/tools/call_tools.ts";
import { connect, MENU, testAudio } from "../../support/call_rig.ts";
import { message } from "../../support/fake_socket.ts";
import { response } from "../../support/still_session.ts";
import { settle } from "../../support/wait_until.ts";

Deno.test("Remote tool is approved by key 1 and refused by any other", () => {
  const cases: [string, string, string, boolean][] = [
    ["calendar", "book", "1", true],
    ["calendar", "book", "2", false],
  ];
  for (const [server, name, key, approved] of cases) {
    const call = connect({ approvals: new Map([["calendar", ["book"]]]) });
    const { rig, session, socket } = call;
    session.observer?.approvalRequested({ id: "a1", server, name, arguments: '{"day":"Friday"}' });
    assertMatch(session.requests[0]?.instructions ?? "", /"book"[^]*Friday[^]*press 1/);
    session.requests.at(-1)?.onDone?.(response());
    assertEquals(session.approvalsSent, []);
    socket.receive(message("dtmf", { digit: key, track: "inbound_track" }));
    assertEquals(session.approvalsSent, [{ id: "a1", approved }]);
    assertEquals(rig.lines.filter(({ event }) => event === "tool approval").length, 1);
    const [{ kind, ok, detail } = {}] = call.events();
    assertEquals([kind, ok, detail], ["keypad", approved, "calendar: book"]);
  }
});

Deno.test("Remote tool that is not configured is refused without asking the caller, and the model continues", () => {
  for (const [server, name] of [["calendar", "delete_all"], ["other", "book"]] as const) {
    const call = connect({ approvals: new Map([["calendar", ["book"]]]) });
    call.session.observer?.approvalRequested({ id: "a1", server, name, arguments: "{}" });
    assertEquals(call.session.approvalsSent, [{ id: "a1", approved: false }]);
    assertEquals(call.session.requests, [
      { instructions: undefined, onDone: undefined, yieldsToCaller: true },
    ]);
  }
});

Deno.test("Key answers one approval request, and digits of a secret answer none", async () => {
  const { rig, session, socket, callFunction } = connect({
    approvals: new Map([["calendar", ["book"]]]),
    keypad: { pauseMs: 2_000, menu: new Map(), secrets: new Map([["pin", 2]]) },
    tools: (phone) => [collectDigits(phone, [{ name: "pin", digits: 2 }])],
  });
  const press = (digit: string) => socket.receive(message("dtmf", { digit, track: "inbound_track" }));
  const ask = (id: string) => {
    session.observer?.approvalRequested({
      id,
      server: "calendar",
      name: "book",
      arguments: "x".repeat(50_000),
    });
    session.requests.at(-1)?.onDone?.(response());
  };
  callFunction("collect_digits", { name: "pin" });
  ask("a1");
  ask("a2");
  assertEquals(
    (session.requests[0]?.instructions?.length ?? 0) < 1_500,
    true,
    "the model need not read it all out",
  );
  press("1");
  press("1");
  assertEquals(session.approvalsSent, []);
  await settle();
  assertEquals(session.functionResults, [{ callId: "collect_digits", output: '{"entered":true}' }]);
  rig.clock.advance(2_000);
  session.requests.length = 0;
  press("1");
  assertEquals(session.approvalsSent, [{ id: "a1", approved: true }]);
  assertEquals(session.requests, [], "the tool has not run");
  press("9");
  press("1");
  assertEquals(session.approvalsSent.slice(1), [{ id: "a2", approved: false }]);
  assertEquals(session.requests, [{ instructions: undefined, onDone: undefined, yieldsToCaller: true }]);
});

Deno.test("Key pressed before the caller was asked approves nothing", () => {
  const call = connect({ approvals: new Map([["cal", ["book"]]]) });
  const { rig } = call;
  call.session.observer?.assistantAudio("q", testAudio(1000)); // "press 1 for English"
  call.session.observer?.approvalRequested({ id: "a1", server: "cal", name: "book", arguments: "{}" });
  rig.clock.advance(100);
  call.press("1");
  assertEquals(call.session.approvalsSent, []);
});

Deno.test("Key pressed during a goodbye approves nothing", () => {
  const call = connect({ approvals: new Map([["cal", ["book"]]]), maxCallMs: 50_000 });
  const { rig } = call;
  call.session.observer?.approvalRequested({ id: "a1", server: "cal", name: "book", arguments: "{}" });
  call.session.requests.at(-1)?.onDone?.(response());
  rig.clock.advance(50_000);
  call.press("1");
  assertEquals(call.session.approvalsSent, []);
});

Deno.test("Approval request that the caller never heard is refused, whatever was pressed earlier", () => {
  const { rig, press } = connect({
    ...MENU,
    approvals: new Map([["shop", ["pay"]]]),
    keypad: { ...MENU.keypad, menu: new Map() },
  });
  const { session } = rig;
  const ask = (id: string) => {
    session.observer?.approvalRequested({ id, server: "shop", name: "pay", arguments: "{}" });
    return session.requests.at(-1);
  };
  ask("a")?.onDone?.(response({ hasAudio: false }));
  assertEquals(session.approvalsSent, [{ id: "a", approved: false }]);
  const question = ask("b");
  question?.onDone?.(response());
  // The key must not approve a request of the lost session.
  const next = rig.replaceSession();
  press("1");
  assertEquals([session.approvalsSent.length, next.approvalsSent], [1, []]);
});
