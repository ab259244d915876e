// Builds DOM nodes from plain values; text never becomes markup.

export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value === "boolean") node[name] = value;
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Keeps one node for each key and replaces it only when its value changed, so that open menus and focus survive.
export function reconcile(parent, entries, build) {
  const known = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let previous = null;
  for (const [key, value] of entries) {
    const print = JSON.stringify(value);
    let node = known.get(key);
    if (!node || node.dataset.print !== print) {
      const fresh = build(value);
      fresh.dataset.key = key;
      fresh.dataset.print = print;
      if (node) node.replaceWith(fresh);
      node = fresh;
    }
    known.delete(key);
    const wanted = previous ? previous.nextSibling : parent.firstChild;
    if (wanted !== node) parent.insertBefore(node, wanted);
    previous = node;
  }
  for (const gone of known.values()) gone.remove();
}
