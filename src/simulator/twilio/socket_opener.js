/** @import { OpenSocket } from "./stream_runner.js" */

/**
 * Opens media streams with the browser's WebSockets, which cannot set headers and do not reveal the status of
 * a rejected upgrade.
 *
 * @param {(url: URL) => WebSocket} create
 * @returns {OpenSocket}
 */
export function socketOpener(create) {
  return (url, _headers, handlers, signal) =>
    new Promise((resolve, reject) => {
      const socket = create(url);
      socket.binaryType = "arraybuffer";
      const abandon = () => socket.close();
      signal.addEventListener("abort", abandon);
      socket.onmessage = ({ data }) => handlers.onMessage(data);
      socket.onclose = () => {
        signal.removeEventListener("abort", abandon);
        reject(new Error("the connection was lost"));
      };
      socket.onopen = () => {
        signal.removeEventListener("abort", abandon);
        socket.onclose = ({ code, reason }) => handlers.onClose(code, reason);
        resolve({
          send: (message) => {
            if (socket.readyState === WebSocket.OPEN) socket.send(message);
          },
          close: (code) => socket.close(code),
        });
      };
    });
}
