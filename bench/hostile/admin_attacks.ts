import { type Attack, attack, refused, type Target, uncounted } from "./attack.ts";
import { GUESSED } from "./ledger.ts";
import { pick, requestsTo, stranger } from "./requests.ts";

const GUESSER = { "x-forwarded-for": "198.51.100.1" };
const COOKIES = ["a=b", "parley_admin=9999999999.00", `parley_admin=${"x".repeat(3_000)}`];

/** Requests of people who may not administer, and of one who may and does not behave. */
export function adminAttacks(target: Target): Attack[] {
  const { get, post } = requestsTo(target);
  const { adminToken, publicUrl } = target;
  const origins = ["https://evil.example", "null", `${publicUrl}.evil.example`, "file://"];
  return [
    attack("guess at ADMIN_TOKEN", 500, refused(GUESSED, "401", "429"), (n) => {
      const authorization = `Bearer ${adminToken.slice(0, n % adminToken.length)}x`;
      const from = n % 4 ? GUESSER : stranger(n);
      return get(pick(["/metrics", "/api/calls", "/console/"], n), { ...from, authorization });
    }),
    attack("guess at ADMIN_TOKEN, typed into the page", 200, refused(GUESSED, "401", "429"), (n) => {
      return post("/console/login", GUESSER, `token=${n}`);
    }),
    attack(
      "API without a token, or with a forged cookie",
      300,
      refused("request/no credentials", "401"),
      (n) => {
        const path = pick(["/metrics", "/api/calls", "/api/events", "/api/calls/__proto__"], n);
        return get(path, { ...stranger(n), cookie: pick(COOKIES, n) });
      },
    ),
    attack("API, from another site's page", 200, refused("request/origin", "403"), (n) => {
      return get(pick(["/metrics", "/api/calls", "/api/events"], n), {
        ...stranger(n),
        origin: pick(origins, n),
      });
    }),
    // Who has the token may read; 32 at a time.
    attack("reader of events who never reads", 40, uncounted("200", "503"), (n, over) => {
      const headers = { ...stranger(n), authorization: `Bearer ${adminToken}` };
      return get("/api/events", headers, { holdUntil: over });
    }, { when: "throughout" }),
  ];
}
