/** Icons of call events, distinguished by their shapes. */

/**
 * The path of an icon of 8 px.
 *
 * @param {string} kind
 * @param {number} x Left edge.
 * @param {number} y Middle.
 */
export function eventIcon(kind, x, y) {
  switch (kind) {
    case "barge-in":
      return `M${x} ${y - 5}l4 5-4 5-4-5z`;
    case "transfer":
      return `M${x} ${y - 2}h4v-3l5 5-5 5v-3h-4z`;
    case "keypad":
      return `M${x} ${y - 4}h3v3h-3zM${x + 5} ${y - 4}h3v3h-3zM${x} ${y + 1}h3v3h-3zM${x + 5} ${
        y + 1
      }h3v3h-3z`;
    case "language":
      return `M${x} ${y - 4}h8v6h-4l-3 3v-3h-1z`;
    case "whisper":
      return `M${x} ${y - 2}h3l4-3v10l-4-3h-3z`;
    case "recording":
      return `M${x} ${y - 4}h3v8h-3zM${x + 5} ${y - 4}h3v8h-3z`;
    case "reconnect":
      return `M${x} ${y + 4}l4-9 4 9z`;
    default:
      return `M${x} ${y}a4 4 0 1 0 8 0a4 4 0 1 0-8 0z`;
  }
}
