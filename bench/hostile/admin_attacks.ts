import { type Attack, attack, refused, type Target, uncounted } from "./attack.ts";
import { BAD_CREDENTIALS_OR_LIMITED } from "./counters.ts";
import { clientAddress, itemAt, requestsTo } from "./requests.ts";

const GUESSER_ADDRESS = { "x-forwarded-for": "198.51.100.1" };
const COOKIES = ["a=b", "parley_admin=9999999999.00", `parley_admin=${"x".repeat(3_000)}`];

/** Requests to the admin API without access, and an authorised client that does not read. */
export function adminAttacks(target: Target): Attack[] {
  const { get, post } = requestsTo(target);
  const { adminToken, publicUrl } = target;
  const origins = ["https://evil.example", "null", `${publicUrl}.evil.example`, "file://"];
  return [
    attack("guess at ADMIN_TOKEN", 500, refused(BAD_CREDENTIALS_OR_LIMITED, "401", "429"), (n) => {
      const authorization = `Bearer ${adminToken.slice(0, n % adminToken.length)}x`;
      const from = n % 4 ? GUESSER_ADDRESS : clientAddress(n);
      return get(itemAt(["/metrics", "/api/calls", "/console/"], n), { ...from, authorization });
    }),
    attack(
      "guess at ADMIN_TOKEN on the login page",
      200,
      refused(BAD_CREDENTIALS_OR_LIMITED, "401", "429"),
      (n) => {
        return post("/console/login", GUESSER_ADDRESS, `token=${n}`);
      },
    ),
    attack(
      "API without a token, or with a forged cookie",
      300,
      refused("request/no credentials", "401"),
      (n) => {
        const path = itemAt(["/metrics", "/api/calls", "/api/events", "/api/calls/__proto__"], n);
        return get(path, { ...clientAddress(n), cookie: itemAt(COOKIES, n) });
      },
    ),
    attack("API, from another site's page", 200, refused("request/origin", "403"), (n) => {
      return get(itemAt(["/metrics", "/api/calls", "/api/events"], n), {
        ...clientAddress(n),
        origin: itemAt(origins, n),
      });
    }),
    // Authorised; the service allows 32 event streams at a time.
    attack("event stream client that never reads", 40, uncounted("200", "503"), (n, allDone) => {
      const headers = { ...clientAddress(n), authorization: `Bearer ${adminToken}` };
      return get("/api/events", headers, { holdUntil: allDone });
    }, { when: "throughout" }),
  ];
}
