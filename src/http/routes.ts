/** Answers a request. `peer` is the address at the other end of the socket. */
export type Handler = (request: Request, peer: string) => Response | Promise<Response>;

/** By path; one segment may be `*` and stands for any. */
export type Routes = Readonly<
  Record<string, { readonly methods: readonly string[]; readonly handle: Handler }>
>;

/** Paths here have four segments at most; a stranger's may have thousands. */
const MAX_SEGMENTS = 6;

/** What answers at a path; undefined when nothing does. */
export function routeOf(pathname: string, routes: Routes): Routes[string] | undefined {
  const exact = routes[pathname];
  const segments = pathname.split("/", MAX_SEGMENTS + 1);
  if (exact || segments.length > MAX_SEGMENTS) return exact;
  return segments.map((_, index) => routes[segments.with(index, "*").join("/")]).find((route) => route);
}
