// Focus that survives redrawing: what is replaced under somebody's hands is found again by its place.

const STOPS = "a[href], button, input, select, textarea, summary, [tabindex]";

// Runs `redraw`; if that took away the element that had focus, focuses the one that came in its place.
export function keepingFocus(root, redraw) {
  const held = document.activeElement;
  const spot = held && root.contains(held) ? spotOf(root, held) : null;
  redraw();
  if (!spot || root.contains(held)) return;
  const keyed = [...root.querySelectorAll("[data-key]")].find((node) => node.dataset.key === spot.key);
  if (!keyed) return;
  const stops = [keyed, ...keyed.querySelectorAll(STOPS)];
  const same = stops.find((stop) => labelOf(stop) === spot.label && stop.tagName === spot.tag);
  (same ?? stops[Math.min(spot.index, stops.length - 1)]).focus({ preventScroll: true });
}

function spotOf(root, held) {
  const keyed = held.closest("[data-key]");
  if (!keyed || !root.contains(keyed)) return null;
  return { key: keyed.dataset.key, tag: held.tagName, label: labelOf(held), index: [keyed, ...keyed.querySelectorAll(STOPS)].indexOf(held) };
}

function labelOf(node) {
  return node.getAttribute("aria-label") ?? node.textContent;
}

// Arrow keys inside a list of which one element is a stop for Tab: `[data-roving]` on the list.
export function rove(event) {
  const list = event.target.closest("[data-roving]");
  if (!list || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  const items = [...list.querySelectorAll("button")];
  const at = items.indexOf(event.target);
  const to = { ArrowDown: items[at + 1], ArrowUp: items[at - 1], Home: items[0], End: items.at(-1) }[event.key];
  if (!to) return;
  event.preventDefault();
  for (const item of items) item.tabIndex = item === to ? 0 : -1;
  to.focus();
}

export function oneStop(list) {
  const items = [...list.querySelectorAll("button")];
  const stop = items.find((item) => item === document.activeElement) ?? items.find((item) => item.hasAttribute("aria-current")) ?? items[0];
  for (const item of items) item.tabIndex = item === stop ? 0 : -1;
}
