import { LinePlayer, MicrophoneEncoder } from "../../../src/console/phone/phone_line.js";
import { PhoneCall } from "../../../src/console/phone/phone_call.js";
import type { EndReason } from "../../../src/console/phone/phone_types.ts";
import type { Cancel, Clock } from "../../../src/clock.ts";
import type { CallResult } from "../../../src/simulator/twilio/twilio_call.js";
import { twilioStandInSuite } from "../../simulator/twilio/stand_in_suite.ts";

const LINE_RATE = 8_000;
const SILENCE = new Float32Array(LINE_RATE / 50);

/**
 * The page's audio without a sound device: the worklet's parts, driven by a clock in place of the audio
 * thread.
 */
class ClockedAudio {
  onFrame = (_frame: Uint8Array, _atMs: number, _levels: object) => {};
  onMark = (_name: string) => {};
  readonly #clock: Clock;
  readonly #player = new LinePlayer(LINE_RATE, (name) => this.onMark(name));
  readonly #microphone = new MicrophoneEncoder(LINE_RATE, (frame) => {
    this.onFrame(frame, this.#clock.now(), { callerPeak: 0, assistantPeak: 0, bufferedMs: 0 });
  });
  #cancel: Cancel = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): Promise<void> {
    this.#tick();
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#cancel();
    return Promise.resolve();
  }

  media(bytes: Uint8Array): void {
    this.#player.media(bytes);
  }

  mark(name: string): void {
    this.#player.mark(name);
  }

  clear(): void {
    this.#player.clear();
  }

  playTone(): void {}

  #tick(): void {
    this.#cancel = this.#clock.after(20, () => {
      this.#player.play(new Float32Array(SILENCE.length));
      this.#microphone.push(SILENCE);
      this.#tick();
    });
  }
}

const ENDINGS: Partial<Record<EndReason, CallResult["ending"]>> = {
  hungUp: "caller",
  service: "service",
  transferred: "transferred",
  rejected: "rejected",
  busy: "rejected",
};

twilioStandInSuite("PhoneCall", ({ clock, fetch, openSocket, baseUrl }, { dial, keys }) => {
  let keysLeft = keys ?? "";
  const call: PhoneCall = new PhoneCall({
    base: baseUrl,
    publicUrl: baseUrl,
    to: "+15550100002",
    audio: new ClockedAudio(clock),
    ready: Promise.resolve(),
    platform: { clock, fetch, openSocket, from: "client:suite" },
    onChange: () => {
      const { phase } = call.state;
      if (phase === "dialling" && dial) {
        const cancel = clock.after(dial.ringMs, () => call.endDial(dial.status));
        cancelDial = cancel;
      }
      if (phase === "gathering") {
        const pressed = keysLeft;
        keysLeft = "";
        for (const key of pressed) call.press(key);
      }
      if (phase === "ended") cancelDial();
    },
    onLevels: () => {},
    onStep: () => {},
  });
  let cancelDial: Cancel = () => {};
  const ended = call.run().then(async () => {
    await call.delivered();
    return call.state.phase === "ended" ? ENDINGS[call.state.why] ?? "failed" : "failed";
  });
  return { ended, press: (key) => call.press(key), hangUp: () => call.hangUp() };
});
