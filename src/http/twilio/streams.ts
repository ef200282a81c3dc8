import { STATUS_CODE } from "@std/http/status";
import type { Calls } from "../../calls/calls.ts";
import type { Clock } from "../../clock.ts";
import { MediaStream, type Refused, type StreamLimits } from "../../twilio/media_stream.ts";
import { PendingStreams } from "./pending_streams.ts";
import { problem } from "../problem.ts";
import type { Refusals } from "./refusals.ts";

export interface StreamsOptions {
  readonly calls: Calls;
  readonly refusals: Refusals;
  readonly pending: PendingStreams;
  readonly limits: StreamLimits;
  readonly clock: Clock;
}

/** Upgrades a request to a media stream, while not too many others wait for their `start`. */
export async function openStream(
  request: Request,
  address: string,
  options: StreamsOptions,
): Promise<Response> {
  const { calls, refusals, pending, limits, clock } = options;
  const refused = await pending.enter(address);
  if (refused) {
    refusals.count("stream", refused);
    return problem(
      STATUS_CODE.ServiceUnavailable,
      "Too many media streams have not started yet; try again later",
      {
        "retry-after": "5",
      },
    );
  }
  let upgrade: Deno.WebSocketUpgrade;
  try {
    upgrade = Deno.upgradeWebSocket(request);
  } catch (error) {
    pending.leave(address);
    refusals.count("request", "bad upgrade");
    return problem(STATUS_CODE.BadRequest, `The upgrade to WebSocket failed: ${error}`);
  }
  let waiting = true;
  const leave = () => {
    if (waiting) pending.leave(address);
    waiting = false;
  };
  const gate = {
    admit: (...[stream, start]: Parameters<Calls["admit"]>) => {
      leave();
      return calls.admit(stream, start);
    },
    turnedAway: (why: Refused) => {
      leave();
      refusals.count("stream", why);
    },
  };
  new MediaStream(upgrade.socket, gate, clock, limits);
  return upgrade.response;
}
