import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { TwilioRealtimeTransportLayer } from "@openai/agents-extensions";
import { RealtimeAgent, RealtimeSession } from "@openai/agents-realtime";
import { isObject } from "../../src/json.ts";
import { SteadyClock } from "../support/steady_clock.ts";
import { ChangeSignal } from "../support/wait_until.ts";
import { speechLike } from "../simulator/model/support.ts";
import { assertSameAudio, heardMs, indexIn, joined, placeWatchedCall, WatchedModel } from "./watched_call.ts";

/** A server for one call, built from the vendor's packages as its guide shows. */
class AgentsServer implements AsyncDisposable {
  readonly errors: unknown[] = [];
  readonly #modelUrl: string;
  readonly #changes = new ChangeSignal();
  readonly #sockets: { readonly readyState: number }[] = [];
  readonly #server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const { host, pathname } = new URL(request.url);
    if (pathname === "/incoming-call") {
      const twiml = `<Response><Connect><Stream url="ws://${host}/media-stream"/></Connect></Response>`;
      return new Response(twiml, { headers: { "content-type": "text/xml" } });
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    this.#answer(socket).catch((error) => this.errors.push(error));
    return response;
  });

  constructor(modelUrl: string) {
    this.#modelUrl = modelUrl;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Waits until both sockets are closed. */
  async hungUp(): Promise<void> {
    await this.#changes.until("both sockets to close", () => {
      return this.#sockets.length === 2 &&
        this.#sockets.every(({ readyState }) => readyState === WebSocket.CLOSED);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(twilioWebSocket: WebSocket): Promise<void> {
    const transport = new TwilioRealtimeTransportLayer({ twilioWebSocket });
    const session = new RealtimeSession(new RealtimeAgent({ name: "agent", instructions: "Be brief." }), {
      transport,
      // The transport requests µ-law only if the session has audio settings.
      config: { audio: { output: { voice: "marin" } } },
    });
    session.on("error", ({ error }) => this.errors.push(error));
    const started = new Promise<void>((resolve) =>
      transport.on("*", (event) => {
        if ("message" in event && isObject(event.message) && event.message.event === "start") resolve();
      })
    );
    await session.connect({ apiKey: "sk-any", url: `${this.#modelUrl}?model=gpt-realtime-2.1` });
    const modelWebSocket = transport.connectionState.websocket;
    assert(modelWebSocket);
    for (const socket of [twilioWebSocket, modelWebSocket]) {
      this.#sockets.push(socket);
      socket.addEventListener("close", () => this.#changes.notify());
    }
    await started;
    transport.requestResponse();
  }
}

Deno.test("the vendor's Twilio transport carries a call with a barge-in between the simulators", async () => {
  const clock = new SteadyClock();
  await using model = new WatchedModel("pcmu", clock);
  await using server = new AgentsServer(model.url);
  const call = await placeWatchedCall({
    baseUrl: server.url,
    clock,
    speech: speechLike(1000),
    interruptMs: 500,
  });

  assertEquals(call.problem, undefined);
  assertEquals(call.timeline.filter(({ action }) => action.startsWith("warning")), []);
  assertEquals(server.errors, []);
  assertEquals(model.sent("error"), []);
  await server.hungUp();

  // The greeting and the last answer were heard to the end; both answers repeat the caller.
  const [greeting, interrupted, answer] = model.outputAudio;
  assert(greeting && interrupted && answer);
  const [firstTurn, secondTurn] = call.turns;
  const greetedAtMs = call.timeline.find(({ actor, action }) =>
    actor === "assistant" && action === "starts speaking"
  )?.atMs;
  assertEquals(heardMs(call, greeting.audio, greetedAtMs), 1000);
  assertEquals(heardMs(call, answer.audio, secondTurn?.answerStartMs), answer.audio.length / 8);
  for (const { audio } of [interrupted, answer]) {
    assertGreater(audio.length / 8, 1000);
    assert(indexIn(call.sent, audio) > 0, "the answer is not what the caller said");
  }
  assertSameAudio(
    call.received,
    joined(model.outputAudio.map(({ audio }) => audio)),
    "what the caller received",
  );

  // The interrupted answer stopped at the clear, soon after the caller began to speak.
  assertEquals(call.counts.clears, 1);
  const clearedAtMs = call.timeline.find(({ action }) => action === "sends clear")?.atMs ?? NaN;
  assertLess(clearedAtMs - (secondTurn?.startMs ?? NaN), 200);
  const silence = call.recording.heard.subarray(clearedAtMs * 8 + 1, (secondTurn?.endMs ?? NaN) * 8);
  assert(
    silence.length > 0 && silence.every((sample) => sample === 0),
    "the answer was heard after the clear",
  );

  // The transport knows what was heard to one delta (at most 400 ms), and adds 50 ms.
  const cuts = model.sent("conversation.item.truncated");
  assertEquals(cuts.map(({ item_id }) => item_id), [interrupted.itemId]);
  const played = Number(cuts[0]?.audio_end_ms) - 50;
  const heard = heardMs(call, interrupted.audio, firstTurn?.answerStartMs);
  assert(
    played > 0 && played <= heard + 1 && heard < played + 420,
    `heard ${heard} ms, marks said ${played}`,
  );
});
