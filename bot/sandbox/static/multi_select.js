// A select of several: what is chosen as tokens, the options as checkboxes under it, with a filter when they are many.

import { h } from "./dom.js";
import { plainText } from "./mrkdwn.js";
import { optionGroups } from "./options.js";

const MANY = 8;

export function multiSelect(element, { held, changed, name, placeholder }) {
  const chosen = new Set(held ?? []);
  const groups = optionGroups(element);
  const label = placeholder || "Select options";
  const tokens = h("span", { class: "tokens" });
  const boxes = groups.map((group) => h("fieldset", { class: "choices" }, group.label ? h("legend", {}, group.label) : null,
    group.options.map((option) => box(option))));
  const filter = h("input", { type: "search", class: "bk-input", placeholder: "Filter", "aria-label": `Filter: ${name ?? label}`, oninput: narrow });
  const isLong = groups.reduce((sum, group) => sum + group.options.length, 0) > MANY;
  const node = h("details", { class: "bk-multi", onkeydown: leave, ontoggle: settle },
    h("summary", { class: "bk-select", "aria-label": name ?? label }, tokens),
    h("div", { class: "bk-multi-list" }, isLong ? filter : null, boxes));
  let told = print();
  draw();
  node.read = () => [...chosen];
  return node;

  function print() {
    return JSON.stringify([...chosen]);
  }

  function box(option) {
    return h("label", { class: "choice" }, h("input", { type: "checkbox", value: option.value, checked: chosen.has(option.value), onchange: (event) => {
      if (event.target.checked) chosen.add(option.value);
      else chosen.delete(option.value);
      draw();
    } }), h("span", {}, plainText(option.text.text)));
  }

  function draw() {
    const options = groups.flatMap((group) => group.options).filter((option) => chosen.has(option.value));
    tokens.replaceChildren(...(options.length ? options.map((option) => h("span", { class: "token" }, plainText(option.text.text))) : [h("span", { class: "soft" }, label)]));
    const isFull = chosen.size >= (element.max_selected_items ?? Infinity);
    for (const input of boxes.flatMap((group) => [...group.querySelectorAll("input")])) input.disabled = isFull && !input.checked;
  }

  function narrow() {
    for (const row of boxes.flatMap((group) => [...group.querySelectorAll(".choice")])) {
      row.hidden = !row.textContent.toLowerCase().includes(filter.value.toLowerCase());
    }
  }

  function leave(event) {
    if (event.key !== "Escape" || !node.open) return;
    event.preventDefault();
    event.stopPropagation();
    node.open = false;
    node.querySelector("summary").focus();
  }

  // Slack tells the app once the list is closed.
  function settle() {
    if (node.open || told === print()) return;
    told = print();
    changed([...chosen]);
  }
}
