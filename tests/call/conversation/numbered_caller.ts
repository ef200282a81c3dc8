import { CallerAudio } from "../../../src/call/conversation/caller_audio.ts";
import type { CallerLevel } from "../../../src/call/conversation/caller_level.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** Base64 of a frame with this value in each byte. */
export const frame = (value: number, bytes = 160) => new Uint8Array(bytes).fill(value).toBase64();

/** Records how much audio it is given. */
export class FedLevel implements CallerLevel {
  speaking = false;
  voicedMs = 0;
  relativeDb = 0;
  silentForMs = 0;
  fedMs = 0;
  readonly payloads: string[] = [];
  feed(payload: string, ms: number): void {
    this.payloads.push(payload);
    this.fedMs += ms;
  }
  onEdge(): void {}
}

/** A receiver that keeps the number of each frame. */
export class Session {
  readonly payloads: string[] = [];
  /** Called for each frame, with the number of frames received. */
  onFrame = (_count: number) => {};
  appendAudio(payload: string): void {
    this.payloads.push(payload);
    this.onFrame(this.payloads.length);
  }
  get frames(): number[] {
    return this.payloads.map((payload) => {
      const [high = 0, low = 0] = Uint8Array.fromBase64(payload);
      return high * 256 + low;
    });
  }
}

/** A caller whose frames carry their number, from 0, in the first two bytes. */
export function caller() {
  const clock = new FakeClock();
  const level = new FedLevel();
  const audio = new CallerAudio(clock, { level });
  let next = 0;
  const speak = (frames: number) => {
    for (let n = 0; n < frames; n++, next++) {
      const bytes = new Uint8Array(160);
      bytes.set([next >> 8, next & 255]);
      audio.frame(bytes.toBase64(), next * 20);
      clock.advance(20);
    }
  };
  /** The present session is lost; another one starts where it should. */
  const replace = (text = false) => {
    audio.sendTo(undefined);
    const session = new Session();
    audio.sendTo(session, audio.replayFromMs(text));
    return session;
  };
  return { clock, level, audio, speak, replace };
}

/** The numbers from `first` to before `end`. */
export const range = (first: number, end: number) =>
  Array.from({ length: end - first }, (_, index) => first + index);
