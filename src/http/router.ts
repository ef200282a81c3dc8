import { STATUS_CODE } from "@std/http/status";
import type { Log } from "../telemetry/log.ts";
import { problem } from "./problem.ts";
import type { Refusals } from "./refusals.ts";

/** Maximum length of a URL (characters). Twilio's have at most about 1,000. */
const MAX_URL_LENGTH = 16_384;
/**
 * Maximum number of characters in the names and values of all headers together. Twilio's requests have about
 * 1,000.
 */
const MAX_HEADERS_LENGTH = 32_768;

/** The `{name}` segments of a matched path, as they stand in the URL (not decoded). */
export type PathParameters = Readonly<Record<string, string>>;

/** Handles one request. `peer` is the IP address at the other end of the socket. */
export type Handler = (
  request: Request,
  peer: string,
  parameters: PathParameters,
) => Response | Promise<Response>;

export interface Route {
  /** `GET` includes `HEAD`. */
  readonly methods: readonly string[];
  readonly handle: Handler;
}

/** Routes by path template, such as `/api/calls/{sid}/events`; `{name}` matches one segment. */
export type Routes = Readonly<Record<string, Route>>;

export interface RouterOptions {
  readonly refusals: Pick<Refusals, "count">;
  readonly log: Log;
}

/**
 * Dispatches requests to routes, and answers 400, 404, 405, 414, 431 and 500 as problem details.
 *
 * @returns a request handler that never throws.
 */
export function createRouter(
  routes: Routes,
  { refusals, log }: RouterOptions,
): (request: Request, peer: string) => Promise<Response> {
  const exact = new Map(Object.entries(routes));
  const templates = Object.entries(routes).filter(([path]) => path.includes("{"))
    .map(([path, route]) => ({ segments: path.split("/"), route }));
  const longest = Math.max(0, ...templates.map(({ segments }) => segments.length));

  const find = (pathname: string): { route: Route; parameters: PathParameters } | undefined => {
    const route = exact.get(pathname);
    if (route) return { route, parameters: {} };
    // Limits the work for a path of thousands of segments.
    const segments = pathname.split("/", longest + 1);
    for (const template of templates) {
      const parameters = matchSegments(segments, template.segments);
      if (parameters) return { route: template.route, parameters };
    }
    return undefined;
  };
  const refuse = (
    reason: string,
    ...[status, detail, headers]: Parameters<typeof problem>
  ): Response => {
    refusals.count("request", reason);
    return problem(status, detail, headers);
  };
  return async (request, peer) => {
    // Everything that reads the address or a header may assume that it is short.
    if (request.url.length > MAX_URL_LENGTH) {
      const detail = `The address is longer than ${MAX_URL_LENGTH} characters`;
      return refuse("address too long", STATUS_CODE.URITooLong, detail);
    }
    if (headersLength(request) > MAX_HEADERS_LENGTH) {
      const detail = `The headers are longer than ${MAX_HEADERS_LENGTH} characters`;
      return refuse("headers too long", STATUS_CODE.RequestHeaderFieldsTooLarge, detail);
    }
    // A malformed Host header makes a URL that cannot be parsed.
    if (!URL.canParse(request.url)) {
      return refuse("bad address", STATUS_CODE.BadRequest, "The Host header is malformed");
    }
    const { pathname } = new URL(request.url);
    const match = find(pathname);
    if (!match) return refuse("no such address", STATUS_CODE.NotFound, "This address does not exist");
    const { route, parameters } = match;
    if (!route.methods.includes(request.method === "HEAD" ? "GET" : request.method)) {
      const allow = route.methods.join(", ");
      return refuse("method", STATUS_CODE.MethodNotAllowed, `Allowed methods: ${allow}`, { allow });
    }
    try {
      return await route.handle(request, peer, parameters);
    } catch (error) {
      log.error("request failed", { path: pathname, error: String(error) });
      return problem(STATUS_CODE.InternalServerError, "The request failed; see the service's log");
    }
  };
}

function headersLength({ headers }: Request): number {
  let length = 0;
  for (const [name, value] of headers) length += name.length + value.length;
  return length;
}

function matchSegments(segments: readonly string[], template: readonly string[]): PathParameters | undefined {
  if (segments.length !== template.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, expected] of template.entries()) {
    const segment = segments[index] ?? "";
    if (expected.startsWith("{")) parameters[expected.slice(1, -1)] = segment;
    else if (segment !== expected) return undefined;
  }
  return parameters;
}
