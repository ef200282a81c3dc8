import { assertEquals } from "@std/assert";
import { BYTES_PER_MS } from "../../src/audio/line_format.js";
import { Pcm24ToMulaw } from "../../src/audio/transcode.ts";
import { connect } from "../support/call_rig.ts";
import { randomFrom } from "../support/random.ts";
import { field } from "../support/field.ts";
import { message } from "../support/fake_socket.ts";
import { response } from "../support/still_session.ts";

const TEXT = "Your appointment is on Friday at nine.";

/** Splits audio into chunks of random lengths. */
function* chunksOf(audio: Uint8Array, random: () => number): Generator<Uint8Array> {
  for (let at = 0; at < audio.length;) {
    const length = 1 + Math.floor(random() * 4_000);
    yield audio.subarray(at, at += length);
  }
}

/** A call in which the caller hears the audio to its end, then speaks or hangs up; returns its record's turn. */
function hear(chunks: Iterable<Uint8Array>, driftPerMs: number, callerSpeaks: boolean) {
  const call = connect();
  const { rig } = call;
  for (const chunk of chunks) call.observer?.assistantAudio("a", chunk);
  call.observer?.assistantTranscript("a", TEXT);
  call.observer?.responseDone(response());
  // Twilio plays at its own rate and echoes each mark when the audio before it has been played.
  let read = 0;
  let playedAt = rig.clock.now();
  const due: { at: number; name: unknown }[] = [];
  for (let idle = 0; idle < 60; idle++) {
    for (const text of call.socket.sent.slice(read)) {
      const sent = JSON.parse(text);
      if (sent.event === "media") {
        const bytes = Uint8Array.fromBase64(String(field(sent, "media", "payload"))).length;
        playedAt = Math.max(playedAt, rig.clock.now()) + bytes / BYTES_PER_MS * driftPerMs;
      }
      if (sent.event === "mark") due.push({ at: playedAt, name: field(sent, "mark", "name") });
      idle = 0;
    }
    read = call.socket.sent.length;
    rig.clock.advance(Math.max(0.1, Math.min(10, (due[0]?.at ?? Infinity) - rig.clock.now())));
    while (due[0] && due[0].at <= rig.clock.now()) {
      call.socket.receive(message("mark", { name: due.shift()?.name }));
    }
  }
  if (callerSpeaks) call.observer?.callerSpeechStarted({ itemId: "u", audioMs: 0 });
  return call.hangUp();
}

Deno.test("Answer that was heard to its end is not interrupted, at any number of bytes, rate and format", () => {
  const random = randomFrom(12);
  for (let run = 0; run < 120; run++) {
    const bytes = 1 + Math.floor(random() * 24_000);
    const audio = new Uint8Array(bytes).fill(0x55);
    let chunks = [...chunksOf(audio, random)];
    if (run % 2 === 1) {
      const converter = new Pcm24ToMulaw();
      chunks = [...chunksOf(new Uint8Array(bytes * 2), random)].map((chunk) =>
        converter.convert(chunk).slice()
      );
      chunks.push(converter.flush());
    }
    const totalMs = Math.floor(chunks.reduce((sum, { length }) => sum + length, 0) / BYTES_PER_MS);
    const drift = 1 + (random() - 0.5) / 500;
    const record = hear(chunks, drift, run % 3 === 0);
    const [turn] = record?.turns ?? [];
    const context = `${bytes} bytes, run ${run}`;
    assertEquals([turn?.text, turn?.heardMs, turn?.totalMs], [TEXT, totalMs, totalMs], context);
    assertEquals([turn?.interrupted, record?.bargeIns], [undefined, 0], context);
  }
});
