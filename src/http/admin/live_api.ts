import { STATUS_CODE } from "@std/http/status";
import { z } from "zod";
import type { CallInProgress, LiveCalls } from "../../calls/live_calls.ts";
import type { Clock } from "../../clock.ts";
import { parseObject } from "../../json.ts";
import { E164 } from "../../dialer/phone_number.ts";
import { problem } from "../problem.ts";
import { bodyProblem, type BodyRefusal, readWebhook } from "../twilio/webhook_input.ts";
import type { EventStreams } from "./event_streams.ts";
import { liveAudio } from "./live_audio.ts";

const WHISPER = z.strictObject({ text: z.string().trim().min(1).max(2_000) });
const TRANSFER = z.strictObject({ to: z.string().min(1).max(100) });
const RECORDING = z.strictObject({ state: z.enum(["on", "paused"]) });

export interface LiveApiOptions {
  readonly calls: LiveCalls;
  /** Names of the places a caller may be passed on to. */
  readonly destinations: () => readonly string[];
  readonly streams: EventStreams;
  readonly clock: Clock;
  /** Told of a body that was refused, to count it. */
  readonly refused: (why: BodyRefusal) => void;
}

/** What whoever administers may see and do in one call that goes on. */
export class LiveApi {
  readonly #options: LiveApiOptions;

  constructor(options: LiveApiOptions) {
    this.#options = options;
  }

  /** `GET /api/calls/{sid}/events`: first a `call` event with the whole state, then what happens. */
  events(callSid: string): Response {
    return this.#with(callSid, (call) =>
      this.#options.streams.open((send, end) => {
        const { calls, clock } = this.#options;
        const now = new Date(clock.wallTime()).toISOString();
        send("call", { now, call: calls.list().find((each) => each.callSid === callSid), ...call.state });
        const unwatchAll = calls.watch(({ type, call }) => {
          if (call.callSid === callSid && type !== "ended") send("changed", call);
        });
        const unwatch = call.watch(({ type, data }) => {
          send(type, data);
          if (type === "ended") end();
        });
        return () => {
          unwatchAll();
          unwatch();
        };
      }));
  }

  /** `GET /api/calls/{sid}/audio`: what both sides hear. */
  audio(callSid: string): Response {
    const { calls, streams } = this.#options;
    return this.#with(callSid, (call) => liveAudio(callSid, call, calls, streams));
  }

  /** `POST /api/calls/{sid}/whisper`: tells the assistant something the caller does not hear. */
  async whisper(callSid: string, request: Request): Promise<Response> {
    return await this.#do(callSid, request, WHISPER, (call, { text }) => {
      call.whisper(text);
      return done();
    });
  }

  /** `POST /api/calls/{sid}/hangup` */
  hangUp(callSid: string): Response {
    return this.#with(callSid, (call) => {
      call.hangUp();
      return done();
    });
  }

  /** `POST /api/calls/{sid}/transfer`: takes the call over to a phone. */
  async transfer(callSid: string, request: Request): Promise<Response> {
    return await this.#do(callSid, request, TRANSFER, (call, { to }) => {
      if (!E164.test(to) && !this.#options.destinations().includes(to)) {
        return problem(
          STATUS_CODE.UnprocessableEntity,
          "to: neither a configured destination nor a number such as +15551230000",
        );
      }
      return call.transfer(to)
        ? done()
        : conflict("Nobody is on the line of this call at the moment, or it is ending");
    });
  }

  /** `POST /api/calls/{sid}/recording`: pauses the recording, or goes on with it. */
  async record(callSid: string, request: Request): Promise<Response> {
    return await this.#do(
      callSid,
      request,
      RECORDING,
      (call, { state }) => call.record(state === "on") ? done() : conflict("This call is not recorded"),
    );
  }

  #with(callSid: string, answer: (call: CallInProgress) => Response): Response {
    const call = this.#options.calls.find(callSid);
    return call ? answer(call) : problem(STATUS_CODE.NotFound, "There is no such call in progress");
  }

  async #do<Body>(
    callSid: string,
    request: Request,
    schema: z.ZodType<Body>,
    act: (call: CallInProgress, body: Body) => Response,
  ): Promise<Response> {
    const input = await readWebhook(request, this.#options.clock);
    if (typeof input === "string") {
      this.#options.refused(input);
      return bodyProblem(input);
    }
    if (!input.body) {
      return problem(
        STATUS_CODE.UnsupportedMediaType,
        "JSON was expected, with content-type: application/json",
      );
    }
    const body = schema.safeParse(parseObject(new TextDecoder().decode(input.body)));
    if (!body.success) {
      const problems = body.error.issues.map(({ path, message }) =>
        `${path.join(".") || "body"}: ${message}`
      );
      return problem(STATUS_CODE.UnprocessableEntity, problems.join("; "));
    }
    return this.#with(callSid, (call) => act(call, body.data));
  }
}

function done(): Response {
  return new Response(null, { status: STATUS_CODE.NoContent });
}

function conflict(detail: string): Response {
  return problem(STATUS_CODE.Conflict, detail);
}
