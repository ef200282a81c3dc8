import { assertEquals } from "@std/assert";
import { decodeMulaw, encodeMulaw } from "../../../src/audio/g711.ts";
import { keysHeard } from "../../../src/simulator/script/keypad_tones.ts";
import { madeUpVoice } from "../../../src/simulator/script/voice.ts";
import { joined, noise, silence } from "../model/support.ts";

const HERTZ: Record<string, [number, number]> = {};
for (const [row, keys] of ["123A", "456B", "789C", "*0#D"].entries()) {
  for (const [column, key] of [...keys].entries()) {
    HERTZ[key] = [[697, 770, 852, 941][row] ?? 0, [1209, 1336, 1477, 1633][column] ?? 0];
  }
}

function tone(key: string, ms: number, amplitude = 6000): Int16Array {
  const hertz = HERTZ[key] ?? [];
  return Int16Array.from(
    { length: ms * 8 },
    (_, i) => hertz.reduce((sum, one) => sum + amplitude * Math.sin(2 * Math.PI * one * i / 8000), 0),
  );
}

const press = (keys: string, ms = 100, gap = 100) =>
  joined(silence(33), ...[...keys].flatMap((key) => [tone(key, ms), silence(gap)]));
const onTheLine = (samples: Int16Array) => decodeMulaw(encodeMulaw(samples));

Deno.test("hears every key, also twice in a row, short and faint", () => {
  const all = "123A456B789C*0#D";
  assertEquals(keysHeard(onTheLine(press(all))), all);
  assertEquals(keysHeard(onTheLine(press("1122", 70, 50))), "1122");
  assertEquals(keysHeard(onTheLine(joined(silence(7), tone("5", 100, 700)))), "5");
});

Deno.test("hears no keys in silence, noise, a single tone, a click of one, or a voice", () => {
  const single = Int16Array.from({ length: 1600 }, (_, i) => 8000 * Math.sin(2 * Math.PI * 770 * i / 8000));
  for (
    const sound of [
      silence(500),
      noise(1000, -20),
      single,
      tone("5", 20),
      madeUpVoice(20_000, "a long speech"),
    ]
  ) {
    assertEquals(keysHeard(onTheLine(sound)), "");
  }
});
