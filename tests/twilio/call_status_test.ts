import { assertEquals } from "@std/assert";
import { readAnsweredBy, readCallStatusUpdate } from "../../src/twilio/call_status.ts";

Deno.test("readCallStatusUpdate() reads a call's status callback", () => {
  const read = (query: string) => readCallStatusUpdate(new URLSearchParams(query));
  assertEquals(read("CallSid=CA1&CallStatus=completed&SequenceNumber=3&CallDuration=34&Duration=1"), {
    callSid: "CA1",
    status: "completed",
    sequence: 3,
    seconds: 34,
  });
  assertEquals(read("CallSid=CA1&CallStatus=ringing&SequenceNumber=-1&CallDuration=long"), {
    callSid: "CA1",
    status: "ringing",
    sequence: undefined,
    seconds: undefined,
  });
  for (const other of ["", "CallSid=CA1", "CallSid=CA1&CallStatus=toString", "CallStatus=ringing"]) {
    assertEquals(read(other), undefined, other);
  }
});

Deno.test("readAnsweredBy() reads the result of answering-machine detection", () => {
  const read = (query: string) => readAnsweredBy(new URLSearchParams(query));
  const machine = { callSid: "CA1", answeredBy: "machine_end_beep" } as const;
  assertEquals(read("CallSid=CA1&AnsweredBy=machine_end_beep&MachineDetectionDuration=4200"), machine);
  for (const other of ["CallSid=CA1", "CallSid=CA1&AnsweredBy=dog", "AnsweredBy=human"]) {
    assertEquals(read(other), undefined, other);
  }
});
