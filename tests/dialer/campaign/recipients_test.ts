import { assertEquals, assertThrows } from "@std/assert";
import { excludeNumbers, readRecipients } from "../../../src/dialer/campaign/recipients.ts";

Deno.test("readRecipients() reads numbers, assistants, objectives and variables", () => {
  const text = "name, Number ,Assistant,objective,order\n" +
    "Ann,+1 555 123 0000,sales,Confirm Friday,7\n" +
    " Bob ,+15551230001,,,\n";
  const defaults = {
    assistant: "reception",
    objective: "Say hello",
    variables: { order: "0", city: "Berlin" },
  };
  assertEquals(readRecipients(text, "list.csv", defaults), {
    recipients: [
      {
        line: 2,
        request: {
          to: "+15551230000",
          assistant: "sales",
          objective: "Confirm Friday",
          variables: { order: "7", city: "Berlin", name: "Ann" },
        },
      },
      {
        line: 3,
        request: {
          to: "+15551230001",
          assistant: "reception",
          objective: "Say hello",
          variables: { order: "0", city: "Berlin", name: "Bob" },
        },
      },
    ],
    skipped: [],
  });
  assertEquals(readRecipients("to\n+15551230000", "list.csv", {}).recipients[0]?.request, {
    to: "+15551230000",
  });
});

Deno.test("readRecipients() skips unusable rows with their lines", () => {
  const text = "to,first name\n5551230000,\n+15551230000,Ann\n+15551230001,\n,Bob\n+15551230002,a,b\n";
  const { recipients: calls, skipped } = readRecipients(text, "list.csv", {});
  assertEquals(calls.map(({ line }) => line), [4]);
  assertEquals(skipped, [
    { line: 2, number: "5551230000", reason: "not a phone number such as +15551230000" },
    {
      line: 3,
      number: "+15551230000",
      reason: 'variables."first name": allowed: a letter, then letters, digits and _, at most 40',
    },
    { line: 5, number: "", reason: "not a phone number such as +15551230000" },
    { line: 6, number: "+15551230002", reason: "the row has 3 cells for 2 columns" },
  ]);
});

Deno.test("readRecipients() rejects files that are not campaigns", () => {
  for (
    const [text, problem] of [
      ["", 'Cannot use "l.csv" as a campaign file: its first row has no column "number"'],
      ["phone;name\n+1;Ann", 'no column "number". Separate columns by commas.'],
      ["number,name,name\n", 'two columns are named "name"'],
      ["number,to\n", 'it has both a column "to" and a column "number"'],
      ['number\n"+1', 'Cannot read "l.csv" as CSV: line 2: unterminated quoted cell'],
    ] as const
  ) {
    assertThrows(() => readRecipients(text, "l.csv", {}), TypeError, problem);
  }
});

Deno.test("excludeNumbers() skips do-not-call numbers, called numbers and duplicates", () => {
  const list = readRecipients(
    "to\n+15551230000\n+15551230001\n1\n+15551230002\n+1 555 123 0002\n+15551230003",
    "l.csv",
    {},
  );
  const { recipients: calls, skipped } = excludeNumbers(
    list,
    new Set(["+15551230000"]),
    new Map([["+15551230001", "completed"]]),
  );
  assertEquals(calls.map(({ request }) => request.to), ["+15551230002", "+15551230003"]);
  assertEquals(skipped.map(({ line, reason: why }) => [line, why]), [
    [2, "on the do-not-call list"],
    [3, "already called"],
    [4, "not a phone number such as +15551230000"],
    [6, "duplicate"],
  ]);
});
