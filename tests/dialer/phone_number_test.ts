import { assertEquals, assertThrows } from "@std/assert";
import { readDoNotCall, readPhoneNumber } from "../../src/dialer/phone_number.ts";

Deno.test("reads numbers as people write them, with their country code", () => {
  const same = [
    "+15551230000",
    " +1 (555) 123-0000 ",
    "+1.555.123.0000",
    "+1\u00a0555\u2011123\u20110000",
    "+1/555/1230000",
  ];
  assertEquals(same.map(readPhoneNumber), same.map(() => "+15551230000"));
  const none = [
    "",
    "5551230000",
    "0015551230000",
    "+",
    "+0555",
    "+1555123000a",
    "+1555 #",
    "++1555",
    "+1234567890123456",
  ];
  assertEquals(none.map(readPhoneNumber), none.map(() => undefined));
});

Deno.test("reads a do-not-call list with remarks, and lets no line pass that is no number", () => {
  const list = readDoNotCall(
    "\ufeff# asked not to be called\r\n+1 555 123 0000  # Ann\r\n\r\n+15551230001",
    "no.txt",
  );
  assertEquals([...list], ["+15551230000", "+15551230001"]);
  const wrong = Array.from({ length: 7 }, (_, i) => `555000${i}`).join("\n");
  assertThrows(
    () => readDoNotCall(`+15551230000\n${wrong}`, "no.txt"),
    TypeError,
    'Cannot use "no.txt" as a do-not-call list: line 2: "5550000", line 3: "5550001", line 4: "5550002", line 5: ' +
      '"5550003", line 6: "5550004", and 2 more; a number a line was expected, such as +15551230000',
  );
});
