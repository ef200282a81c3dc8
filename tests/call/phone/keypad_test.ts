import { assert, assertEquals } from "@std/assert";
import { CallEventStream } from "../../../src/call/call_event_stream.ts";
import { Keypad } from "../../../src/call/phone/keypad.ts";
import { FakeClock } from "../../support/fake_clock.ts";

function setUp(menu: string[] = []) {
  const clock = new FakeClock();
  const happened: string[] = [];
  const events = new CallEventStream();
  events.on("digits entered", ({ digits }) => happened.push(`entered ${digits}`));
  events.on("menu key pressed", ({ key }) => happened.push(`menu ${key}`));
  const keypad = new Keypad(clock, { menu }, events);
  /** Presses keys; `.` advances the clock by 1 s, `,` by 1.999 s, `;` by 2 s. */
  const press = (keys: string) => {
    for (const key of keys) {
      const pause = { ".": 1_000, ",": 1_999, ";": 2_000 }[key];
      if (pause === undefined) keypad.press(key);
      else clock.advance(pause);
    }
  };
  const close = () => events.emit({ type: "call ending", reason: "caller hung up" });
  return { clock, keypad, press, happened, close };
}

Deno.test("Keypad emits digits at # or after a pause", () => {
  const cases: [keys: string, happened: string[]][] = [
    ["123", []],
    ["123#", ["entered 123"]],
    ["123;", ["entered 123"]],
    ["1,2,3,", []],
    ["1,2,3;4", ["entered 123"]],
    ["12#34;", ["entered 12", "entered 34"]],
    ["*6AD#", ["entered *6AD"]],
    ["#", ["entered #"]],
    ["12##", ["entered 12", "entered #"]],
    [";;", []],
    ["1".repeat(29), []],
    ["1".repeat(31), [`entered ${"1".repeat(30)}`]],
  ];
  for (const [keys, expected] of cases) {
    const { press, happened } = setUp();
    press(keys);
    assertEquals(happened, expected, keys);
  }
});

Deno.test("Keypad emits a menu key at once, unless a number has begun", () => {
  const cases: [keys: string, happened: string[]][] = [
    ["0", ["menu 0"]],
    ["00", ["menu 0", "menu 0"]],
    ["0123#", ["menu 0", "entered 123"]],
    ["120#", ["entered 120"]],
    ["1,0;", ["entered 10"]],
    ["1;0", ["entered 1", "menu 0"]],
    ["#", ["menu #"]],
    ["1#", ["entered 1"]],
  ];
  for (const [keys, expected] of cases) {
    const { press, happened } = setUp(["0", "#"]);
    press(keys);
    assertEquals(happened, expected, keys);
  }
});

Deno.test("Keypad collects a secret of a given length or up to #, and * starts over", async () => {
  const cases: [keys: string, secret: string][] = [
    ["1234", "1234"],
    ["12#", "12"],
    ["#12#", "12"],
    ["99*1234", "1234"],
    ["99*#1234", "1234"],
    ["1;2;3;4", "1234"],
    ["0000", "0000"],
  ];
  for (const [keys, secret] of cases) {
    const { clock, keypad, press, happened } = setUp(["0", "1"]);
    const collected = keypad.collect("pin", { digits: 4 });
    assertEquals([keypad.collecting, keypad.idle], [true, false]);
    press(keys);
    assertEquals([keypad.collecting, keypad.secret("pin")], [false, secret], keys);
    assertEquals(await collected, { digits: secret.length });
    assertEquals([happened, clock.pending], [[], 0], keys);
  }
});

Deno.test("Keypad uses digits pressed before the request as the secret's first", async () => {
  for (const [before, after] of [["12", "34"], ["1234", ""], ["12345", ""], ["9*12", "34"]] as const) {
    const { clock, keypad, press, happened } = setUp();
    press(before);
    const collected = keypad.collect("pin", { digits: 4 });
    press(after);
    assertEquals(await collected, { digits: 4 }, before);
    assertEquals(keypad.secret("pin"), "1234", before);
    clock.advance(60_000);
    assertEquals([happened, clock.pending], [[], 0]);
  }
});

Deno.test("Keypad drops keys that follow a secret without a pause", async () => {
  const { keypad, press, happened } = setUp(["#", "5"]);
  const collected = keypad.collect("pin", { digits: 4 });
  press("1234");
  assertEquals(await collected, { digits: 4 });
  press("5,#,678");
  assertEquals([happened, keypad.idle], [[], false]);
  press(";");
  assertEquals(keypad.idle, true);
  press("78#");
  assertEquals([happened, keypad.secret("pin")], [["entered 78"], "1234"]);
});

