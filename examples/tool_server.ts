/**
 * Appointments for the dentist example: the two HTTP tools of dentist.jsonc.
 *
 *     deno run --allow-net examples/tool_server.ts
 */
const SLOTS = ["09:00", "11:00", "14:30"];
const booked = new Map<string, string>([["2026-12-03 11:00", "Bob"]]);

export async function handle(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (request.method === "GET" && pathname === "/slots") {
    const day = searchParams.get("day") ?? "";
    return Response.json({ free: SLOTS.filter((time) => !booked.has(`${day} ${time}`)) });
  }
  if (request.method === "POST" && pathname === "/bookings") {
    const { day, time } = await request.json();
    const slot = `${day} ${time}`;
    // Errors are for the model: it reads the text and talks to the caller about it.
    if (!SLOTS.includes(time)) {
      return Response.json({ error: `There is no appointment at ${time}.` }, { status: 404 });
    }
    if (booked.has(slot)) return Response.json({ error: "That time is taken." }, { status: 409 });
    // A real server would store the booking. This one forgets it, so that the rehearsal can be repeated.
    return Response.json({ booked: true, day, time });
  }
  return new Response("Not found", { status: 404 });
}

if (import.meta.main) Deno.serve({ hostname: "127.0.0.1", port: 8790 }, handle);
