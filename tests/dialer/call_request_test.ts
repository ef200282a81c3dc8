import { assertEquals } from "@std/assert";
import { readCallRequest } from "../../src/dialer/call_request.ts";

const NUMBER = "+15551230000";

Deno.test("readCallRequest() reads a complete and a minimal request", () => {
  const whole = {
    to: NUMBER,
    assistant: "sales",
    objective: "Confirm Friday",
    variables: { name: "Ann", order_2: "7" },
  };
  assertEquals(readCallRequest(JSON.stringify(whole)), whole);
  assertEquals(readCallRequest(JSON.stringify({ to: NUMBER })), { to: NUMBER });
});

const PROBLEMS: [body: unknown, problems: string[]][] = [
  [undefined, ["the body is not JSON"]],
  [[], ['allowed: a JSON object such as {"to": "+15551230000"}']],
  [null, ['allowed: a JSON object such as {"to": "+15551230000"}']],
  [{}, ["to: allowed: a number such as +15551230000"]],
  [{ to: 15551230000 }, ["to: allowed: a number such as +15551230000"]],
  [{ to: "sip:ann@example.com" }, ["to: allowed: a number such as +15551230000"]],
  [{ to: `${NUMBER}\n` }, ["to: allowed: a number such as +15551230000"]],
  [{ to: NUMBER, assistant: "" }, ["assistant: allowed: 1 to 100 characters"]],
  [{ to: NUMBER, objective: "x".repeat(2_001) }, ["objective: allowed: at most 2000 characters"]],
  [{ to: NUMBER, from: "+15550000000", "x\ny": 1 }, [
    'allowed: to, assistant, objective and variables; found from, "x\\ny"',
  ]],
  [{ to: NUMBER, variables: ["Ann"] }, ["variables: allowed: an object with text values"]],
  [{ to: NUMBER, variables: { age: 7 } }, ["variables.age: allowed: text of 1 to 2000 characters"]],
  [{ to: NUMBER, variables: { "secret.pin": "1", now: "never" } }, [
    'variables."secret.pin": allowed: a letter, then letters, digits and _, at most 40',
    "variables.now: reserved by Parley: caller, called, call_sid, now, objective, secret",
  ]],
  [{ to: NUMBER, variables: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`v${i}`, "x"])) }, [
    "variables: allowed: at most 50 variables",
  ]],
  [{ to: "x", objective: 1 }, [
    "to: allowed: a number such as +15551230000",
    "objective: allowed: text of 1 to 2000 characters",
  ]],
];

for (const [body, problems] of PROBLEMS) {
  const text = body === undefined ? "{to: 1}" : JSON.stringify(body);
  Deno.test(`readCallRequest() lists every problem of ${text.slice(0, 60)}`, () => {
    assertEquals(readCallRequest(text), { problems });
  });
}
