/** Types of the Phone view. */

import type { DialOutcome } from "../../simulator/twilio/dialed_number.js";
import type { TwilioCallOptions } from "../../simulator/twilio/twilio_call.js";
import type { PhoneAudio } from "./phone_audio.js";

/** Why no microphone can be used. */
export type MicrophoneProblem = "insecure" | "denied" | "missing" | "busyMicrophone";

/** Peaks of the last 20 ms, from 0 to 1, and the assistant's audio not yet played. */
export interface PhoneLevels {
  readonly callerPeak: number;
  readonly assistantPeak: number;
  readonly bufferedMs: number;
}

/** Messages of the page to its audio worklet. */
export type PageMessage =
  | { readonly type: "media"; readonly bytes: Uint8Array }
  | { readonly type: "mark"; readonly name: string }
  | { readonly type: "clear" }
  | { readonly type: "mute"; readonly muted: boolean }
  | { readonly type: "latency"; readonly seconds: number }
  | { readonly type: "close" };

/** Messages of the audio worklet to the page: a mark that returned, or 20 ms of the caller's µ-law. */
export type WorkletMessage =
  | { readonly type: "mark"; readonly mark: string }
  | { readonly type: "frame"; readonly frame: Uint8Array<ArrayBuffer> } & PhoneLevels;

/** End of a call of the browser phone. */
export type EndReason =
  | "hungUp"
  | "service"
  | "transferred"
  | "rejected"
  | "busy"
  | "refused"
  | "unreachable"
  | "streamRefused"
  | "streamBroken"
  | "foreignHost"
  | "failed";

export type PhoneState =
  | { readonly phase: "microphone" | "ringing" | "gathering" | "connecting" | "talking" }
  | { readonly phase: "saying"; readonly text: string }
  | { readonly phase: "dialling"; readonly number: string }
  | { readonly phase: "ended"; readonly why: EndReason; readonly detail?: string };

/** Steps of the simulated Twilio, as the view lists them. */
export type StepName =
  | "requests"
  | "says"
  | "plays"
  | "streams"
  | "closed"
  | "broken"
  | "dials"
  | "answered"
  | "notAnswered"
  | "keys"
  | "noKeys"
  | "callbackFailed"
  | "hangsUp";

/** Browser functions that a test replaces. */
export type Platform = Pick<TwilioCallOptions, "clock" | "fetch" | "openSocket" | "from">;

export interface PhoneCallOptions {
  /** Base URL of the service, without a trailing slash. */
  readonly base: string;
  /** The service's PUBLIC_URL. */
  readonly publicUrl: string;
  /** The number called. */
  readonly to: string;
  /** The assistant that answers. Undefined: the service chooses. */
  readonly assistant?: string | undefined;
  readonly audio: Pick<
    PhoneAudio,
    "start" | "close" | "media" | "mark" | "clear" | "playTone" | "onFrame" | "onMark"
  >;
  /** Resolves when the microphone is connected, or known to be unavailable. */
  readonly ready: Promise<unknown>;
  readonly onChange: () => void;
  /** Called every 20 ms. */
  readonly onLevels: (levels: PhoneLevels) => void;
  readonly onStep: (name: StepName, values: Record<string, unknown>) => void;
  /** Default: the browser's. */
  readonly platform?: Platform;
}

/** Actions of the handset's buttons. */
export interface HandsetActions {
  call(): void;
  hangUp(): void;
  skipMicrophone(): void;
  press(key: string): void;
  mute(muted: boolean): void;
  endDial(status: DialOutcome["status"]): void;
}
