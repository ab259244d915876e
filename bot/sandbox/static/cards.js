// Cards, carousels, containers and alerts: blocks that frame others.

import { h, newId } from "./dom.js";
import { element } from "./elements.js";
import { pictureElement } from "./media.js";
import { textObject } from "./mrkdwn.js";
import { richParts } from "./rich_text.js";

export function card(block, use) {
  const text = (object, kind) => (object ? h("div", { class: `text ${kind}` }, textObject(object)) : null);
  return h("article", { class: "bk-card" },
    block.hero_image ? pictureElement(block.hero_image, "hero") : null,
    h("div", { class: "card-head" }, block.icon ? pictureElement(block.icon, "thumb") : null,
      h("div", { class: "card-names" }, text(block.title, "card-title"), text(block.subtitle, "soft"))),
    text(block.body, "card-body"), text(block.subtext, "soft small"),
    block.actions ? h("div", { class: "bk-actions" }, block.actions.map((item) => element(item, block, use))) : null);
}

export function carousel(block, use) {
  const cards = h("div", { class: "carousel-cards", tabindex: "0", role: "region", "aria-label": `${block.elements.length} cards` },
    block.elements.map((item, index) => h("div", { class: "carousel-card", role: "group", "aria-label": `Card ${index + 1} of ${block.elements.length}` }, card(item, use))));
  const move = (step) => cards.scrollBy({ left: step * cards.clientWidth * 0.8, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  return h("div", { class: "bk-carousel" }, cards, h("div", { class: "carousel-moves" },
    h("button", { type: "button", class: "kit small", "aria-label": "Previous cards", onclick: () => move(-1) }, "‹"),
    h("button", { type: "button", class: "kit small", "aria-label": "Next cards", onclick: () => move(1) }, "›")));
}

// A container around the nodes of its children; a collapsible one opens and closes.
export function container(block, children) {
  const title = [
    block.icon ? pictureElement(block.icon, "tiny") : null,
    h("span", { class: "container-names" },
      h("span", { class: "container-title" }, block.title ? textObject(block.title) : richParts(block.rich_text_title.elements)),
      block.subtitle ? h("span", { class: "soft" }, textObject(block.subtitle)) : null),
  ];
  const looks = `bk-container ${block.width ?? "standard"}${block.has_header_divider ? " divided" : ""}`;
  if (!block.is_collapsible) {
    const id = newId("container");
    return h("section", { class: looks, "aria-labelledby": id }, h("div", { class: "container-head", id }, title), children);
  }
  return h("details", { class: looks, open: !block.default_collapsed }, h("summary", { class: "container-head" }, title), children);
}

const LEVELS = { default: ["Note", "💬"], info: ["Information", "ℹ️"], warning: ["Warning", "⚠️"], error: ["Error", "⛔"], success: ["Success", "✅"] };

export function alertBlock(block) {
  const level = block.level in LEVELS ? block.level : "default";
  const [word, picture] = LEVELS[level];
  return h("div", { class: `bk-alert ${level}`, role: "note", "aria-label": word }, h("span", { "aria-hidden": "true" }, picture), h("div", { class: "text" }, textObject(block.text)));
}
