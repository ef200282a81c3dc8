/** Creates HTML and SVG elements. Text children become text nodes, never markup. */

/** @import { Attributes, Children } from "./dom_types.ts" */

/**
 * Creates an HTML element: `h("button", { type: "button", onclick: save }, "Save")`.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Attributes} [attributes] `on…` functions become listeners, `--…` CSS variables, and `true` an attribute
 *   without a value; `false` and undefined ones are left out.
 * @param {...Children} children Nodes, texts and lists of these; undefined ones are left out.
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/**
 * Creates an SVG element, as {@linkcode h} does for HTML.
 *
 * @template {keyof SVGElementTagNameMap} Name
 * @param {Name} name
 * @param {Attributes} [attributes]
 * @param {...Children} children
 * @returns {SVGElementTagNameMap[Name]}
 */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/**
 * A name and its value in a `dl`.
 *
 * @param {Children} name
 * @param {Children | HTMLElement} value The text, or a `dd`.
 * @param {string} [look] Class of the value.
 */
export function pair(name, value, look) {
  const dd = value instanceof HTMLElement ? value : h("dd", { class: look }, value);
  return h("div", {}, h("dt", {}, name), dd);
}

/**
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement} The first match.
 * @throws {Error} when nothing matches.
 */
export function find(root, selector) {
  const element = root.querySelector(selector);
  if (!(element instanceof HTMLElement)) throw new Error(`The page has no ${selector}`);
  return element;
}

/**
 * Sets the text only when it differs, because writing resets selections and wakes screen readers.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @template {HTMLElement | SVGElement} Created
 * @param {Created} element
 * @param {Attributes} attributes
 * @param {readonly Children[]} children
 */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (name.startsWith("--")) element.style.setProperty(name, String(value));
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== undefined));
  return element;
}
