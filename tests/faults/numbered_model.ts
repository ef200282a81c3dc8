import { systemClock } from "../../src/clock.ts";
import type {
  ModelBehavior,
  ResponsePlan,
  ResponseRequest,
} from "../../src/simulator/model/model_behavior.ts";
import { SimulatedSession } from "../../src/simulator/model/simulated_session.ts";
import type { WireEvent } from "../../src/simulator/model/server_events.ts";
import { upgradeWebSocket } from "../../src/upgrade_web_socket.ts";
import type { CallScript, Request } from "./call_script.ts";
import { SessionLog } from "./session_log.ts";
import type { Voice } from "./voice.ts";

export interface NumberedModelOptions {
  readonly script: CallScript;
  readonly voice: Voice;
  /** The utterance to which a caller's frame belongs. */
  readonly utteranceOf: (frame: number) => number | undefined;
  /** The first session was asked to configure itself. */
  readonly onConfiguring: () => void;
}

/** The result of the tool, which every later session should know. */
export const TOOL_RESULT = "table 42 is booked";
const TOOL_PAUSE_MS = 20;

/** A Realtime server for one call. Its replies follow the script, and each of its sessions keeps a log. */
export class NumberedModel implements AsyncDisposable {
  readonly sessions: SessionLog[] = [];
  /** Utterances by the transcript that the caller's turn got. */
  readonly #transcripts = new Map<string, readonly number[]>();
  /** When the caller's turns were transcribed, by their text. */
  readonly transcribedAt = new Map<string, number>();
  readonly #options: NumberedModelOptions;
  readonly #sockets = new Set<WebSocket>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#connect(request),
  );

  constructor(options: NumberedModelOptions) {
    this.#options = options;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.addr.port}/v1/realtime`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await this.#server.shutdown();
  }

  #connect(request: Request_): Response {
    const model = new URL(request.url).searchParams.get("model") ?? "";
    const { socket, response } = upgradeWebSocket(request, { idleTimeout: 0 });
    const log = new SessionLog(this.sessions.length);
    this.sessions.push(log);
    this.#sockets.add(socket);
    const session = new SimulatedSession(`s${this.sessions.length}`, model, {
      clock: systemClock,
      behavior: this.#behaviorOf(log),
      send: (event) => {
        if (socket.readyState !== WebSocket.OPEN) return;
        log.sent(event);
        this.#noteTranscript(event, log);
        socket.send(JSON.stringify(event));
      },
      close: (code, reason) => socket.close(code, reason),
      onEvent: (event) => {
        log.received(event);
        if (event.type === "session.update" && log.index === 0) this.#options.onConfiguring();
      },
    });
    socket.onopen = () => session.open();
    socket.onmessage = ({ data }) => session.receive(data);
    socket.onclose = () => {
      log.close();
      session.end();
      this.#sockets.delete(socket);
    };
    return response;
  }

  #behaviorOf(log: SessionLog): ModelBehavior {
    return {
      planResponse: (request) => this.#plan(log, request),
      onFunctionOutput: (_callId, output) => log.outputs.push(output),
    };
  }

  #plan(log: SessionLog, { requested, unanswered }: ResponseRequest): ResponsePlan {
    const { voice, script } = this.#options;
    const utterances = this.#utterancesIn(log, unanswered);
    const last = script.utterances[Math.max(...utterances)];
    const request = last && this.#stillToDo(log, last.request, requested?.instructions);
    if (request === "tool") return plan([call("book_table", {}, log)]);
    const isGreeting = voice.replies.length === 0 && requested !== undefined && !last;
    const { audio, reply } = voice.speak(isGreeting ? script.greetingMs : last?.replyMs ?? 1200, {
      request: isGreeting ? "greeting" : request ?? "other",
      isFinal: request !== "transfer" && request !== "goodbye",
      answers: utterances,
    });
    log.plannedReplies.push(reply);
    const speech = {
      type: "speech",
      audio,
      transcript: `${reply.name} to the caller, in several words.`,
    } as const;
    if (request === "transfer") return plan([speech, call("transfer_call", { destination: "sales" }, log)]);
    if (request === "goodbye") return plan([speech, call("end_call", {}, log)]);
    return plan([speech]);
  }

  /** A model does not ask again for what its conversation says was done. */
  #stillToDo(log: SessionLog, request: Request, instructions: string | undefined): Request {
    if (request === "tool" && (log.knows(TOOL_RESULT) || log.calls.includes("book_table"))) return "talk";
    // The service reports a transfer that failed in the instructions of the next response.
    if (request === "transfer" && (log.calls.includes("transfer_call") || instructions)) return "talk";
    return request;
  }

  #utterancesIn(log: SessionLog, unanswered: ResponseRequest["unanswered"]): readonly number[] {
    if (!unanswered) return this.#utterancesKnownTo(log);
    if (!unanswered.turnAudio) {
      const { wire } = unanswered;
      const texts = wire.type === "message"
        ? wire.content.map((part) => "text" in part ? part.text : "")
        : [];
      return texts.flatMap((text) => this.#transcripts.get(text ?? "") ?? []);
    }
    const utterances = log.numbersIn(unanswered.turnAudio.audio).flatMap((frame) =>
      this.#options.utteranceOf(frame) ?? []
    );
    const found = [...new Set(utterances)];
    log.turns.set(unanswered.id, found);
    return found;
  }

  /** In a restored conversation, what the caller said is known as text, or by what the tool returned. */
  #utterancesKnownTo(log: SessionLog): number[] {
    const said = [...this.#transcripts].flatMap(([text, utterances]) => log.knows(text) ? utterances : []);
    const done = [...this.#options.script.utterances.entries()]
      .filter(([, { request }]) => request === "tool" && log.knows(TOOL_RESULT))
      .map(([utterance]) => utterance);
    return [...said, ...done];
  }

  /** Turns are planned before they are transcribed. */
  #noteTranscript(event: WireEvent, log: SessionLog): void {
    if (event.type !== "conversation.item.input_audio_transcription.completed") return;
    const transcript = String(event.transcript);
    this.transcribedAt.set(transcript, this.transcribedAt.get(transcript) ?? performance.now());
    const utterances = log.turns.get(String(event.item_id));
    if (utterances) this.#transcripts.set(transcript, utterances);
  }
}

type Request_ = globalThis.Request;

function plan(items: ResponsePlan["items"]): ResponsePlan {
  return { items, delayMs: 0, end: { type: "completed" } };
}

function call(name: string, args: object, log: SessionLog): ResponsePlan["items"][number] {
  log.calls.push(name);
  const callId = `call_${log.index}_${log.calls.length}`;
  return { type: "call", callId, name, arguments: JSON.stringify(args), durationMs: TOOL_PAUSE_MS };
}
