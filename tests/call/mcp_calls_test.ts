import { assertEquals, assertMatch } from "@std/assert";
import { connect, MENU, slowTool } from "../support/call_rig.ts";
import { response } from "../support/still_session.ts";
import { settle } from "../support/wait_until.ts";

Deno.test("MCP call pauses silence prompts, starts the hold phrase and is answered when it ends", () => {
  const { rig, session } = connect({
    waiting: { afterMs: 1_500, say: "One moment." },
    silence: { afterMs: 5_000, prompts: 1 },
  });
  const mcpCall = { id: "mcp_1", server: "calendar", name: "book", inResponse: true };
  session.observer?.mcpCallStarted(mcpCall);
  session.observer?.responseDone(response({ hasAudio: false }));
  rig.clock.advance(20_000);
  assertEquals(session.requests.map(({ instructions }) => instructions), [
    "Say exactly this and nothing else: One moment.",
  ]);
  session.observer?.mcpCallEnded(mcpCall, "ok");
  assertEquals(session.requests.slice(1), [
    { instructions: undefined, onDone: undefined, yieldsToCaller: true },
  ]);
  rig.clock.advance(5_000);
  assertMatch(session.requests[2]?.instructions ?? "", /still there/, "silence prompts resume");
});

Deno.test("MCP call without a result times out after 60 s, and a late result is still answered", () => {
  const { rig, session } = connect();
  const mcpCall = { id: "mcp_1", server: "calendar", name: "book", inResponse: false };
  session.observer?.mcpCallStarted(mcpCall);
  rig.clock.advance(59_000);
  assertEquals(session.requests.length, 0);
  rig.clock.advance(1_000);
  assertEquals(session.requests.length, 1);
  session.observer?.mcpCallEnded(mcpCall, "ok");
  assertEquals(session.requests.length, 2);
});

Deno.test("MCP calls and functions of one response are answered by one response", async () => {
  const { tool, resolve } = slowTool("slow");
  const { session, callFunction } = connect({ tools: () => [tool] });
  const mcpCall = { id: "mcp_1", server: "calendar", name: "book", inResponse: true };
  callFunction("slow");
  session.observer?.mcpCallStarted(mcpCall);
  session.observer?.responseDone(response({ hasAudio: false }));
  resolve("found");
  await settle();
  assertEquals(session.requests.length, 0, "the MCP call still runs");
  session.observer?.mcpCallEnded(mcpCall, "failed");
  assertEquals(session.requests.length, 1);
});

Deno.test("MCP call of a lost session is noted with an unknown outcome", () => {
  const { rig, events } = connect(MENU);
  rig.session.observer?.mcpCallStarted({ id: "m", server: "shop", name: "pay", inResponse: false });
  const next = rig.replaceSession();
  assertMatch(next.known.join(), /"pay" of "shop". Its outcome is unknown/);
  assertEquals(events().filter(({ kind }) => kind === "tool").map(({ name, ok }) => [name, ok]), [[
    "shop: pay",
    false,
  ]]);
});
