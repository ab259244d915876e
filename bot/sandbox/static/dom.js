// Builds DOM nodes from plain values; text never becomes markup.

export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  let value;
  for (const [name, given] of Object.entries(attributes ?? {})) {
    if (given === null || given === undefined || given === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), given);
    else if (name in node && typeof given === "boolean") node[name] = given;
    else if (name === "value") value = given;
    else node.setAttribute(name, given);
  }
  node.append(...present(children));
  if (value !== undefined) node.value = value; // after the children: a select takes only what it offers
  return node;
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...present(children));
  return node;
}

function present(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

let count = 0;

// A new id for an element that another one names (label, description, list).
export function newId(prefix) {
  count += 1;
  return `${prefix}-${count}`;
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
