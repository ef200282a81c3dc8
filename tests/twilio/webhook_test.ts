import { assertEquals } from "@std/assert";
import { readIncomingCall } from "../../src/twilio/webhook.ts";

Deno.test("readIncomingCall() reads what Twilio says of a call, and does without it", () => {
  const form = new URLSearchParams("CallSid=CA1&From=%2B15551230000&To=%2B15559870000&CallStatus=ringing");
  assertEquals(readIncomingCall(form), { callSid: "CA1", from: "+15551230000", to: "+15559870000" });
  assertEquals(readIncomingCall(new URLSearchParams("From=anonymous")), {
    callSid: "",
    from: "anonymous",
    to: "",
  });
});
