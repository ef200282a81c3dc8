import { assert, assertEquals } from "@std/assert";
import {
  OpenAIRealtimeWebSocket as AgentsTransport,
  type TransportToolCallEvent,
} from "@openai/agents-realtime";
import OpenAI from "openai";
import { OpenAIRealtimeWebSocket } from "openai/realtime/websocket";
import type { RealtimeServerEvent } from "openai/resources/realtime/realtime";
import type { ResponsePlan } from "../../../src/simulator/model/model_behavior.ts";
import { startSimulatedModel } from "../../../src/simulator/model/model_server.ts";
import { TIMEOUT_MS } from "../../support/wait_until.ts";
import { joined, silence, speakInto, speechLike } from "./support.ts";

/**
 * The vendor's client. It requires `wss:` and the simulated model has no certificate, so the scheme is
 * replaced before the socket opens.
 */
function vendorClient(url: string): OpenAIRealtimeWebSocket {
  const Native = globalThis.WebSocket;
  globalThis.WebSocket = class extends Native {
    constructor(address: string | URL, options?: ConstructorParameters<typeof WebSocket>[1]) {
      super(String(address).replace("wss:", "ws:"), options);
    }
  };
  try {
    const baseURL = url.replace("ws:", "http:").replace("/realtime", "");
    return new OpenAIRealtimeWebSocket(
      { model: "gpt-realtime-2.1" },
      new OpenAI({ apiKey: "sk-any", baseURL }),
    );
  } finally {
    globalThis.WebSocket = Native;
  }
}

type Named<Type extends RealtimeServerEvent["type"]> = Extract<RealtimeServerEvent, { type: Type }>;

/** The events of a vendor's client. Each can be awaited once. */
class Inbox {
  readonly #events: RealtimeServerEvent[] = [];
  #wake: () => void = () => {};

  constructor(client: OpenAIRealtimeWebSocket) {
    client.on("event", (event) => {
      this.#events.push(event);
      this.#wake();
    });
    // Error events are in the inbox too.
    client.on("error", () => {});
  }

