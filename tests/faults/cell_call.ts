import { systemClock } from "../../src/clock.ts";
import { callTarget } from "../../src/simulator/caller/call_target.ts";
import { pause } from "../../src/simulator/twilio/pause.js";
import { type CallResult, TwilioCall } from "../../src/simulator/twilio/twilio_call.js";
import { RING_MS } from "./call_script.ts";
import type { NumberedCaller } from "./numbered_caller.ts";

/** Time Twilio takes for a sentence (ms); shortened, because nothing happens meanwhile. */
const SAY_MS = 1_000;
const SOUND_EVERY_MS = 100;
/** Ends the call however it stands (ms). */
const CALL_MS = 60_000;

export interface CellCallOptions {
  /** The service, for webhooks. */
  readonly serviceUrl: string;
  /** The service's media stream, through the proxy. */
  readonly streamUrl: string;
  readonly caller: NumberedCaller;
  readonly onDial: () => void;
}

export interface CellCallResult {
  readonly result: CallResult;
  /** Sentences spoken by Twilio. */
  readonly said: readonly string[];
  readonly timedOut: boolean;
}

/** The call of one cell, as Twilio runs it: webhooks go to the service, the stream goes through the proxy. */
export class CellCall {
  readonly #call: TwilioCall;
  readonly #said: string[] = [];

  constructor({ serviceUrl, streamUrl, caller, onDial }: CellCallOptions) {
    const target = callTarget({ baseUrl: serviceUrl, local: true });
    const soundFor = async (ms: number, signal: AbortSignal) => {
      for (let left = ms; left > 0 && !signal.aborted; left -= SOUND_EVERY_MS) {
        caller.hearTwilio();
        await pause(systemClock, SOUND_EVERY_MS, signal);
      }
    };
    this.#call = new TwilioCall({
      ...target,
      reach: (url) => url.protocol.startsWith("ws") ? new URL(streamUrl) : target.reach(url),
      createEndpoint: caller.createEndpoint,
      speak: async ({ text }, signal) => {
        this.#said.push(text);
        await soundFor(SAY_MS, signal);
      },
      async dial(_number, signal) {
        onDial();
        await soundFor(RING_MS, signal);
        return { status: "no-answer", talkMs: 0 };
      },
      onStep: () => {},
    });
  }

  get callSid(): string {
    return this.#call.callSid;
  }

  hangUp(): void {
    this.#call.hangUp();
  }

  async run(): Promise<CellCallResult> {
    let timedOut = false;
    const cancel = systemClock.after(CALL_MS, () => {
      timedOut = true;
      this.#call.hangUp();
    });
    const result = await this.#call.run();
    cancel();
    await this.#call.delivered();
    return { result, said: this.#said, timedOut };
  }
}
