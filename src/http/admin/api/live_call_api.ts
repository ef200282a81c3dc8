import { STATUS_CODE } from "@std/http/status";
import { z } from "zod";
import type { CallInProgress, LiveCalls } from "../../../calls/live_calls.ts";
import { parseObject } from "../../../json.ts";
import { E164 } from "../../../phone_number.ts";
import { problem } from "../../problem.ts";
import { type RequestInputOptions, withRequestInput } from "../../request_input.ts";
import type { ReaderPool } from "../streams/reader_pool.ts";
import { liveAudio } from "./live_audio.ts";

/** Body of `POST …/whisper`. */
export const WHISPER_REQUEST = z.strictObject({ text: z.string().trim().min(1).max(2_000) });
/** Body of `POST …/transfer`. */
export const TRANSFER_REQUEST = z.strictObject({ to: z.string().min(1).max(100) });
/** Body of `POST …/recording`. */
export const RECORDING_REQUEST = z.strictObject({ state: z.enum(["on", "paused"]) });

export interface LiveCallApiOptions extends RequestInputOptions {
  readonly calls: LiveCalls;
  /** Names of the transfer destinations. */
  readonly destinations: () => readonly string[];
  /** Whether callers to `ownNumber` may be transferred to a number. */
  readonly isAllowed?: (number: string, ownNumber: string) => boolean;
  readonly readers: ReaderPool;
}

/** The API's routes to watch, hear and control one call in progress. */
export class LiveCallApi {
  readonly #options: LiveCallApiOptions;

  constructor(options: LiveCallApiOptions) {
    this.#options = options;
  }

  /**
   * `GET /api/calls/{sid}/events`: first a `call` event with the state so far, then one event for each
   * change.
   */
  events(callSid: string): Response {
    const { calls, readers, clock } = this.#options;
    return this.#withCall(callSid, (call) =>
      readers.openEvents((send, stream) => {
        send("call", { now: new Date(clock.wallTime()).toISOString(), ...call.record });
        stream.onEnd(calls.watch(({ type, call }) => {
          if (call.callSid === callSid && type !== "ended") send("changed", call);
        }));
        stream.onEnd(call.watch(({ type, data }) => {
          send(type, data);
          if (type === "ended") stream.close();
        }));
      }));
  }

  /** `GET /api/calls/{sid}/audio`: the audio of both sides. */
  audio(callSid: string): Response {
    const { calls, readers } = this.#options;
    return this.#withCall(callSid, (call) => liveAudio(callSid, call, calls, readers));
  }

  /** `POST /api/calls/{sid}/whisper`: gives the assistant an instruction that the caller does not hear. */
  async whisper(callSid: string, request: Request): Promise<Response> {
    return await this.#act(callSid, request, WHISPER_REQUEST, (call, { text }) => {
      call.whisper(text);
      return noContent();
    });
  }

  /** `POST /api/calls/{sid}/hangup` */
  hangUp(callSid: string): Response {
    return this.#withCall(callSid, (call) => {
      call.hangUp();
      return noContent();
    });
  }

  /** `POST /api/calls/{sid}/transfer`: transfers the caller. */
  async transfer(callSid: string, request: Request): Promise<Response> {
    return await this.#act(callSid, request, TRANSFER_REQUEST, (call, { to }) => {
      const { destinations, isAllowed = () => true } = this.#options;
      const refuse = (detail: string) => problem(STATUS_CODE.UnprocessableEntity, `to: ${detail}`);
      if (!destinations().includes(to)) {
        if (!E164.test(to)) {
          return refuse("neither a configured destination nor a phone number such as +15551230000");
        }
        const { direction, from, to: called } = call.record;
        if (!isAllowed(to, direction === "outbound" ? from : called)) {
          return refuse(`${to} is not in OUTBOUND_ALLOWED`);
        }
      }
      return call.transfer(to) ? noContent() : conflict("The caller is not connected, or the call is ending");
    });
  }

  /** `POST /api/calls/{sid}/recording`: pauses or resumes the recording. */
  async record(callSid: string, request: Request): Promise<Response> {
    return await this.#act(
      callSid,
      request,
      RECORDING_REQUEST,
      (call, { state }) =>
        call.setRecording(state === "on") ? noContent() : conflict("This call is not recorded"),
    );
  }

  #withCall(callSid: string, respond: (call: CallInProgress) => Response): Response {
    const call = this.#options.calls.find(callSid);
    return call ? respond(call) : problem(STATUS_CODE.NotFound, "No call in progress has this CallSid");
  }

  #act<Body>(
    callSid: string,
    request: Request,
    schema: z.ZodType<Body>,
    act: (call: CallInProgress, body: Body) => Response,
  ): Promise<Response> {
    return withRequestInput(request, this.#options, ({ body }) => {
      if (!body) {
        const detail = "Send JSON with content-type: application/json";
        return problem(STATUS_CODE.UnsupportedMediaType, detail);
      }
      const read = schema.safeParse(parseObject(new TextDecoder().decode(body)));
      if (read.success) return this.#withCall(callSid, (call) => act(call, read.data));
      const problems = read.error.issues.map(({ path, message }) =>
        `${path.join(".") || "body"}: ${message}`
      );
      return problem(STATUS_CODE.UnprocessableEntity, problems.join("; "));
    });
  }
}

function noContent(): Response {
  return new Response(null, { status: STATUS_CODE.NoContent });
}

function conflict(detail: string): Response {
  return problem(STATUS_CODE.Conflict, detail);
}
