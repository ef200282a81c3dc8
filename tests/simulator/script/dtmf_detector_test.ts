import { assertEquals } from "@std/assert";
import { decodeMulaw, encodeMulaw } from "../../../src/audio/g711.js";
import { detectKeys } from "../../../src/simulator/script/dtmf_detector.ts";
import { syntheticVoice } from "../../../src/simulator/synthetic_voice.ts";
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

Deno.test("detectKeys() detects every key, also repeated, short and faint ones", () => {
  const all = "123A456B789C*0#D";
  assertEquals(detectKeys(onTheLine(press(all))), all);
  assertEquals(detectKeys(onTheLine(press("1122", 70, 50))), "1122");
  assertEquals(detectKeys(onTheLine(joined(silence(7), tone("5", 100, 700)))), "5");
});

Deno.test("detectKeys() detects no key in silence, noise, a single tone, a short tone or speech", () => {
  const single = Int16Array.from({ length: 1600 }, (_, i) => 8000 * Math.sin(2 * Math.PI * 770 * i / 8000));
  for (
    const sound of [
      silence(500),
      noise(1000, -20),
      single,
      tone("5", 20),
      syntheticVoice(20_000, "a long speech"),
    ]
  ) {
    assertEquals(detectKeys(onTheLine(sound)), "");
  }
});
