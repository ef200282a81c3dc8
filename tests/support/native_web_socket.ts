/** Options of Deno's WebSocket beyond the web standard. */
export interface NativeWebSocketOptions {
  readonly headers?: Record<string, string>;
  readonly protocols?: string[];
}

/**
 * Opens a WebSocket with request headers. The DOM's types, which the console is checked with, do not have Deno's options.
 *
 * Source: https://docs.deno.com/api/web/~/WebSocketOptions
 */
export function openNativeWebSocket(url: string | URL, options: NativeWebSocketOptions): WebSocket {
  return Reflect.construct(WebSocket, [url, options]);
}
