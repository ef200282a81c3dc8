import { type JsonObject, parseObject } from "../../../src/json.ts";

/** The responses to polls of a call; the last one repeats. Empty: the service does not know the call. */
export type Course = readonly JsonObject[];

export const ANSWERED: Course = [
  { status: "ringing" },
  { status: "in-progress" },
  { status: "completed", seconds: 34, answeredBy: "human" },
];

/** The two routes that `parley call` uses. */
export class StubCallService implements AsyncDisposable {
  /** Bodies of `POST /calls`. */
  readonly requests: JsonObject[] = [];
  readonly credentials: (string | null)[] = [];
  /** Overrides the response to a number. */
  instead: (to: unknown) => Response | undefined = () => undefined;
  course: (to: unknown) => Course = () => ANSWERED;
  readonly #calls = new Map<string, { readonly course: Course; polls: number }>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (request) => {
      const { pathname } = new URL(request.url);
      this.credentials.push(request.headers.get("authorization"));
      if (request.method === "POST" && pathname === "/calls") return this.#place(await request.text());
      const call = this.#calls.get(pathname.replace("/api/calls/", ""));
      if (!call?.course.length) return Response.json({ detail: "Call not found" }, { status: 404 });
      const at = Math.min(call.polls++, call.course.length - 1);
      return Response.json({ callSid: "as asked", ...call.course[at] });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  #place(body: string): Response {
    const request = parseObject(body) ?? {};
    this.requests.push(request);
    const instead = this.instead(request.to);
    if (instead) return instead;
    const callSid = `CA${this.#calls.size + 1}`;
    this.#calls.set(callSid, { course: this.course(request.to), polls: 0 });
    return Response.json({ callSid }, { status: 201 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
