/** Makes what a page shows. Words become text, never markup, whoever they are of. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element: `h("button", { type: "button", onclick: save }, "Save")`. What begins with `on` listens, `true` is an
 * attribute without a value, `false` and undefined are none; children are nodes and texts, undefined ones are left out.
 */
export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}
