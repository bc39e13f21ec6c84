// Elements as plain descriptions, and the one function that makes the page like them. Nodes that stay are changed in
// place, so focus, selection and scrolling survive every update. Text is only ever text.

/**
 * @typedef {{tag: string, attributes: Record<string, any>, children: Child[], key: string | undefined}} Description
 * @typedef {Description | string} Child
 * @typedef {Child | number | null | undefined | false} Given
 */

const SVG = 'http://www.w3.org/2000/svg';
/** Keys of the elements made here. @type {WeakMap<Node, string>} */
const keys = new WeakMap();

/**
 * Describe an element. Attributes named `on…` are functions; those that are null, undefined or false are left out.
 * @param {string} tag
 * @param {Record<string, any>} attributes `key` tells elements of one parent apart
 * @param {...(Given | Given[])} children
 * @returns {Description}
 */
export function h(tag, attributes = {}, ...children) {
  const { key, ...rest } = attributes;
  const shown = children.flat().filter(child => child !== null && child !== undefined && child !== false);
  return { tag, attributes: rest, children: shown.map(c => (typeof c === 'number' ? String(c) : /** @type {Child} */ (c))), key };
}

/**
 * Make the children of an element as described.
 * @param {Element} parent
 * @param {Child[]} children
 */
export function render(parent, children) {
  const free = [...parent.childNodes];
  const nodes = children.map(child => take(free, child) ?? make(parent, child));
  free.forEach(node => node.remove());
  nodes.forEach((node, place) => {
    if (parent.childNodes[place] !== node) {
      parent.insertBefore(node, parent.childNodes[place] ?? null);
    }
  });
  nodes.forEach((node, place) => update(node, children[place]));
}

/** @param {ChildNode[]} free @param {Child} child */
function take(free, child) {
  const place = free.findIndex(node =>
    typeof child === 'string'
      ? node.nodeType === Node.TEXT_NODE
      : node.nodeName.toLowerCase() === child.tag.toLowerCase() && keys.get(node) === child.key
  );
  return place < 0 ? undefined : free.splice(place, 1)[0];
}

/** @param {Element} parent @param {Child} child */
function make(parent, child) {
  if (typeof child === 'string') {
    return document.createTextNode(child);
  }
  const inside = child.tag === 'svg' || parent.namespaceURI === SVG;
  const element = inside ? document.createElementNS(SVG, child.tag) : document.createElement(child.tag);
  if (child.key !== undefined) {
    keys.set(element, child.key);
  }
  return element;
}

/** @param {Node} node @param {Child} child */
function update(node, child) {
  if (typeof child === 'string') {
    if (node.nodeValue !== child) {
      node.nodeValue = child;
    }
    return;
  }
  const element = /** @type {Element} */ (node);
  const wanted = Object.entries(child.attributes).filter(([, value]) => value !== null && value !== undefined && value !== false);
  const names = new Set(wanted.map(([name]) => name));
  for (const { name } of [...element.attributes]) {
    if (!names.has(name)) {
      element.removeAttribute(name);
    }
  }
  for (const [name, value] of wanted) {
    if (name.startsWith('on')) {
      /** @type {any} */ (element)[name] = value;
    } else if (element.getAttribute(name) !== String(value === true ? '' : value)) {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  if (element instanceof HTMLInputElement && element !== document.activeElement) {
    element.value = child.attributes.value ?? ''; // what was typed hides the attribute
  }
  render(element, child.children);
}
