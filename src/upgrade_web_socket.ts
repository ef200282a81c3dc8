/** How long a closed socket waits for the peer's close frame (ms). */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * {@linkcode Deno.upgradeWebSocket}, with a `close` whose close frame arrives.
 *
 * Deno ends the connection of a socket that is closing at the next message. That drops the close frame if the task
 * that calls `close` also delivers a message, and it resets the connection under a peer that is still sending. The peer
 * then sees code 1006. So the frame is sent in a later task, and until the peer's close frame arrives (RFC 6455, 7.1.1)
 * Deno takes the socket for open. A peer that sends none within 2 s is disconnected, which Deno does at a message only.
 *
 * Deno has no public way to do this: the state and the resource are private fields of the socket. Where they are missing,
 * the socket closes as Deno closes it. Before Deno 2.9, a peer that sends nothing more stays connected until it leaves.
 *
 * Source: `_eventLoop` in https://github.com/denoland/deno/blob/main/ext/websocket/01_websocket.js
 */
export function upgradeWebSocket(
  request: Request,
  options?: Deno.UpgradeWebSocketOptions,
): Deno.WebSocketUpgrade {
  const upgrade = Deno.upgradeWebSocket(request, options);
  const { socket } = upgrade;
  const close = socket.close.bind(socket);
  const symbols = Object.getOwnPropertySymbols(socket);
  const state = symbols.find(({ description }) => description === "[[readyState]]");
  const resource = symbols.find(({ description }) => description === "[[rid]]");
  let timer: ReturnType<typeof setTimeout> | undefined;
  socket.close = (code, reason) => {
    if (socket.readyState <= WebSocket.OPEN) timer ??= setTimeout(closeNow, 0, code, reason);
  };
  socket.addEventListener("close", () => clearTimeout(timer));
  return upgrade;

  function closeNow(code?: number, reason?: string): void {
    // A socket whose peer has left during the upgrade never opens, and has no connection.
    const before: number = socket.readyState;
    close(code, reason);
    if (before !== WebSocket.OPEN || state === undefined || socket.readyState !== WebSocket.CLOSING) return;
    Reflect.set(socket, state, WebSocket.OPEN);
    timer = setTimeout(() => {
      Reflect.set(socket, state, WebSocket.CLOSING);
      const id = resource && Reflect.get(socket, resource);
      if (typeof id === "number") closeResource(id);
    }, CLOSE_TIMEOUT_MS);
  }
}

/** Closes a resource of Deno's runtime, which has no public function for it. */
function closeResource(id: number): void {
  const runtime = Reflect.get(Deno, Reflect.get(Deno, "internal"));
  runtime?.core?.tryClose?.(id);
}
