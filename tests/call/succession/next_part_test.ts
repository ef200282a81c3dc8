import { assertEquals } from "@std/assert";
import { connect, MENU, slowTool } from "../../support/call_rig.ts";
import { settle } from "../../support/wait_until.ts";

const STOPPED = '{"error":"The function was stopped before it finished. Its outcome is unknown."}';

/** Restored function calls and their results. */
function functionsKnownTo({ session }: ReturnType<typeof connect>["rig"]): unknown[] {
  return session.restored.flatMap((item): unknown[] =>
    item.type === "function call"
      ? [item.call.callId]
      : item.type === "function result"
      ? [[item.callId, item.output]]
      : []
  );
}

Deno.test("Next part of a call gets an error as the result of a function stopped at the end of the first part", async () => {
  const slow = slowTool();
  const { rig, socket, callFunction } = connect({ ...MENU, tools: () => [slow.tool] });
  callFunction("slow", {}, "call_1");
  socket.drop();
  rig.clock.advance(10_000);
  const token = rig.calls.resume("CA1")?.token ?? "";
  rig.session.observer?.sessionReady();
  rig.stream("CA1", token);
  assertEquals(functionsKnownTo(rig), ["call_1", ["call_1", STOPPED]]);
  // The next session numbers its calls anew.
  callFunction("slow", {}, "call_1");
  slow.resolve("found");
  await settle();
  rig.replaceSession();
  assertEquals(functionsKnownTo(rig), ["call_1", ["call_1", STOPPED], "call_1-2", ["call_1-2", '"found"']]);
});

Deno.test("Session opened after a transfer knows which function the transfer stopped", () => {
  const { rig, callFunction, press } = connect({ ...MENU, tools: () => [slowTool().tool] });
  callFunction("slow", {}, "call_1");
  press("0");
  rig.dropSession();
  rig.comeBack();
  rig.session.observer?.sessionReady();
  assertEquals(functionsKnownTo(rig), ["call_1", ["call_1", STOPPED]]);
});
