import { assertEquals } from "@std/assert";
import type { EndedCall } from "../../src/records/call_record.ts";
import { CallRig } from "../support/call_rig.ts";
import { message } from "../support/fake_socket.ts";

const RING_MS = 60_000;
const OUTBOUND = { callSid: "CA1", from: "+15559870000", to: "+15551230000", outbound: true } as const;

/** A rig whose outbound call CA1 rings, with its session ready. */
function ringing() {
  const records: EndedCall[] = [];
  const rig = new CallRig({ onEnded: (record) => records.push(record) }, { greeting: "Say hello." });
  const idle = rig.clock.pending;
  rig.calls.prepareOutbound(OUTBOUND, rig.assistant, RING_MS);
  rig.session.observer?.sessionReady({ needsSilence: false });
  /** The called party answers; returns the token for the stream. */
  const answer = () => {
    const announced = rig.calls.announce(OUTBOUND, rig.assistant);
    return "refused" in announced ? announced.refused : announced.token ?? "";
  };
  return { rig, records, idle, answer };
}

Deno.test("Outbound greeting is requested when the call is answered", () => {
  const { rig, records, answer } = ringing();
  const [session] = rig.sessions;
  rig.clock.advance(30_000);
  assertEquals([session?.requests, session?.closed, rig.calls.count, rig.calls.list()], [[], false, 0, []]);
  const token = answer();
  assertEquals([session?.instructions, rig.calls.list()[0]?.state], [["Say hello."], "announced"]);
  const socket = rig.stream("CA1", token);
  // The prepared session is not discarded with the ringing time.
  rig.clock.advance(RING_MS);
  socket.receive(message("stop"));
  assertEquals([rig.sessions.length, session?.instructions.length, session?.callerPresent], [1, 1, true]);
  const [record] = records;
  assertEquals([records.length, record?.endReason, record?.direction], [1, "caller hung up", "outbound"]);
  assertEquals(
    [record?.startedAt, record?.seconds],
    ["2026-01-01T00:00:31.000Z", 60],
    "ringing does not count",
  );
});

Deno.test("Outbound session that becomes ready after the answer greets once", () => {
  const rig = new CallRig({}, { greeting: "Say hello." });
  rig.calls.prepareOutbound(OUTBOUND, rig.assistant, RING_MS);
  rig.calls.announce(OUTBOUND, rig.assistant);
  rig.session.observer?.sessionReady({ needsSilence: false });
  assertEquals([rig.sessions.length, rig.session.instructions], [1, ["Say hello."]]);
});

Deno.test("Outbound session is closed without a record when nobody answers", () => {
  const endings: [string, (rig: CallRig) => void][] = [
    ["final status", ({ calls }) => calls.prepared.discard("CA1")],
    ["ringing time is over", ({ clock }) => clock.advance(RING_MS)],
    ["shutdown", ({ calls }) => calls.endAll("shutdown")],
  ];
  for (const [name, end] of endings) {
    const { rig, records, idle } = ringing();
    rig.clock.advance(RING_MS - 1);
    assertEquals(rig.session.closed, false, name);
    end(rig);
    assertEquals([rig.session.closed, records, rig.summary("CA1")], [true, [], undefined], name);
    assertEquals([rig.clock.pending, rig.calls.count], [idle, 0], name);
  }
});

Deno.test("Outbound call whose session was lost while it rang gets another when it is answered", () => {
  const { rig, answer } = ringing();
  rig.dropSession();
  rig.clock.advance(10_000);
  assertEquals(rig.sessions.length, 1);
  answer();
  assertEquals(rig.sessions.length, 2);
  rig.session.observer?.sessionReady({ needsSilence: false });
  assertEquals(rig.session.instructions, ["Say hello."]);
});

Deno.test("Prepared outbound call that is refused when answered is closed", () => {
  const { rig } = ringing();
  const limits = { ...rig.assistant, costLimits: { perDay: 0 } };
  assertEquals(rig.calls.announce(OUTBOUND, limits), { refused: "spending limit" });
  assertEquals([rig.session.closed, rig.calls.prepared.has("CA1")], [true, false]);
});

Deno.test("Prepared outbound call takes the stream that another instance announced", () => {
  const secret = { tokenSecret: "secret" };
  const other = new CallRig(secret);
  const rig = new CallRig(secret, { greeting: "Say hello." });
  rig.calls.prepareOutbound(OUTBOUND, rig.assistant, RING_MS);
  rig.session.observer?.sessionReady({ needsSilence: false });
  const announced = other.calls.announce({ ...OUTBOUND, seal: "sealed" }, other.assistant);
  const token = "token" in announced ? announced.token ?? "" : "";
  rig.stream("CA1", token, OUTBOUND.from, { to: OUTBOUND.to, placed0: "sealed" });
  assertEquals([rig.rejected, rig.sessions.length], [[], 1]);
  assertEquals([rig.session.instructions, rig.calls.prepared.has("CA1")], [["Say hello."], false]);
});

Deno.test("Outbound call is prepared once, and not when it has been answered already", () => {
  const { rig } = ringing();
  rig.calls.prepareOutbound(OUTBOUND, rig.assistant, RING_MS);
  assertEquals(rig.sessions.length, 1);
  const answered = new CallRig();
  answered.announce("CA1");
  answered.calls.prepareOutbound(OUTBOUND, answered.assistant, RING_MS);
  assertEquals([answered.sessions.length, answered.calls.prepared.has("CA1")], [1, false]);
});
