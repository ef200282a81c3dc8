import { assertEquals, assertThrows } from "@std/assert";
import { readCallList, withoutKnown } from "../../../src/dialer/campaign/call_list.ts";

Deno.test("columns are the number, the assistant, the objective, and variables", () => {
  const text = "name, Number ,Assistant,objective,order\n" +
    "Ann,+1 555 123 0000,sales,Confirm Friday,7\n" +
    " Bob ,+15551230001,,,\n";
  const defaults = {
    assistant: "reception",
    objective: "Say hello",
    variables: { order: "0", city: "Berlin" },
  };
  assertEquals(readCallList(text, "list.csv", defaults), {
    calls: [
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
  assertEquals(readCallList("to\n+15551230000", "list.csv", {}).calls[0]?.request, { to: "+15551230000" });
});

Deno.test("a row that cannot be called is named, and the others are called", () => {
  const text = "to,first name\n5551230000,\n+15551230000,Ann\n+15551230001,\n,Bob\n+15551230002,a,b\n";
  const { calls, skipped } = readCallList(text, "list.csv", {});
  assertEquals(calls.map(({ line }) => line), [4]);
  assertEquals(skipped, [
    { line: 2, number: "5551230000", why: "not a number such as +15551230000" },
    {
      line: 3,
      number: "+15551230000",
      why: 'variables."first name": allowed: a letter, then letters, digits and _, at most 40',
    },
    { line: 5, number: "", why: "not a number such as +15551230000" },
    { line: 6, number: "+15551230002", why: "the row has 3 cells for 2 columns" },
  ]);
});

Deno.test("what is no list is refused whole", () => {
  for (
    const [text, says] of [
      ["", 'Cannot use "l.csv" as a list of numbers: its first row has no column "number"'],
      ["phone;name\n+1;Ann", 'no column "number"; columns are separated by commas'],
      ["number,name,name\n", 'two columns are named "name"'],
      ["number,to\n", "two columns name the number"],
      ['number\n"+1', 'Cannot read "l.csv" as CSV: line 2: a cell in quotes does not end'],
    ] as const
  ) {
    assertThrows(() => readCallList(text, "l.csv", {}), TypeError, says);
  }
});

Deno.test("leaves out who must not be called, who was, and who stands there twice", () => {
  const list = readCallList(
    "to\n+15551230000\n+15551230001\n1\n+15551230002\n+1 555 123 0002\n+15551230003",
    "l.csv",
    {},
  );
  const { calls, skipped } = withoutKnown(list, new Set(["+15551230000"]), new Set(["+15551230001"]));
  assertEquals(calls.map(({ request }) => request.to), ["+15551230002", "+15551230003"]);
  assertEquals(skipped.map(({ line, why }) => [line, why]), [
    [2, "on the do-not-call list"],
    [3, "in the results already"],
    [4, "not a number such as +15551230000"],
    [6, "on the list twice"],
  ]);
});
