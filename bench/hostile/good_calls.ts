import { isObject, parseObject } from "../../src/json.ts";
import { dial, type ModelSocket } from "../../src/model/web_socket/web_socket.ts";
import { twilioSignature } from "../../src/simulator/caller/sign.ts";
import type { Target } from "./attack.ts";
import { Window } from "./delays.ts";
import { mediaFrame, startFrame, stopFrame } from "./frames.ts";
import { type FrameMark, markedFrame, markOf } from "./marked_frame.ts";
import { Model } from "./model.ts";

const FRAME_MS = 20;
/** A frame still on its way after so long (ms) is lost. */
const GRACE_MS = 1_000;

interface GoodCall {
  readonly callSid: string;
  readonly token: string;
  readonly streamSid: string;
  readonly socket: ModelSocket;
  /** When each frame left, by its number, and in which window. */
  readonly sent: { readonly at: number; readonly window: Window }[];
  /** The same of what the model said, by the frame it answers. */
  readonly spoken: Map<number, { readonly at: number; readonly window: Window }>;
  over: string | undefined;
}

/** Where the calls are placed. */
export type Service = Pick<Target, "port" | "publicUrl" | "authToken">;

/**
 * Calls of people who want to talk: signed as Twilio signs, 50 frames a second each by the clock. The callers and the
 * model are both here, so that one clock times all.
 */
export class GoodCalls implements AsyncDisposable {
  readonly #model: Model;
  readonly #calls: GoodCall[] = [];
  #window = new Window("before");
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hungUp = false;

  constructor() {
    this.#model = new Model({ heard: (mark) => this.#heard(mark), spoke: (mark) => this.#spoke(mark) });
  }

  /** Address of the model, for the service's `OPENAI_REALTIME_URL`. */
  get modelUrl(): string {
    return this.#model.url;
  }

  /** The calls, as an attack needs to know them. */
  get victims(): Target["victims"] {
    return this.#calls.map(({ callSid, token }) => ({ callSid, token }));
  }

  /** Why calls ended that nobody had hung up. */
  get ended(): string[] {
    return this.#calls.flatMap(({ over }) => over === undefined ? [] : [over]);
  }

  /** Places calls, and lets them talk until they hang up. */
  async place(count: number, service: Service): Promise<void> {
    for (let i = 0; i < count; i++) await this.#place(i, service);
    const startedAt = performance.now();
    let turn = 0;
    const talk = () => {
      const now = performance.now();
      const due = () => startedAt + turn * FRAME_MS / count;
      for (; due() <= now; turn++) {
        const call = this.#calls[turn % count];
        if (!call) continue;
        this.#window.slip.push(performance.now() - due());
        this.#speakUp(call, turn % count);
      }
      this.#timer = setTimeout(talk, Math.max(0, due() - performance.now()));
    };
    talk();
  }

  /** What is sent from now on, and until this is asked again, is put down under this name. */
  window(name: string): Window {
    return this.#window = new Window(name);
  }

  /** Stops to talk, waits for what is on its way, and hangs up. */
  async hangUp(): Promise<void> {
    if (this.#hungUp) return;
    clearTimeout(this.#timer);
    await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
    this.#hungUp = true;
    for (const { socket, streamSid } of this.#calls) {
      socket.send(stopFrame(streamSid));
      socket.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.hangUp();
    await this.#model[Symbol.asyncDispose]();
  }

  async #place(index: number, { port, publicUrl, authToken }: Service): Promise<void> {
    const callSid = `CA${String(index).padStart(32, "0")}`;
    const form = { CallSid: callSid, From: "+15551230000", To: "+15559870000", CallStatus: "ringing" };
    const signature = await twilioSignature(authToken, `${publicUrl}/incoming-call`, form);
    const response = await fetch(`http://127.0.0.1:${port}/incoming-call`, {
      method: "POST",
      headers: { "x-twilio-signature": signature },
      body: new URLSearchParams(form),
    });
    const twiml = await response.text();
    const token = /name="token" value="([^"]+)"/.exec(twiml)?.[1];
    if (!token) throw new Error(`Cannot place a call: the webhook answered ${response.status}`);
    const streamSid = `MZ${callSid.slice(2)}`;
    const wss = `${publicUrl.replace("https", "wss")}/media-stream`;
    const socket = await dial(`ws://127.0.0.1:${port}/media-stream`, {
      headers: { "x-twilio-signature": await twilioSignature(authToken, wss) },
      handlers: {
        onMessage: (text) => this.#listen(call, text),
        onClose: (code, reason) => {
          if (!this.#hungUp) call.over = `${code} ${reason}`.trim();
        },
      },
    });
    const call: GoodCall = {
      callSid,
      token,
      streamSid,
      socket,
      sent: [],
      spoken: new Map(),
      over: undefined,
    };
    this.#calls.push(call);
    socket.send(JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" }));
    socket.send(startFrame(streamSid, callSid, { token }));
  }

  #speakUp(call: GoodCall, index: number): void {
    const frame = call.sent.length;
    const { streamSid, socket } = call;
    const message = mediaFrame(streamSid, frame, markedFrame({ call: index, frame }));
    this.#window.sent++;
    call.sent.push({ at: performance.now(), window: this.#window });
    socket.send(message);
  }

  #heard({ call, frame }: FrameMark): void {
    const sent = this.#calls[call]?.sent[frame];
    if (!sent) return;
    sent.window.arrived++;
    sent.window.toModel.push(performance.now() - sent.at);
  }

  #spoke({ call, frame }: FrameMark): void {
    this.#window.voiceSent++;
    this.#calls[call]?.spoken.set(frame, { at: performance.now(), window: this.#window });
  }

  #listen(call: GoodCall, text: string): void {
    const message = parseObject(text);
    if (message?.event === "mark") return void call.socket.send(text);
    const payload = isObject(message?.media) ? message.media.payload : undefined;
    const mark = typeof payload === "string" ? markOf(payload) : undefined;
    const spoken = mark && call.spoken.get(mark.frame);
    if (!spoken) return;
    call.spoken.delete(mark.frame);
    spoken.window.voiceArrived++;
    spoken.window.toCaller.push(performance.now() - spoken.at);
  }
}
