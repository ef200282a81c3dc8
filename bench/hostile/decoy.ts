/**
 * A server that accepts the attacks and does nothing: shows what they alone cost the machine, and so the measurement. Prints
 * its port.
 */
if (import.meta.main) {
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => console.log(port),
    onError: () => new Response(null, { status: 500 }),
  }, (request) => {
    if (request.headers.get("upgrade") !== "websocket" || !request.headers.has("x-twilio-signature")) {
      return new Response(null, { status: 403 });
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    // Long enough to receive the frames of most attacks.
    socket.onopen = () => setTimeout(() => socket.close(), 500);
    socket.onerror = () => {};
    return response;
  });
}
