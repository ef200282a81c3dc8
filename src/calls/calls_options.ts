import type { CallAssistant } from "../assistants/call_assistant.ts";
import type { Recorder } from "../call/call_recording.ts";
import type { ModelService } from "../call/succession/sessions.ts";
import type { OpenSession } from "../model/model_interface.ts";
import type { CallRecord, EndedCall, WrittenSummary } from "../records/call_record.ts";
import type { Log } from "../telemetry/log.ts";
import type { IncomingCall } from "../twilio/voice_webhook.ts";
import type { AdmissionRules } from "./admission.ts";
import type { CallBillsOptions } from "./call_bills.ts";
import type { DialledCallsOptions } from "./dialled_calls.ts";
import type { Pseudonym } from "./pseudonym.ts";
import type { StateFile } from "./saved_state.ts";

/** What all calls of a process share. */
export interface CallsOptions extends CallBillsOptions, DialledCallsOptions {
  /**
   * Creates the assistant for a stream whose call was announced to another instance; undefined for an outbound call whose
   * request is not known.
   */
  readonly createAssistant: (call: IncomingCall) => CallAssistant | undefined;
  readonly openSession: OpenSession;
  /** Default: nothing is known about the models yet. */
  readonly models?: ModelService | undefined;
  readonly rules: AdmissionRules;
  /** A call ends after this long without a frame from Twilio (ms). */
  readonly mediaTimeoutMs: number;
  /** How long a call waits for its stream to come back after a loss (ms). */
  readonly streamGraceMs: number;
  /** Shared by all instances of a number, so that a stream may reach another instance than its webhook. */
  readonly tokenSecret?: string | undefined;
  /** Names the caller for the model's provider, and in files. */
  readonly pseudonym: Pseudonym;
  /** The file of this name that keeps state across restarts. Default: nothing is kept. */
  readonly stateFile?: ((name: string) => StateFile) | undefined;
  /** Records the calls of assistants with recording; undefined if recordings are off. */
  readonly recorder?: Recorder | undefined;
  /** Called when a call's first stream starts, and then every 10 s until its end. */
  readonly onProgress?: (record: CallRecord) => void;
  /**
   * Called with the record of each ended call. The model's summary arrives later.
   *
   * @param isDialled Whether the caller still talks to a destination; `onSettled` follows.
   */
  readonly onEnded?: (
    record: EndedCall,
    summary: Promise<WrittenSummary | undefined> | undefined,
    isDialled: boolean,
  ) => void;
  readonly log: Log;
}
