import { isObject, parseObject } from "../../src/json.ts";
import { type FrameMark, markedFrame, markOf } from "./marked_frame.ts";

/** The model says something of 20 ms after each so-manyth frame of a call. */
const ANSWERED = 10;
const APPEND = '{"type":"input_audio_buffer.append","audio":"';

/** Told what reaches the model and what it says, at the moment it does. */
export interface ModelWatcher {
  heard(mark: FrameMark): void;
  spoke(mark: FrameMark): void;
}

/** A Realtime server that confirms every session, notes when each marked frame arrives, and speaks now and then. */
export class Model implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #watcher: ModelWatcher;
  readonly #closed = new Set<Promise<void>>();

  constructor(watcher: ModelWatcher) {
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
        const mark = markOf(text.slice(APPEND.length));
        if (!mark) return;
        this.#watcher.heard(mark);
        if (mark.frame % ANSWERED === 0) this.#speak(send, mark);
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
    this.#watcher.spoke(mark);
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
