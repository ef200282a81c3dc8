import { assert, assertEquals } from "@std/assert";
import { Keypad } from "../../../src/call/phone/keypad.ts";
import { FakeClock } from "../../support/fake_clock.ts";

function setUp(menu: string[] = []) {
  const clock = new FakeClock();
  const told: string[] = [];
  const keypad = new Keypad(clock, { menu }, {
    entered: (digits) => told.push(`entered ${digits}`),
    chosen: (key) => told.push(`chosen ${key}`),
  });
  /** Presses keys one after the other; `.` is a second, `,` a moment short of two, `;` two. */
  const press = (keys: string) => {
    for (const key of keys) {
      const pause = { ".": 1_000, ",": 1_999, ";": 2_000 }[key];
      if (pause === undefined) keypad.digit(key);
      else clock.advance(pause);
    }
  };
  return { clock, keypad, press, told };
}

Deno.test("Keypad puts keys together until # or a pause", () => {
  const cases: [keys: string, told: string[]][] = [
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
    const { press, told } = setUp();
    press(keys);
    assertEquals(told, expected, keys);
  }
});

Deno.test("Keypad takes a key of the menu at once, unless a number has begun", () => {
  const cases: [keys: string, told: string[]][] = [
    ["0", ["chosen 0"]],
    ["00", ["chosen 0", "chosen 0"]],
    ["0123#", ["chosen 0", "entered 123"]],
    ["120#", ["entered 120"]],
    ["1,0;", ["entered 10"]],
    ["1;0", ["entered 1", "chosen 0"]],
    ["#", ["chosen #"]],
    ["1#", ["entered 1"]],
  ];
  for (const [keys, expected] of cases) {
    const { press, told } = setUp(["0", "#"]);
    press(keys);
    assertEquals(told, expected, keys);
  }
});

Deno.test("Keypad collects a secret: so many digits, or fewer and #; * begins anew", async () => {
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
    const { clock, keypad, press, told } = setUp(["0", "1"]);
    const collected = keypad.collect("pin", { digits: 4 });
    assertEquals([keypad.listening, keypad.idle], [false, false]);
    press(keys);
    assertEquals([keypad.listening, keypad.secret("pin")], [true, secret], keys);
    assertEquals(await collected, { digits: secret.length });
    assertEquals([told, clock.pending], [[], 0], keys);
  }
});

Deno.test("Keypad takes digits that came before the model asked for them as the secret's first", async () => {
  for (const [before, after] of [["12", "34"], ["1234", ""], ["12345", ""], ["9*12", "34"]] as const) {
    const { clock, keypad, press, told } = setUp();
    press(before);
    const collected = keypad.collect("pin", { digits: 4 });
    press(after);
    assertEquals(await collected, { digits: 4 }, before);
    assertEquals(keypad.secret("pin"), "1234", before);
    clock.advance(60_000);
    assertEquals([told, clock.pending], [[], 0]);
  }
});

Deno.test("Keypad drops what follows a secret without a pause: a #, a digit too many", async () => {
  const { keypad, press, told } = setUp(["#", "5"]);
  const collected = keypad.collect("pin", { digits: 4 });
  press("1234");
  assertEquals(await collected, { digits: 4 });
  press("5,#,678");
  assertEquals([told, keypad.idle], [[], false]);
  press(";");
  assertEquals(keypad.idle, true);
  press("78#");
  assertEquals([told, keypad.secret("pin")], [["entered 78"], "1234"]);
});

Deno.test("Keypad gives a secret up that is not begun, or not gone on with", async () => {
  for (const keys of ["", "1.2", "12*", "#"]) {
    const { clock, keypad, press, told } = setUp();
    const collected = keypad.collect("pin", { digits: 4 });
    press(keys);
    clock.advance(29_999);
    assertEquals(keypad.listening, false, keys);
    clock.advance(1);
    assertEquals([keypad.listening, await collected], [true, { failed: "timeout" }], keys);
    assertEquals([keypad.secret("pin"), told, clock.pending], [undefined, [], 0], keys);
  }
});

Deno.test("Keypad gives a secret up after twice its time, though keys are still pressed; they stay with it", async () => {
  const { clock, keypad, press, told } = setUp();
  const collected = keypad.collect("pin", { digits: 4, timeoutMs: 5_000 });
  for (let i = 0; i < 9; i++) press("1*.");
  press("9");
  clock.advance(999);
  assertEquals(keypad.listening, false);
  clock.advance(1);
  assertEquals(await collected, { failed: "timeout" });
  press("12;");
  assertEquals(told, []);
});

Deno.test("Keypad cancels a secret when another is asked for, and forgets the one of that name", async () => {
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

Deno.test("Keypad calls a secret off; keys that were still meant for it stay with it", async () => {
  const { clock, keypad, press, told } = setUp();
  keypad.cancel();
  const collected = keypad.collect("pin", { digits: 4 });
  press("12");
  keypad.cancel();
  assertEquals([keypad.listening, await collected], [true, { failed: "cancelled" }]);
  press("34;56#");
  assertEquals([told, keypad.secret("pin"), clock.pending], [["entered 56"], undefined, 0]);
});

Deno.test("Keypad when closed cancels what is open, forgets secrets, hears nothing and leaves no timer", async () => {
  const { clock, keypad, press, told } = setUp(["0"]);
  const done = keypad.collect("card", { digits: 2 });
  press("12;34");
  await done;
  const open = keypad.collect("pin", { digits: 4 });
  press("1");
  keypad.close();
  assertEquals(await open, { failed: "cancelled" });
  press("0;12#");
  assertEquals(await keypad.collect("pin", { digits: 1 }), { failed: "cancelled" });
  press("1");
  assertEquals([keypad.secret("card"), keypad.secret("pin"), told, clock.pending], [
    undefined,
    undefined,
    [],
    0,
  ]);

  const collecting = setUp();
  collecting.press("12");
  collecting.keypad.close();
  collecting.clock.advance(5_000);
  assertEquals([collecting.told, collecting.clock.pending], [[], 0]);
});

Deno.test("Keypad tells a number once, when its pause ends late and more keys have come", () => {
  const { clock, press, told } = setUp();
  press("12");
  clock.stall(5_000);
  press("3");
  clock.advance(2_000);
  assertEquals([told, clock.pending], [["entered 123"], 0]);
});

Deno.test("Keypad lets nobody see a secret but who asks for it by name", async () => {
  const { keypad, press, told } = setUp();
  const collected = keypad.collect("pin", { digits: 6 });
  press("73519");
  const halfway = views(keypad);
  press("4");
  const seen = [...halfway, ...views(keypad), JSON.stringify(await collected), ...told].join("\n");
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

Deno.test("Keypad keeps to itself what is still entered of a secret that was cancelled", () => {
  const clock = new FakeClock();
  const entered: string[] = [];
  const keypad = new Keypad(clock, {}, { entered: (digits) => entered.push(digits), chosen() {} });
  void keypad.collect("pin", { digits: 4 });
  keypad.digit("7");
  clock.advance(2_500);
  keypad.cancel();
  keypad.digit("1");
  keypad.digit("9");
  clock.advance(3_000);
  assertEquals(entered, []);
});
