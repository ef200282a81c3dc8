import { assertEquals } from "@std/assert";
import { decodeMulaw, encodeMulaw, MULAW_SILENCE } from "../../../src/audio/g711.ts";
import { DECODED, mulawOf, SILENCE } from "../../../src/console/phone/g711.js";

Deno.test("the phone's µ-law is the service's, for every sample and every byte", () => {
  const samples = Int16Array.from({ length: 65_536 }, (_, i) => i - 32_768);
  const bytes = Uint8Array.from(samples, (sample) => mulawOf(sample / 32_768) ?? -1);
  assertEquals(bytes, encodeMulaw(samples));
  const every = Uint8Array.from({ length: 256 }, (_, i) => i);
  assertEquals(Int16Array.from(DECODED, (sample) => sample * 32_768), decodeMulaw(every));
  assertEquals([SILENCE, mulawOf(0)], [MULAW_SILENCE, MULAW_SILENCE]);
});

Deno.test("what is too loud for the line saturates", () => {
  assertEquals([mulawOf(1), mulawOf(1.7), mulawOf(-1), mulawOf(-9)], [0x80, 0x80, 0x00, 0x00]);
});
