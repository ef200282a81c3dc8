import { systemClock } from "../../src/clock.ts";
import { scriptOf } from "./call_script.ts";
import { CellCall } from "./cell_call.ts";
import { CellService } from "./cell_service.ts";
import { type Fault, faultName, type Phase, type Side } from "./fault.ts";
import { FaultyProxy } from "./faulty_proxy.ts";
import { LagMeter } from "./lag_meter.ts";
import { measure, type Measurement } from "./measurement.ts";
import { NumberedCaller } from "./numbered_caller.ts";
import { NumberedModel } from "./numbered_model.ts";
import { OperatorServer } from "./operator_server.ts";
import { Voice } from "./voice.ts";

/** One call with one fault in one phase. */
export interface Cell {
  readonly side: Side;
  readonly phase: Phase;
  readonly fault: Fault;
}

/** How long the report of an ended call may take (ms). */
const REPORT_MS = 6_000;

export function cellName({ side, phase, fault }: Cell): string {
  return `${side} / ${phase} / ${faultName(fault)}`;
}

/** Runs the real service between a stand-in model and a stand-in caller, breaks a line once, and measures. */
export async function runCell({ side, phase, fault }: Cell): Promise<Measurement> {
  using lag = new LagMeter();
  let faultAt: number | undefined;
  const script = scriptOf(phase);
  const voice = new Voice();
  const reached = (now: Phase) => {
    if (now !== phase || faultAt !== undefined) return;
    faultAt = performance.now();
    lag.maxMs = 0;
    (side === "model" ? modelProxy : twilioProxy).inject(fault);
  };
  await using operator = new OperatorServer(() => reached("tool"));
  const caller = new NumberedCaller({
    clock: systemClock,
    script,
    voice,
    onPhase: reached,
    onFinished: () => call.hangUp(),
  });
  await using model = new NumberedModel({
    script,
    voice,
    utteranceOf: (frame) => caller.sent[frame]?.utterance,
    onConfiguring: () => reached("configuring"),
  });
  await using modelProxy = await FaultyProxy.start(model.url, "down");
  await using service = new CellService({ modelUrl: modelProxy.url, operatorUrl: operator.url });
  await using twilioProxy = await FaultyProxy.start(service.service.streamUrl, "up");
  const call = new CellCall({
    serviceUrl: service.service.url,
    streamUrl: twilioProxy.url,
    caller,
    onDial: () => reached("transferring"),
  });
  reached("dialling");
  const ended = await call.run();
  const endedAt = performance.now();
  // The call is over at Twilio, whatever a slow line still carries.
  if (twilioProxy.open > 0) twilioProxy.inject({ kind: "reset" });
  await operator.reported(REPORT_MS);
  modelProxy.drain();
  const isIdle = await modelProxy.untilIdle(REPORT_MS).then(() => true, () => false);
  const records = await service.stop();
  return measure({
    phase,
    script,
    voice,
    caller,
    model,
    operator,
    ended,
    faultAt,
    endedAt,
    records: records.length,
    recordedTurns: records[0] ?? 0,
    socketsLeft: isIdle ? 0 : modelProxy.open,
    lagMs: lag.maxMs,
  });
}
