import { isObject, parseObject } from "../../src/json.ts";
import { connectWebSocket, type WebSocketClient } from "../../src/model/web_socket/web_socket.ts";
import { twilioSignature } from "../../src/twilio/request_signature.ts";
import type { Target } from "./attack.ts";
import { MeasuredWindow } from "./measured_window.ts";
import { mediaFrame, startFrame, stopFrame } from "./frames.ts";
import { type FrameMark, markedFrame, readFrameMark } from "./marked_frame.ts";
import { EchoModel } from "./model.ts";

const FRAME_MS = 20;
/** A frame that has not arrived after this time is lost (ms). */
const GRACE_MS = 1_000;

interface GoodCall {
  readonly callSid: string;
  readonly token: string;
  readonly streamSid: string;
  readonly socket: WebSocketClient;
  /** Send time and window of each caller frame, by frame number. */
  readonly sent: { readonly at: number; readonly window: MeasuredWindow }[];
  /** The same for the model's frames, by the caller frame they respond to. */
  readonly voiceSent: Map<number, { readonly at: number; readonly window: MeasuredWindow }>;
  closeReason: string | undefined;
}

/** The service that the calls go to. */
export type ServiceAddress = Pick<Target, "port" | "publicUrl" | "authToken">;

/**
 * Well-behaved calls: signed like Twilio's, 50 frames a second each. Callers and model run in this process, so that one clock
 * times every frame.
 */
export class GoodCalls implements AsyncDisposable {
  readonly #model: EchoModel;
  readonly #calls: GoodCall[] = [];
  #window = new MeasuredWindow("before");
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hungUp = false;

  constructor() {
    this.#model = new EchoModel({
      frameReceived: (mark) => this.#frameReceived(mark),
      frameSent: (mark) => this.#modelSpoke(mark),
    });
  }

  /** The model's address, for `OPENAI_REALTIME_URL`. */
  get modelUrl(): string {
    return this.#model.url;
  }

  /** The calls, as targets of attacks. */
  get victims(): Target["victims"] {
    return this.#calls.map(({ callSid, token }) => ({ callSid, token }));
  }

  /** Close reasons of the calls that ended before `hangUp`. */
  get ended(): string[] {
    return this.#calls.flatMap(({ closeReason: over }) => over === undefined ? [] : [over]);
  }

  /** Places calls, which talk until `hangUp`. */
  async place(count: number, service: ServiceAddress): Promise<void> {
    for (let i = 0; i < count; i++) await this.#place(i, service);
    const startedAt = performance.now();
    let turn = 0;
    const talk = () => {
      const now = performance.now();
      const due = () => startedAt + turn * FRAME_MS / count;
      for (; due() <= now; turn++) {
        const call = this.#calls[turn % count];
        if (!call) continue;
        this.#window.senderDelay.push(performance.now() - due());
        this.#sendFrame(call, turn % count);
      }
      this.#timer = setTimeout(talk, Math.max(0, due() - performance.now()));
    };
    talk();
  }

  /** Starts a window: it counts the frames sent from now until the next one starts. */
  startWindow(name: string): MeasuredWindow {
    return this.#window = new MeasuredWindow(name);
  }

  /** Stops sending, waits for frames in flight and hangs up. */
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

  async #place(index: number, { port, publicUrl, authToken }: ServiceAddress): Promise<void> {
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
    const socket = await connectWebSocket(`ws://127.0.0.1:${port}/media-stream`, {
      headers: { "x-twilio-signature": await twilioSignature(authToken, wss) },
      handlers: {
        onMessage: (text) => this.#receive(call, text),
        onClose: (code, reason) => {
          if (!this.#hungUp) call.closeReason = `${code} ${reason}`.trim();
        },
      },
    });
    const call: GoodCall = {
      callSid,
      token,
      streamSid,
      socket,
      sent: [],
      voiceSent: new Map(),
      closeReason: undefined,
    };
    this.#calls.push(call);
    socket.send(JSON.stringify({ event: "connected", protocol: "Call", version: "1.0.0" }));
    socket.send(startFrame(streamSid, callSid, { token }));
  }

  #sendFrame(call: GoodCall, index: number): void {
    const frame = call.sent.length;
    const { streamSid, socket } = call;
    const message = mediaFrame(streamSid, frame, markedFrame({ call: index, frame }));
    this.#window.sent++;
    call.sent.push({ at: performance.now(), window: this.#window });
    socket.send(message);
  }

  #frameReceived({ call, frame }: FrameMark): void {
    const sent = this.#calls[call]?.sent[frame];
    if (!sent) return;
    sent.window.arrived++;
    sent.window.toModel.push(performance.now() - sent.at);
  }

  #modelSpoke({ call, frame }: FrameMark): void {
    this.#window.voiceSent++;
    this.#calls[call]?.voiceSent.set(frame, { at: performance.now(), window: this.#window });
  }

  #receive(call: GoodCall, text: string): void {
    const message = parseObject(text);
    if (message?.event === "mark") return void call.socket.send(text);
    const payload = isObject(message?.media) ? message.media.payload : undefined;
    const mark = typeof payload === "string" ? readFrameMark(payload) : undefined;
    const spoken = mark && call.voiceSent.get(mark.frame);
    if (!spoken) return;
    call.voiceSent.delete(mark.frame);
    spoken.window.voiceArrived++;
    spoken.window.toCaller.push(performance.now() - spoken.at);
  }
}
