import { BYTES_PER_MS } from "../../src/audio/line_format.js";
import { isObject, parseObject } from "../../src/json.ts";
import { ClockedLine } from "../../src/simulator/twilio/clocked_line.js";
import type { FakeClock } from "../support/fake_clock.ts";
import { type FakeSocket, message } from "../support/fake_socket.ts";

/** Longest way of a mark back to Parley (ms). */
const MARK_MS = 80;
/** One mark in this many is lost. */
const LOST_MARKS = 40;

/** Twilio's end of a stream: plays what Parley sends, on the fake clock, and counts it by item. */
export class RandomLine {
  /** Audio sent by Parley, and audio played to the caller (bytes), by the byte value that stands for the item. */
  readonly sent = new Uint32Array(256);
  readonly played = new Uint32Array(256);
  clears = 0;
  readonly #clock: FakeClock;
  readonly #line: ClockedLine;
  readonly #openedAt: number;
  #taken = 0;

  constructor(socket: FakeSocket, clock: FakeClock, random: () => number) {
    this.#clock = clock;
    this.#openedAt = clock.now();
    this.#line = new ClockedLine(clock, (name) => {
      if (random() * LOST_MARKS < 1) return;
      clock.after(random() * MARK_MS, () => socket.receive(message("mark", { name })));
    });
    const send = socket.send.bind(socket);
    socket.send = (data) => {
      send(data);
      this.#receive(parseObject(String(data)) ?? {});
    };
  }

  /** Counts what was played up to now. */
  catchUp(): void {
    const samples = Math.floor((this.#clock.now() - this.#openedAt) * BYTES_PER_MS) - this.#taken;
    if (samples <= 0) return;
    this.#taken += samples;
    count(this.played, this.#line.take(samples));
  }

  close(): void {
    this.#line.close();
  }

  #receive({ event, media, mark }: ReturnType<typeof Object>): void {
    if (event === "media" && isObject(media)) {
      const audio = Uint8Array.fromBase64(String(media.payload));
      count(this.sent, audio);
      this.#line.media(audio);
    }
    if (event === "mark" && isObject(mark)) this.#line.mark(String(mark.name));
    if (event === "clear") {
      this.clears++;
      this.#line.clear();
    }
  }
}

function count(totals: Uint32Array, audio: Uint8Array): void {
  for (const value of audio) totals[value] = (totals[value] ?? 0) + 1;
}
