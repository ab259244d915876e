// The list over a message box: ARIA's combobox with a listbox. Arrows choose, Tab or Enter take, Escape closes. While
// nothing is chosen, Enter sends and Tab moves on, so that a command without arguments needs no extra key.

import { h } from "./dom.js";
import { seen } from "./store.js";
import { suggest } from "./vocabulary.js";

export function withCompletion(field, box, { inThread }) {
  const state = { offer: null, chosen: -1, closedFor: null };
  const listId = `${box.id}-list`;
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-controls": listId })) {
    field.setAttribute(name, value);
  }

  function look() {
    const before = field.value.slice(0, field.selectionStart);
    if (before === state.closedFor) return;
    state.closedFor = null;
    state.offer = seen && field.selectionStart === field.selectionEnd ? suggest(before, { inThread, seen }) : null;
    state.chosen = state.offer?.items.length && state.offer.word ? 0 : -1;
    show();
  }

  function show() {
    const isOpen = Boolean(state.offer) && document.activeElement === field;
    box.hidden = !isOpen;
    field.setAttribute("aria-expanded", String(isOpen && state.offer.items.length > 0));
    field.removeAttribute("aria-activedescendant");
    box.replaceChildren(...(isOpen ? content() : []));
    if (!isOpen || state.chosen < 0) return;
    const option = box.querySelector('[aria-selected="true"]');
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function content() {
    const { items, usage, about } = state.offer;
    const shownUsage = usage ?? items[state.chosen]?.usage;
    return [
      h("ul", { id: listId, role: "listbox", "aria-label": "Suggestions" }, items.map((item, at) => h("li", {
        role: "option", id: `${listId}-${at}`, "aria-selected": String(at === state.chosen),
        onmousedown: (event) => { event.preventDefault(); take(at); },
      }, h("span", { class: "sign", "aria-hidden": "true" }, item.sign), h("b", {}, item.label), h("span", { class: "soft" }, item.what)))),
      shownUsage ? h("p", { class: "usage" }, h("code", {}, shownUsage), about ? h("span", { class: "soft" }, about) : null) : null,
      items.length ? h("p", { class: "keys-line", "aria-hidden": "true" }, h("kbd", {}, "↑"), h("kbd", {}, "↓"), " choose ", h("kbd", {}, "Tab"), " take ", h("kbd", {}, "Esc"), " close") : null,
    ].filter(Boolean);
  }

  function take(at) {
    const end = field.selectionStart;
    field.setRangeText(state.offer.items[at].insert, state.offer.from, end, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function close() {
    state.closedFor = field.value.slice(0, field.selectionStart);
    state.offer = null;
    show();
  }

  // Returns whether the key was for the list.
  function takesKey(event) {
    if (box.hidden) return false;
    const count = state.offer.items.length;
    if (event.key === "Escape") close();
    else if (event.key === "ArrowDown" && count) state.chosen = (state.chosen + 1) % count;
    else if (event.key === "ArrowUp" && count) state.chosen = (Math.max(state.chosen, 0) - 1 + count) % count;
    else if ((event.key === "Tab" && !event.shiftKey || event.key === "Enter" && !event.shiftKey) && state.chosen >= 0) take(state.chosen);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    show();
    return true;
  }

  field.addEventListener("input", look);
  field.addEventListener("click", look);
  field.addEventListener("focus", look);
  field.addEventListener("blur", () => { state.offer = null; show(); });
  return { takesKey };
}
