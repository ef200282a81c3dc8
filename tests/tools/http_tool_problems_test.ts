import { assertEquals } from "@std/assert";
import { httpToolProblems } from "../../src/tools/http_tool_problems.ts";

const GOOD = {
  parameters: { type: "object", properties: { order: { type: "string" } } },
  method: "POST",
  url: "https://shop.example.com:8443/orders/{{order}}?pin={{ secret.pin }}",
  headers: { authorization: "Bearer {{secret.pin}}", "x-order": "{{order}}" },
  body: { id: "{{order}}", nested: [{ pin: "{{secret.pin}}", plain: "a {single} brace" }] },
} as const;

function problems(change: Partial<Parameters<typeof httpToolProblems>[0]>): string[] {
  return httpToolProblems({ ...GOOD, ...change }, ["pin"]);
}

Deno.test("httpToolProblems() finds nothing wrong with valid tools", () => {
  assertEquals(problems({}), []);
  assertEquals(problems({ method: "GET", body: undefined, headers: {}, url: "http://10.0.0.1/" }), []);
  assertEquals(problems({ url: "https://shop.example.com/?q={{order}}" }), []);
});

Deno.test("httpToolProblems() rejects a URL whose host is not fixed", () => {
  const urls = [
    "https://{{order}}/",
    "https://{{order}}.example.com/",
    "https://shop.example.com{{order}}/",
    "https://shop.example.com:{{order}}/",
    "{{order}}",
    "{{order}}://shop.example.com/",
    "file:///etc/passwd",
    "shop.example.com/orders",
    "",
  ];
  for (const url of urls) {
    assertEquals(problems({ url }).map((problem) => problem.slice(0, 4)), ["url:"], url);
  }
});

Deno.test("httpToolProblems() prefixes each problem with its field", () => {
  for (const user of ["user", "user:password", ":password"]) {
    assertEquals(problems({ url: `https://${user}@shop.example.com/` }), [
      "url: has a user or password; use a header instead",
    ]);
  }
  assertEquals(problems({ url: "https://shop.example.com/#{{order}}" }), [
    "url: has a fragment, which is never sent",
  ]);
  assertEquals(problems({ url: "https://shop.example.com/{{ordr}}/{{secret.code}}/{{ordr}}" }), [
    "url: {{ordr}} is neither an argument, a variable of the call nor a keypad secret",
    "url: {{secret.code}} is neither an argument, a variable of the call nor a keypad secret",
  ]);
  assertEquals(problems({ body: { a: ["{{order}", "{{a b}}"] } }), [
    'body: has "{{" or "}}" without a name',
  ]);
  assertEquals(problems({ method: "GET" }), ["body: a GET request has no body; use POST or remove it"]);
  assertEquals(problems({ headers: { host: "other.example.com", "x-a": "b\r\nc: d" } }), [
    'headers: "host" is not a valid header',
    'headers: "x-a" is not a valid header',
  ]);
  assertEquals(
    problems({ parameters: { type: "object", if: {} }, url: "https://a.example/", headers: {}, body: 1 }),
    [
      "parameters: cannot be used as a schema: Conditional schemas (if/then/else) are not supported",
    ],
  );
});
