import { STATUS_CODE } from "@std/http/status";
import type { Calls } from "../../calls/calls.ts";
import type { Clock } from "../../clock.ts";
import { MediaStream, type RejectReason, type StreamLimits } from "../../twilio/media_stream.ts";
import { PendingStreams } from "./pending_streams.ts";
import { problem } from "../problem.ts";
import type { Refusals } from "../refusals.ts";
import { upgradeWebSocket } from "../../upgrade_web_socket.ts";

export interface StreamUpgradeOptions {
  readonly calls: Pick<Calls, "admit">;
  readonly refusals: Pick<Refusals, "count">;
  readonly pending: PendingStreams;
  readonly limits: StreamLimits;
  readonly clock: Clock;
}

/**
 * Upgrades a request to a WebSocket media stream. Answers 503 while too many other streams have not sent
 * `start`.
 *
 * @param address The client's IP address.
 */
export async function openMediaStream(
  request: Request,
  address: string,
  options: StreamUpgradeOptions,
): Promise<Response> {
  const { calls, refusals, pending, limits, clock } = options;
  const refused = await pending.enter(address);
  if (refused) {
    refusals.count("stream", refused);
    const detail = "Too many media streams are waiting for their start message; try again in 5 s";
    return problem(STATUS_CODE.ServiceUnavailable, detail, { "retry-after": "5" });
  }
  let upgrade: Deno.WebSocketUpgrade;
  try {
    upgrade = upgradeWebSocket(request);
  } catch (error) {
    pending.leave(address);
    refusals.count("request", "bad upgrade");
    return problem(STATUS_CODE.BadRequest, `The WebSocket upgrade failed: ${error}`);
  }
  let isPending = true;
  const leave = () => {
    if (isPending) pending.leave(address);
    isPending = false;
  };
  const gate = {
    admit: (...[stream, start]: Parameters<Calls["admit"]>) => {
      leave();
      return calls.admit(stream, start);
    },
    rejected: (reason: RejectReason) => {
      leave();
      refusals.count("stream", reason);
    },
  };
  new MediaStream(upgrade.socket, gate, clock, limits);
  return upgrade.response;
}
