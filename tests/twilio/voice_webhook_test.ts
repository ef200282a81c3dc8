import { assertEquals } from "@std/assert";
import { readIncomingCall, readStatusCallback } from "../../src/twilio/voice_webhook.ts";

Deno.test("readIncomingCall() reads a call, tolerates missing parameters, and truncates long ones", () => {
  const form = new URLSearchParams("CallSid=CA1&From=%2B15551230000&To=%2B15559870000&CallStatus=ringing");
  assertEquals(readIncomingCall(form), { callSid: "CA1", from: "+15551230000", to: "+15559870000" });
  assertEquals(readIncomingCall(new URLSearchParams("From=anonymous")), {
    callSid: "",
    from: "anonymous",
    to: "",
  });
  assertEquals(readIncomingCall(new URLSearchParams({ From: "x".repeat(300) })).from, "x".repeat(200));
});

Deno.test("readIncomingCall() reads only attestations that passed validation", () => {
  const attestation = (verdict: string) =>
    readIncomingCall(new URLSearchParams({ StirVerstat: verdict })).attestation;
  const verdicts = ["A", "B", "C", "A-Diverted"].map((verdict) => `TN-Validation-Passed-${verdict}`);
  assertEquals(verdicts.map(attestation), ["A", "B", "C", "A"]);
  const unattested = [
    "TN-Validation-Failed-A",
    "No-TN-Validation",
    "TN-Validation-Passed-D",
    "",
    "A",
    "TN-Validation-Passed-A+",
    "No-TN-Validation-Passed-A",
  ];
  assertEquals(unattested.map(attestation), unattested.map(() => undefined));
});

Deno.test("readStatusCallback() reads callbacks of calls and streams", () => {
  const call = new URLSearchParams("CallSid=CA1&CallStatus=completed&SequenceNumber=3&CallDuration=12");
  assertEquals(readStatusCallback(call), {
    callSid: "CA1",
    parentCallSid: "",
    status: "completed",
    sequence: "3",
    error: "",
  });
  const stream = new URLSearchParams({
    CallSid: "CA1",
    CallStatus: "in-progress",
    StreamEvent: "stream-error",
    StreamError: "x".repeat(300),
  });
  assertEquals(readStatusCallback(stream), {
    callSid: "CA1",
    parentCallSid: "",
    status: "stream-error",
    sequence: "",
    error: "x".repeat(200),
  });
});
