// A button with a list under it; closes on choice, on Escape and when focus leaves; arrow keys walk the list.

import { h } from "./dom.js";
import { textObject } from "./mrkdwn.js";

// menu(options, choose, label): options are Block Kit options (text, description, url); choose(option) on a choice.
export function menu(options, choose, label = "More actions") {
  const list = h("ul", { class: "menu-list", role: "menu", "aria-label": label, hidden: true }, options.map((option) => h("li", { role: "none" },
    h("button", { type: "button", role: "menuitem", tabindex: "-1", onclick: () => pick(option) },
      textObject(option.text), option.description ? h("span", { class: "option-note" }, textObject(option.description)) : null))));
  const toggle = h("button", { type: "button", class: "kit more", "aria-label": label, "aria-haspopup": "menu", "aria-expanded": "false",
    onclick: () => (list.hidden ? open() : close()) }, "⋯");
  const box = h("div", { class: "menu", onkeydown: walk, onfocusout: (event) => { if (!box.contains(event.relatedTarget)) close(); } }, toggle, list);

  function open() {
    list.hidden = false;
    toggle.setAttribute("aria-expanded", "true");
    list.classList.remove("to-left", "upward");
    const place = list.getBoundingClientRect();
    list.classList.toggle("to-left", place.right > window.innerWidth - 8);
    list.classList.toggle("upward", place.bottom > window.innerHeight - 8 && place.height < place.top);
    list.querySelector("button")?.focus({ preventScroll: true });
  }

  function close() {
    list.hidden = true;
    toggle.setAttribute("aria-expanded", "false");
  }

  function pick(option) {
    toggle.focus();
    close();
    if (option.url) window.open(option.url, "_blank", "noopener");
    choose(option);
  }

  function walk(event) {
    const entries = [...list.querySelectorAll("button")];
    const at = entries.indexOf(document.activeElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[event.key];
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      toggle.focus();
      close();
    } else if (next !== undefined && !list.hidden) {
      event.preventDefault();
      entries[(next + entries.length) % entries.length].focus();
    } else if (event.key === "ArrowDown" && event.target === toggle) {
      event.preventDefault();
      open();
    }
  }
  return box;
}
