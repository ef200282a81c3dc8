import { interruptEarly, interruptLate } from "./pass_through.ts";

Deno.test("every sample passes through Parley, and a late barge-in is known to 20 ms (pcmu)", () =>
  interruptLate("pcmu"));

Deno.test("a barge-in while the answer is still being made is known to 20 ms (pcmu)", () =>
  interruptEarly("pcmu"));
