import { AssistantFactory } from "../assistants/assistant_factory.ts";
import type { CallAssistant } from "../assistants/call_assistant.ts";
import { Budget } from "../calls/budget.ts";
import { Calls } from "../calls/calls.ts";
import { CarrierPrices } from "../calls/carrier_prices.ts";
import { createPseudonym } from "../calls/pseudonym.ts";
import type { Recorder } from "../call/call_recording.ts";
import type { Finding } from "../check/finding.ts";
import type { Clock } from "../clock.ts";
import type { ListenPorts } from "./listen_ports.ts";
import type { ServiceConfig } from "./service_config.ts";
import type { CallReader } from "../http/admin/api/calls_api.ts";
import type { RecordingReader } from "../http/admin/api/recording_routes.ts";
import { PendingStreams } from "../http/twilio/pending_streams.ts";
import { EndpointHealth } from "../model/endpoint_health.ts";
import type { OpenSession } from "../model/model_interface.ts";
import type { RemoteCallStore } from "../records/remote_call_store.ts";
import type { Log } from "../telemetry/log.ts";
import { Metrics } from "../telemetry/metrics.ts";
import { CallReporter, type RecordWriter } from "./call_reporter.ts";
import { GreetingFiles } from "./greeting_files.ts";
import { installationKey } from "./installation_key.ts";
import { OutboundCalls } from "./outbound_calls.ts";
import { stateFile } from "./state_file.ts";

/** The part of the call store that the service uses. */
export type ServiceRecords =
  & RecordWriter
  & CallReader
  & RecordingReader
  & Recorder
  & Pick<RemoteCallStore, "close" | "deleteBefore" | "status" | "beginPlacement" | "endPlacement">;

export interface ServiceOptions {
  readonly config: ServiceConfig;
  /** Opens model sessions in the configured dialect. */
  readonly openSession: OpenSession;
  /** Realtime URL of the stand-in model; undefined: `OPENAI_REALTIME_URL`. */
  readonly modelUrl?: string | undefined;
  /** Ports to listen on; undefined: `PORT`, and ports that the system chooses. */
  readonly ports?: ListenPorts | undefined;
  /** Stores calls and recordings; undefined: nothing is stored. */
  readonly records?: ServiceRecords | undefined;
  /** Receives recordings; without it, no call is recorded. Default: `records`. */
  readonly recorder?: Recorder | undefined;
  /** Runs the checks of `parley check`, for the console. */
  readonly check?: (() => Promise<readonly Finding[]>) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** The parts of a service, connected to each other but not to a port. */
export interface ServiceParts {
  readonly metrics: Metrics;
  readonly assistants: AssistantFactory;
  readonly calls: Calls;
  readonly outbound: OutboundCalls;
  readonly reporter: CallReporter;
  readonly pendingStreams: PendingStreams;
  /** Writes what is still in memory to DATA_DIR, and releases timers and files. */
  close(): Promise<void>;
}

/** Composes a service from its configuration. */
export function composeService(
  { config, openSession, modelUrl, records, recorder = records, clock, log }: ServiceOptions,
): ServiceParts {
  const metrics = new Metrics(clock);
  const reporter = new CallReporter(config, records, clock, log);
  const installation = installationKey(config.DATA_DIR, clock, log);
  const pseudonym = createPseudonym(installation.key);
  const fileOf = (name: string) => stateFile(config.DATA_DIR, name);
  const spending = new Budget({ clock, log, pseudonym, file: fileOf("spending.json") });
  const minutes = new Budget({ clock, log, pseudonym, file: fileOf("minutes.json") });
  const greetings = new GreetingFiles(config.DATA_DIR, log);
  const assistants = new AssistantFactory({
    assistants: config.assistants,
    config,
    modelUrl,
    canRecord: recorder !== undefined,
    greetings,
    saveMessage: (call, assistant, message) => reporter.addMessage(call, assistant, message),
    clock,
    log,
  });
  // Before the first call, because all calls that are open now belong to an earlier process.
  reporter.reportLeftOver((callSid) => calls.dialled.transferred.has(callSid));
  const carrierPrices = new CarrierPrices(config.CARRIER_PRICES, log);
  const calls = new Calls({
    createAssistant(call): CallAssistant | undefined {
      if (call.seal === undefined) return assistants.createNow(call);
      const assignment = outbound.streamAssignment(call.seal, call);
      return assignment && assistants.createNow(call, assignment);
    },
    openSession,
    rules: {
      maxCalls: config.MAX_CALLS,
      allowed: config.ALLOWED_CALLERS,
      denied: config.DENIED_CALLERS,
      minAttestation: config.MIN_ATTESTATION,
      maxPerCallerHour: config.CALLS_PER_CALLER_AND_HOUR,
      maxPerNumberDay: config.CALLS_PER_NUMBER_AND_DAY,
    },
    maxTransferSeconds: config.MAX_TRANSFER_SECONDS,
    maxOverflowCalls: config.MAX_OVERFLOW_CALLS,
    models: {
      health: new EndpointHealth(clock, log),
      firstAudioMs: config.MODEL_FIRST_AUDIO_SECONDS * 1_000,
      outageMs: config.MODEL_OUTAGE_SECONDS * 1_000,
    },
    streamGraceMs: config.STREAM_GRACE_SECONDS * 1_000,
    mediaTimeoutMs: config.MEDIA_TIMEOUT_SECONDS * 1000,
    pseudonym,
    stateFile: fileOf,
    spending,
    minutes,
    carrierPrices,
    recorder,
    onProgress: (record) => reporter.callProgressed(record),
    onEnded: (record, summary, isDialled) => reporter.callEnded(record, summary, isDialled),
    onCharged: (callSid, charge) => reporter.addCharge(callSid, charge),
    onSettled: (callSid) => reporter.callSettled(callSid),
    tokenSecret: config.TWILIO_AUTH_TOKEN,
    clock,
    log,
    metrics,
  });
  const outbound = new OutboundCalls({
    config,
    assistant: (name) => assistants.find(name),
    isOverBudget: (party, limits, nextUsd) => calls.isOverBudget(party, limits, nextUsd),
    answerPrice: (to, detectMachine) =>
      carrierPrices.leg("out", to) + (detectMachine ? carrierPrices.machineDetection : 0),
    admission: calls.admission,
    headStart: {
      createAssistant: (call, options) => assistants.create(call, options),
      prepare: (call, assistant, ringMs) => calls.prepareOutbound(call, assistant, ringMs),
      discard: (callSid) => calls.prepared.discard(callSid),
    },
    clock,
    log,
  });
  const pendingStreams = new PendingStreams(
    config.TWILIO_AUTH_TOKEN === undefined
      ? { total: config.MAX_UNSIGNED_STREAMS, perAddress: config.MAX_UNSIGNED_STREAMS_PER_ADDRESS }
      : { total: config.MAX_PENDING_STREAMS },
    clock,
  );
  metrics.setGaugeSources({
    calls: () => calls.gauges().calls,
    bufferedBytes: () => calls.gauges().bytes,
    pendingStreams: () => pendingStreams.count,
    webhooks: () => reporter.webhookCounts,
    records: () => ({ ...records?.status }),
  });
  return {
    metrics,
    assistants,
    calls,
    outbound,
    reporter,
    pendingStreams,
    async close() {
      metrics.close();
      installation.stop();
      outbound.dialer.close();
      await Promise.all([
        calls.close(),
        reporter.stop(),
        spending.close(),
        minutes.close(),
        greetings.close(),
      ]);
      await records?.close();
    },
  };
}
