// Interactive elements as they stand in messages and beside text: `use(element, block, choice)` hears every choice.

import { h } from "./dom.js";
import { emojiNamed } from "./emoji.js";
import { field, isField } from "./fields.js";
import { pictureElement } from "./media.js";
import { menu } from "./menu.js";
import { plainText, textObject } from "./mrkdwn.js";
import { me } from "./references.js";

export function element(item, block, use) {
  if (item.visible_to_user_ids && !item.visible_to_user_ids.includes(me())) return null;
  const node = build(item, block, use);
  if (item.action_id) node.dataset.action = item.action_id;
  return node;
}

function build(item, block, use) {
  if (ELEMENT[item.type]) return ELEMENT[item.type](item, block, use);
  if (isField(item)) return field(item, { held: item.held, changed: (value) => value !== null && use(item, block, value) });
  return h("span", { class: "soft" }, `An element of type “${item.type}”; use it in Slack.`);
}

const ELEMENT = {
  button: (item, block, use) => h("button", {
    type: "button", class: `kit ${item.style ?? ""}`, "aria-label": item.accessibility_label, title: item.url ? `Opens ${item.url}` : null,
    onclick: () => { use(item, block); if (item.url && !item.confirm) window.open(item.url, "_blank", "noopener"); },
  }, textObject(item.text), item.url ? h("span", { class: "outward", "aria-hidden": "true" }, " ↗") : null),
  workflow_button: (item) => h("button", { type: "button", class: `kit ${item.style ?? ""}`, disabled: true, title: "Workflows run in Slack only" }, textObject(item.text)),
  image: (item) => pictureElement(item, "thumb"),
  overflow: (item, block, use) => menu(item.options, (option) => use(item, block, option.value)),
  feedback_buttons: (item, block, use) => h("span", { class: "feedback", role: "group", "aria-label": "Feedback" },
    [[item.positive_button, "thumbsup"], [item.negative_button, "thumbsdown"]].map(([button, picture]) => feedback(button, picture, () => use(item, block, button.value)))),
  icon_button: (item, block, use) => h("button", { type: "button", class: "kit icon-button", "aria-label": item.accessibility_label ?? plainText(item.text.text), title: plainText(item.text.text), onclick: () => use(item, block) },
    h("span", { "aria-hidden": "true" }, emojiNamed({ trash: "wastebasket" }[item.icon] ?? "") ?? "•")),
};

function feedback(button, picture, chosen) {
  const node = h("button", { type: "button", class: "kit icon-button", "aria-pressed": "false", "aria-label": button.accessibility_label ?? plainText(button.text.text), title: plainText(button.text.text), onclick: () => {
    for (const other of node.parentElement.children) other.setAttribute("aria-pressed", String(other === node));
    chosen();
  } }, h("span", { "aria-hidden": "true" }, emojiNamed(picture)));
  return node;
}
