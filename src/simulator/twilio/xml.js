/**
 * A small XML reader for TwiML: elements, attributes, text, entities, comments and CDATA; no DTD, no
 * namespaces.
 */

/**
 * @typedef {object} XmlElement
 * @property {string} name
 * @property {Record<string, string>} attributes
 * @property {XmlElement[]} children
 * @property {string} text Text of the element and its descendants, in document order.
 */

const NAME = "[A-Za-z_:][\\w:.-]*";
const TOKEN = new RegExp(
  [
    "<!--(?:(?!--)[^])*-->|<\\?[^]*?\\?>",
    "<!\\[CDATA\\[([^]*?)\\]\\]>",
    `<(/?)(${NAME})((?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>`,
    "([^<]+)",
  ].join("|"),
  "y",
);
const ATTRIBUTE = new RegExp(`(${NAME})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, "g");
const ENTITIES = /** @type {Record<string, string>} */ ({ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" });
const ILLEGAL = /[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** The document is not well-formed. */
export class XmlError extends Error {
  /** @override */
  name = "XmlError";
}

/**
 * Parses an XML 1.0 document (https://www.w3.org/TR/xml/).
 *
 * @param {string} xml
 * @returns {XmlElement} The root element.
 * @throws {XmlError}
 */
export function parseXml(xml) {
  const source = xml.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const illegal = ILLEGAL.exec(source)?.[0].codePointAt(0);
  if (illegal !== undefined) {
    throw new XmlError(`it contains the invalid character U+${illegal.toString(16).padStart(4, "0")}`);
  }
  const document = element("", {});
  const open = [document];
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < source.length;) {
    const rest = source.slice(TOKEN.lastIndex, TOKEN.lastIndex + 30);
    const token = TOKEN.exec(source);
    if (!token) throw new XmlError(`it cannot be read from "${rest}" on`);
    const [, cdata, slash, name, attributes = "", selfClosing, text] = token;
    const parent = open.at(-1) ?? document;
    if (cdata !== undefined || text !== undefined) addText(open, cdata ?? decoded(text ?? ""));
    else if (slash) {
      if (parent.name !== name || attributes || selfClosing) {
        throw new XmlError(`<${parent.name}> is closed by "${token[0]}"`);
      }
      open.pop();
    } else if (name) {
      const child = element(name, readAttributes(name, attributes));
      parent.children.push(child);
      if (!selfClosing) open.push(child);
    }
  }
  if (open.length > 1) throw new XmlError(`<${open.at(-1)?.name}> is not closed`);
  const [root, second] = document.children;
  if (!root || second) throw new XmlError("a document has one root element");
  return root;
}

/** @param {string} name @param {Record<string, string>} attributes @returns {XmlElement} */
function element(name, attributes) {
  return { name, attributes, children: [], text: "" };
}

/** @param {XmlElement[]} open @param {string} text */
function addText(open, text) {
  if (open.length === 1 && text.trim() !== "") throw new XmlError("it has text outside its root element");
  for (const each of open) each.text += text;
}

/** @param {string} name @param {string} source */
function readAttributes(name, source) {
  const attributes = /** @type {Record<string, string>} */ ({});
  for (const [, key = "", double, single = ""] of source.matchAll(ATTRIBUTE)) {
    if (Object.hasOwn(attributes, key)) throw new XmlError(`<${name}> has the attribute "${key}" twice`);
    attributes[key] = decoded((double ?? single).replace(/[\t\n]/g, " "));
  }
  return attributes;
}

/** @param {string} text */
function decoded(text) {
  return text.replace(/&(?:(\w+|#\d+|#x[\da-fA-F]+);)?/g, (_, reference, at) => {
    const character = reference === undefined
      ? undefined
      : reference.startsWith("#")
      ? characterOf(Number(reference.slice(1).replace(/^x/, "0x")))
      : ENTITIES[reference];
    if (character !== undefined) return character;
    throw new XmlError(`"${text.slice(at, at + 20)}" should begin with "&amp;"`);
  });
}

/** @param {number} code */
function characterOf(code) {
  const character = code <= 0x10ffff ? String.fromCodePoint(code) : "\0";
  return ILLEGAL.test(character) ? undefined : character;
}