  async next<Type extends RealtimeServerEvent["type"]>(type: Type): Promise<Named<Type>> {
    const late = Promise.withResolvers<void>();
    const deadline = setTimeout(() => late.reject(new Error(`No "${type}" came`)), TIMEOUT_MS);
    try {
      for (;;) {
        for (let event = this.#events.shift(); event; event = this.#events.shift()) {
          if (isNamed(event, type)) return event;
        }
        await Promise.race([late.promise, new Promise<void>((resolve) => this.#wake = resolve)]);
      }
    } finally {
      clearTimeout(deadline);
    }
  }
}

function isNamed<Type extends RealtimeServerEvent["type"]>(
  event: RealtimeServerEvent,
  type: Type,
): event is Named<Type> {
  return event.type === type;
}

Deno.test("the vendor's client holds a conversation with the simulated model", async () => {
  const model = startSimulatedModel();
  const client = vendorClient(model.url);
  const inbox = new Inbox(client);
  await inbox.next("session.created");

  client.send({
    type: "session.update",
    session: {
      type: "realtime",
      instructions: "Be brief.",
      audio: {
        input: {
          format: { type: "audio/pcmu" },
          transcription: { model: "gpt-transcribe" },
          turn_detection: { type: "server_vad", silence_duration_ms: 500 },
        },
        output: { format: { type: "audio/pcmu" }, voice: "marin" },
      },
    },
  });
  const { session } = await inbox.next("session.updated");
  assert(session.type === "realtime");
  assertEquals(session.audio?.input?.format, { type: "audio/pcmu" });
  assertEquals(session.audio?.output?.format, { type: "audio/pcmu" });

  // A turn of audio with a complete answer.
  speakInto(client, joined(silence(500), speechLike(1500), silence(600)));
  const heard = await inbox.next("input_audio_buffer.committed");
  const transcribed = await inbox.next("conversation.item.input_audio_transcription.completed");
  assertEquals(transcribed.item_id, heard.item_id);
  const first = (await inbox.next("response.done")).response;
  assertEquals(first.status, "completed");

  // A barge-in truncates the second answer at its heard part.
  speakInto(client, joined(speechLike(3000), silence(600)));
  const { item_id } = await inbox.next("response.output_audio.delta");
  speakInto(client, speechLike(400));
  await inbox.next("input_audio_buffer.speech_started");
  const second = (await inbox.next("response.done")).response;
  assertEquals(second.status_details?.reason, "turn_detected");
  client.send({ type: "conversation.item.truncate", item_id, content_index: 0, audio_end_ms: 100 });
  assertEquals((await inbox.next("conversation.item.truncated")).audio_end_ms, 100);

  // The third answer is cancelled by the client.
  speakInto(client, silence(600));
  await inbox.next("response.output_audio.delta");
  client.send({ type: "response.cancel" });
  const third = (await inbox.next("response.done")).response;
  assertEquals(third.status_details?.reason, "client_cancelled");
  client.send({ type: "response.cancel", event_id: "too_late" });
  const { error } = await inbox.next("error");
  assertEquals([error.code, error.event_id], ["response_cancel_not_active", "too_late"]);

  const closed = new Promise((resolve) => client.socket.addEventListener("close", resolve));
  client.close();
  await closed;
  await model.close();
});

Deno.test("the vendor's agents transport connects with its defaults and gets an answer", async () => {
  const model = startSimulatedModel();
  const transport = new AgentsTransport({ useInsecureApiKey: true });
  const errors: unknown[] = [];
  transport.on("error", (error) => errors.push(error));
  const answered = new Promise<void>((resolve) => transport.on("turn_done", () => resolve()));
  const updated = new Promise<void>((resolve) =>
    transport.on("*", ({ type }) => type === "session.updated" && resolve())
  );
  await transport.connect({
    apiKey: "sk-any",
    model: "gpt-realtime-2.1",
    url: `${model.url}?model=gpt-realtime-2.1`,
  });
  await updated;
  transport.sendEvent({ type: "response.create" });
  await answered;
  assertEquals(errors, []);
  transport.close();
  await model.close();
});

Deno.test("the vendor's agents transport reads a function call and answers it", async () => {
  const answered = Promise.withResolvers<string[]>();
  const plans: ResponsePlan["items"][] = [[{
    type: "call",
    callId: "c1",
    name: "look_up",
    arguments: '{"order":"A 17"}',
    durationMs: 0,
  }], []];
  const model = startSimulatedModel({
    behavior: {
      planResponse: () => ({ items: plans.shift() ?? [], delayMs: 0, end: { type: "completed" } }),
      onFunctionOutput: (...output) => answered.resolve(output),
    },
  });
  const transport = new AgentsTransport({ url: `${model.url}?model=gpt-realtime-2.1` });
  const called = Promise.withResolvers<TransportToolCallEvent>();
  transport.on("function_call", called.resolve);
  await transport.connect({ apiKey: "sk-any" });
  transport.sendEvent({ type: "response.create" });
  const call = await called.promise;
  assertEquals([call.callId, call.name, call.arguments], ["c1", "look_up", '{"order":"A 17"}']);
  transport.sendFunctionCallOutput(call, '{"found":true}', true);
  assertEquals(await answered.promise, ["c1", '{"found":true}']);
  transport.close();
  await model.close();
});

Deno.test("the vendor's agents transport reads MCP tools, calls and an approval of the simulated model", async () => {
  const tool = { server: "calendar", name: "free_slots", arguments: '{"day":"Monday"}', output: '["10:00"]' };
  const plans: ResponsePlan["items"][] = [
    [{ type: "mcp_call", ...tool, durationMs: 50 }],
    [{ type: "approval", id: "mcpr_1", ...tool, durationMs: 50 }],
  ];
  const model = startSimulatedModel({
    behavior: {
      planResponse: () => ({ items: plans.shift() ?? [], delayMs: 0, end: { type: "completed" } }),
    },
  });
  const transport = new AgentsTransport({ url: `${model.url}?model=gpt-realtime-2.1` });
  const errors: unknown[] = [];
  transport.on("error", (error) => errors.push(error));
  const listed = Promise.withResolvers<string[]>();
  transport.on("mcp_tools_listed", ({ tools }) => listed.resolve(tools.map(({ name }) => name)));
  const completed = [Promise.withResolvers<string | null>(), Promise.withResolvers<string | null>()];
  let calls = 0;
  transport.on("mcp_tool_call_completed", ({ output }) => completed[calls++]?.resolve(output));
  transport.on("mcp_approval_request", (request) => transport.sendMcpResponse(request, true));
  await transport.connect({ apiKey: "sk-any" });
  transport.sendEvent({
    type: "session.update",
    session: {
      type: "realtime",
      tools: [{
        type: "mcp",
        server_label: "calendar",
        server_url: "https://mcp.example.com",
        allowed_tools: ["free_slots"],
        require_approval: "always",
      }],
    },
  });
  assertEquals(await listed.promise, ["free_slots"]);
  for (const { promise } of completed) {
    transport.sendEvent({ type: "response.create" });
    assertEquals(await promise, '["10:00"]');
  }
  assertEquals(errors, []);
  transport.close();
  await model.close();
});
