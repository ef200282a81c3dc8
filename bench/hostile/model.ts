import { isObject, parseObject } from "../../src/json.ts";
import { type FrameMark, markedFrame, readFrameMark } from "./marked_frame.ts";

/** The model responds with 20 ms of audio to one caller frame in 10. */
const FRAMES_PER_RESPONSE = 10;
const APPEND = '{"type":"input_audio_buffer.append","audio":"';

/** Notified of each marked frame when the model receives or sends it. */
export interface ModelObserver {
  frameReceived(mark: FrameMark): void;
  frameSent(mark: FrameMark): void;
}

/** A Realtime server that confirms every session and echoes one marked frame in 10. */
export class EchoModel implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #watcher: ModelObserver;
  readonly #closed = new Set<Promise<void>>();

  constructor(watcher: ModelObserver) {
    this.#watcher = watcher;
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
      const { socket, response } = Deno.upgradeWebSocket(request);
      this.#converse(socket);
      return response;
    });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#server.addr.port}/v1/realtime`;
  }

  #converse(socket: WebSocket): void {
    const send = (event: Record<string, unknown>) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ event_id: "e", ...event }));
    };
    socket.onopen = () => send({ type: "session.created", session: { id: "sess_1" } });
    const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
    this.#closed.add(closed);
    closed.then(() => this.#closed.delete(closed));
    socket.onmessage = ({ data }) => {
      const text = String(data);
      if (text.startsWith(APPEND)) {
        const mark = readFrameMark(text.slice(APPEND.length));
        if (!mark) return;
        this.#watcher.frameReceived(mark);
        if (mark.frame % FRAMES_PER_RESPONSE === 0) this.#speak(send, mark);
        return;
      }
      const event = parseObject(text);
      if (event?.type === "session.update" && isObject(event.session)) {
        send({ type: "session.updated", session: event.session });
      }
    };
  }

  #speak(send: (event: Record<string, unknown>) => void, mark: FrameMark): void {
    const [response_id, item_id] = [`resp_${mark.frame}`, `item_${mark.frame}`];
    send({ type: "response.created", response: { id: response_id, status: "in_progress" } });
    this.#watcher.frameSent(mark);
    send({ type: "response.output_audio.delta", response_id, item_id, delta: markedFrame(mark) });
    send({ type: "response.output_audio.done", response_id, item_id });
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
    send({
      type: "response.done",
      response: { id: response_id, status: "completed", status_details: null, usage },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#closed);
    await this.#server.shutdown();
  }
}
