import { STATUS_CODE } from "@std/http/status";
import type { Clock } from "../clock.ts";
import { joinBytes } from "../join_bytes.ts";
import { networkOf } from "./address.ts";
import { problem } from "./problem.ts";

/** Limits on the body of one request. */
interface BodyLimits {
  readonly maxBytes: number;
  /** Time limit for reading it (ms). */
  readonly maxMs: number;
}

/** For requests of the administrator. */
const VERIFIED: BodyLimits = { maxBytes: 65_536, maxMs: 10_000 };
/** For requests of unknown origin. Twilio's bodies have about 1 kB and arrive together with the headers. */
const UNVERIFIED: BodyLimits = { maxBytes: 16_384, maxMs: 3_000 };
/**
 * Maximum number of parameters of a query or form: Twilio signs them sorted, so each one costs work. Twilio
 * sends about 30.
 */
const MAX_PARAMETERS = 200;
/**
 * Maximum number of bodies that are read at a time before their sender is known: 8 MiB in all. Twilio needs
 * fewer: at most 200 waited together when 200 calls began within a second.
 */
const MAX_UNVERIFIED_BODIES = 512;

/** The parsed query, form or body of a request. */
export interface RequestInput {
  /** The form of a POST, otherwise the query. */
  readonly parameters: URLSearchParams;
  /** A body that is not a form. */
  readonly body?: Uint8Array;
}

/** Why a request's input could not be read. Also the reason counted in metrics. */
export type InputError =
  | "body too large"
  | "body too slow"
  | "body incomplete"
  | "too many bodies"
  | "too many parameters";

/**
 * The bodies that are being read before their sender is known, at most 512. A further body displaces the
 * oldest one of the network that has the most, so that a flood displaces its own bodies and not Twilio's.
 */
export class UnverifiedBodies {
  /** A function that rejects each body, oldest first, by network. */
  readonly #networks = new Map<string, Set<() => void>>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Registers a body. @returns releases its place. */
  enter(address: string, giveUp: () => void): () => void {
    if (this.#count >= MAX_UNVERIFIED_BODIES) this.#giveUpOne();
    const network = networkOf(address);
    const bodies = this.#networks.get(network) ?? new Set();
    this.#networks.set(network, bodies.add(giveUp));
    this.#count++;
    return () => this.#delete(network, giveUp);
  }

  #giveUpOne(): void {
    const [first, ...others] = this.#networks;
    if (!first) return;
    const [network, bodies] = others.reduce((most, next) => next[1].size > most[1].size ? next : most, first);
    for (const giveUp of bodies) {
      this.#delete(network, giveUp);
      return giveUp();
    }
  }

  #delete(network: string, giveUp: () => void): void {
    const bodies = this.#networks.get(network);
    if (!bodies?.delete(giveUp)) return;
    this.#count--;
    if (bodies.size === 0) this.#networks.delete(network);
  }
}

export interface ReadOptions {
  readonly clock: Clock;
  /** Set for requests whose sender is not known yet, with the client's IP address: stricter limits hold. */
  readonly unverified?: { readonly bodies: UnverifiedBodies; readonly address: string };
}

export interface RequestInputOptions extends ReadOptions {
  /** Called with the reason an input was refused. */
  readonly onRefused: (reason: InputError) => void;
}

/** Reads a request's input and passes it to `handle`, or responds with what is wrong with it. */
export async function withRequestInput(
  request: Request,
  { onRefused, ...options }: RequestInputOptions,
  handle: (input: RequestInput) => Response | Promise<Response>,
): Promise<Response> {
  const input = await readRequestInput(request, options);
  if (typeof input !== "string") return await handle(input);
  onRefused(input);
  return inputProblem(input, limitsOf(options));
}

/**
 * Reads a request's query, form or body: at most 200 parameters, and 64 KiB within 10 s, or 16 KiB within 3 s
 * while the sender is not known.
 */
export async function readRequestInput(
  request: Request,
  options: ReadOptions,
): Promise<RequestInput | InputError> {
  const { search } = new URL(request.url);
  const query = () => readParameters(search.slice(1), (parameters) => ({ parameters }));
  if (request.method === "GET" || request.method === "HEAD") return query();
  const body = await readBody(request, options);
  if (typeof body === "string") return body;
  const type = request.headers.get("content-type") ?? "";
  return type.toLowerCase().startsWith("application/x-www-form-urlencoded")
    ? readParameters(new TextDecoder().decode(body), (parameters) => ({ parameters }))
    : readParameters(search.slice(1), (parameters) => ({ parameters, body }));
}

/** Counts the parameters before they are parsed. */
function readParameters(
  text: string,
  input: (parameters: URLSearchParams) => RequestInput,
): RequestInput | "too many parameters" {
  return text.split("&", MAX_PARAMETERS + 1).length > MAX_PARAMETERS
    ? "too many parameters"
    : input(new URLSearchParams(text));
}

function limitsOf({ unverified }: ReadOptions): BodyLimits {
  return unverified ? UNVERIFIED : VERIFIED;
}

function inputProblem(error: InputError, { maxBytes, maxMs }: BodyLimits): Response {
  switch (error) {
    case "body too large":
      return problem(STATUS_CODE.ContentTooLarge, `The body is longer than ${maxBytes} bytes`);
    case "body too slow":
      return problem(STATUS_CODE.RequestTimeout, `The body took longer than ${maxMs / 1000} s`);
    case "body incomplete":
      return problem(STATUS_CODE.BadRequest, "The body is incomplete");
    case "too many bodies":
      return problem(
        STATUS_CODE.ServiceUnavailable,
        `${MAX_UNVERIFIED_BODIES} requests have not sent their bodies; try again`,
        { "retry-after": "1" },
      );
    case "too many parameters":
      return problem(STATUS_CODE.BadRequest, `The request has more than ${MAX_PARAMETERS} parameters`);
  }
}

async function readBody(request: Request, options: ReadOptions): Promise<Uint8Array | InputError> {
  const { maxBytes, maxMs } = limitsOf(options);
  if (Number(request.headers.get("content-length")) > maxBytes) {
    await request.body?.cancel();
    return "body too large";
  }
  const reader = request.body?.getReader();
  if (!reader) return new Uint8Array();
  let refused: InputError | undefined;
  const giveUp = (reason: InputError) => {
    refused = reason;
    reader.cancel().catch(() => {});
  };
  const cancelTimeout = options.clock.after(maxMs, () => giveUp("body too slow"));
  const { bodies, address = "" } = options.unverified ?? {};
  const leave = bodies?.enter(address, () => giveUp("too many bodies"));
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      length += next.value.length;
      if (length > maxBytes) {
        await reader.cancel();
        return "body too large";
      }
      chunks.push(next.value);
    }
  } catch {
    return refused ?? "body incomplete";
  } finally {
    cancelTimeout();
    leave?.();
  }
  return refused ?? joinBytes(chunks);
}
