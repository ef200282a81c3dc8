import { assert, assertEquals } from "@std/assert";
import { encodeMulaw } from "../../../src/audio/g711.js";
import { InputAudioBuffer, type InputChange } from "../../../src/simulator/model/input_audio_buffer.ts";
import { joined, silence, speechLike } from "./support.ts";

const FORMAT = { type: "audio/pcmu" } as const;
const ENDPOINTING = { threshold: 0.5, prefixMs: 300, silenceMs: 500 };

Deno.test("InputAudioBuffer detects the same turns in frames and in one chunk", () => {
  const audio = encodeMulaw(
    joined(silence(900), speechLike(1000), silence(700), speechLike(1000), silence(600)),
  );
  const whole = new InputAudioBuffer(FORMAT, ENDPOINTING).append(audio);
  const input = new InputAudioBuffer(FORMAT, ENDPOINTING);
  const framed: InputChange[] = [];
  for (let at = 0; at < audio.length; at += 160) framed.push(...input.append(audio.slice(at, at + 160)));
  assertEquals(framed, whole);

  assertEquals(whole.map(({ type }) => type), ["started", "stopped", "started", "stopped"]);
  for (const [index, change] of whole.entries()) {
    const previous = whole[index - 1];
    if (change.type !== "stopped" || previous?.type !== "started") continue;
    const { audioStartMs } = previous;
    assertEquals(change.turn.audio, audio.slice(audioStartMs * 8, change.audioEndMs * 8));
    assertEquals(change.turn.speech, change.turn.audio.slice(0, change.turn.speech.length));
  }
  // The padding of the second turn does not reach into the first.
  const [, first, second] = whole;
  assert(first?.type === "stopped" && second?.type === "started");
  assert(second.audioStartMs >= first.audioEndMs);
});

Deno.test("InputAudioBuffer keeps only the padding of the next turn during silence", () => {
  const input = new InputAudioBuffer(FORMAT, ENDPOINTING);
  const frame = encodeMulaw(silence(20));
  for (let ms = 0; ms < 60_000; ms += 20) input.append(frame);
  assertEquals(input.positionMs, 60_000);
  assert(input.commit().audio.length <= 8 * 1400);
});

Deno.test("InputAudioBuffer continues a turn when configured with the same settings", () => {
  const input = new InputAudioBuffer(FORMAT, ENDPOINTING);
  input.append(encodeMulaw(joined(silence(500), speechLike(1000))));
  assertEquals(input.configure(FORMAT, { ...ENDPOINTING }), false);
  assertEquals(input.append(encodeMulaw(silence(600))).map(({ type }) => type), ["stopped"]);
  assertEquals(input.configure(FORMAT, null), true);
});