Deno.test("Keypad times out when no key of a secret comes for 30 s", async () => {
  for (const keys of ["", "1.2", "12*", "#"]) {
    const { clock, keypad, press, happened } = setUp();
    const collected = keypad.collect("pin", { digits: 4 });
    press(keys);
    clock.advance(29_999);
    assertEquals(keypad.collecting, true, keys);
    clock.advance(1);
    assertEquals([keypad.collecting, await collected], [false, { failed: "timeout" }], keys);
    assertEquals([keypad.secret("pin"), happened, clock.pending], [undefined, [], 0], keys);
  }
});

Deno.test("Keypad times out after twice the wait although keys are still pressed", async () => {
  const { clock, keypad, press, happened } = setUp();
  const collected = keypad.collect("pin", { digits: 4, timeoutMs: 5_000 });
  for (let i = 0; i < 9; i++) press("1*.");
  press("9");
  clock.advance(999);
  assertEquals(keypad.collecting, true);
  clock.advance(1);
  assertEquals(await collected, { failed: "timeout" });
  press("12;");
  assertEquals(happened, []);
});

Deno.test("Keypad cancels a collection for the next one, and forgets the secret's old value", async () => {
  const { clock, keypad, press } = setUp();
  const first = keypad.collect("card", { digits: 4 });
  press("1234");
  assertEquals(await first, { digits: 4 });
  const again = keypad.collect("card", { digits: 4 });
  assertEquals(keypad.secret("card"), undefined);
  press("12");
  const other = keypad.collect("pin", { digits: 2 });
  assertEquals(await again, { failed: "cancelled" });
  press("#78");
  assertEquals(await other, { digits: 2 });
  assertEquals([keypad.secret("card"), keypad.secret("pin"), clock.pending], [undefined, "78", 0]);
});

Deno.test("Keypad drops keys that follow a cancelled collection without a pause", async () => {
  const { clock, keypad, press, happened } = setUp();
  keypad.cancel();
  const collected = keypad.collect("pin", { digits: 4 });
  press("12");
  keypad.cancel();
  assertEquals([keypad.collecting, await collected], [false, { failed: "cancelled" }]);
  press("34;56#");
  assertEquals([happened, keypad.secret("pin"), clock.pending], [["entered 56"], undefined, 0]);
});

Deno.test("Keypad cancels and forgets everything at the end of the call and leaves no timer", async () => {
  const { clock, keypad, press, happened, close } = setUp(["0"]);
  const done = keypad.collect("card", { digits: 2 });
  press("12;34");
  await done;
  const open = keypad.collect("pin", { digits: 4 });
  press("1");
  close();
  assertEquals(await open, { failed: "cancelled" });
  press("0;12#");
  assertEquals(await keypad.collect("pin", { digits: 1 }), { failed: "cancelled" });
  press("1");
  assertEquals([keypad.secret("card"), keypad.secret("pin"), happened, clock.pending], [
    undefined,
    undefined,
    [],
    0,
  ]);

  const collecting = setUp();
  collecting.press("12");
  collecting.close();
  collecting.clock.advance(5_000);
  assertEquals([collecting.happened, collecting.clock.pending], [[], 0]);
});

Deno.test("Keypad emits digits once when its timer fires late", () => {
  const { clock, press, happened } = setUp();
  press("12");
  clock.stall(5_000);
  press("3");
  clock.advance(2_000);
  assertEquals([happened, clock.pending], [["entered 123"], 0]);
});

Deno.test("Keypad reveals a secret only through secret()", async () => {
  const { keypad, press, happened } = setUp();
  const collected = keypad.collect("pin", { digits: 6 });
  press("73519");
  const halfway = views(keypad);
  press("4");
  const seen = [...halfway, ...views(keypad), JSON.stringify(await collected), ...happened].join("\n");
  assert(!/7351|519|5194/.test(seen), seen);
  assertEquals(keypad.secret("pin"), "735194");
});

function views(keypad: Keypad): string[] {
  return [
    String(keypad),
    JSON.stringify(keypad),
    JSON.stringify(structuredClone(keypad)),
    Deno.inspect(keypad, { depth: Infinity, showHidden: true, getters: true }),
  ];
}

Deno.test("Keypad does not emit keys that follow a cancelled secret", () => {
  const { clock, keypad, press, happened } = setUp();
  void keypad.collect("pin", { digits: 4 });
  press("7");
  clock.advance(2_500);
  keypad.cancel();
  press("19");
  clock.advance(3_000);
  assertEquals(happened, []);
});
