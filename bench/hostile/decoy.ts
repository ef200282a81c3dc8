/**
 * A server that takes what the service takes and does nothing with it: attacks on it show what they do to the machine, and
 * so to whoever measures. Prints its port.
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
    // Long enough for the frames of most attacks.
    socket.onopen = () => setTimeout(() => socket.close(), 500);
    socket.onerror = () => {};
    return response;
  });
}
