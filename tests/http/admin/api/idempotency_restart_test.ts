import { assertEquals } from "@std/assert";
import { systemClock } from "../../../../src/clock.ts";
import { Recordings } from "../../../../src/recording/recordings.ts";
import { CallStore } from "../../../../src/records/call_store.ts";
import { RemoteCallStore, serveCallStore } from "../../../../src/records/remote_call_store.ts";
import { createLog } from "../../../../src/telemetry/log.ts";
import { TestService } from "../../../support/service.ts";
import { ACCOUNT_SID, AUTH_TOKEN, NUMBER, TwilioApi } from "../../../support/twilio_api.ts";

const ANN = { to: "+15551230000" };

/** Services that run one after the other on the same DATA_DIR. */
class RestartRig implements AsyncDisposable {
  readonly api = new TwilioApi();
  readonly #folder = Deno.makeTempDirSync();
  readonly #services: TestService[] = [];

  start(): TestService {
    const { port1, port2 } = new MessageChannel();
    const log = createLog({ level: "error", format: "pretty", write: console.log });
    const recordings = new Recordings({ folder: `${this.#folder}/recordings` }, systemClock, log);
    serveCallStore(new CallStore(`${this.#folder}/calls.db`, systemClock, log), recordings, port2);
    const env = {
      TWILIO_ACCOUNT_SID: ACCOUNT_SID,
      TWILIO_AUTH_TOKEN: AUTH_TOKEN,
      TWILIO_PHONE_NUMBER: NUMBER,
      TWILIO_API_URL: this.api.url,
      PUBLIC_URL: "https://phone.example.com",
      DATA_DIR: this.#folder,
      OUTBOUND_CALLS_PER_SECOND: "100",
      OPENAI_REALTIME_URL: "ws://127.0.0.1:9",
    };
    const service = new TestService(env, systemClock, undefined, new RemoteCallStore(port1));
    this.#services.push(service);
    return service;
  }

  /** Requests to place a call that Twilio received. */
  get callsPlaced(): number {
    return this.api.requests.filter(({ path }) => path.endsWith("/Calls.json")).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const service of this.#services) await service[Symbol.asyncDispose]();
    await this.api[Symbol.asyncDispose]();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

async function place({ url }: TestService, key: string, request: unknown) {
  const init = { method: "POST", body: JSON.stringify(request), headers: { "idempotency-key": key } };
  const response = await fetch(`${url}/calls`, init);
  const { callSid, detail } = await response.json();
  return { status: response.status, callSid, detail };
}

Deno.test("POST /calls after a restart repeats the answer to an Idempotency-Key and places no second call", async () => {
  await using rig = new RestartRig();
  const first = rig.start();
  const placed = await place(first, "order-1", ANN);
  assertEquals(placed.status, 201);
  rig.api.override = () => Response.json({ code: 20003, message: "no", status: 401 }, { status: 401 });
  assertEquals((await place(first, "order-2", ANN)).status, 502);
  rig.api.override = () => undefined;
  await first[Symbol.asyncDispose]();

  const second = rig.start();
  assertEquals(await place(second, "order-1", ANN), placed);
  assertEquals((await place(second, "order-1", { to: "+15551239999" })).status, 422);
  assertEquals(rig.callsPlaced, 2);
  assertEquals((await place(second, "order-2", ANN)).status, 201, "a refused call may be tried again");
});

Deno.test("POST /calls reports a call as unconfirmed when the process died while it was placed", async () => {
  await using rig = new RestartRig();
  const killed = rig.start();
  const response = Promise.withResolvers<undefined>();
  const requested = Promise.withResolvers<void>();
  rig.api.override = () => {
    requested.resolve();
    return rig.callsPlaced === 1 ? response.promise : undefined;
  };
  const placing = place(killed, "order-1", ANN);
  await requested.promise;

  // Another process on the same file, as after a kill.
  const { status, detail } = await place(rig.start(), "order-1", ANN);
  assertEquals([status, detail], [
    504,
    "The service stopped while it placed this call; the call may have been placed",
  ]);
  assertEquals(rig.callsPlaced, 1);
  response.resolve(undefined);
  await placing;
});
