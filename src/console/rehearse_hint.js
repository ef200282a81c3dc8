/** The command that places a call to this service from a terminal. */

import { h } from "./dom.js";

/** @import { Setup } from "./api_types.ts" */

/**
 * A block with the command to type on the machine of this service.
 *
 * @param {Promise<Pick<Setup, "command">>} setup
 */
export function rehearseHint(setup) {
  const serviceUrl = new URL("..", location.href).href.replace(/\/$/, "");
  const code = h("code");
  setup.then(({ command }) => {
    code.textContent = `${command} rehearse --url ${serviceUrl}`;
  }).catch(() => {});
  return h("pre", { class: "small" }, code);
}
