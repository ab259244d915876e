// `rich_text` as DOM nodes: sections, lists that nest by indent, quotes, preformatted text and every inline element.

import { dateNode } from "./dates.js";
import { h } from "./dom.js";
import { richEmoji } from "./emoji.js";
import { link, mention } from "./references.js";

export function richText(block) {
  return h("div", { class: "bk-rich" }, richParts(block.elements));
}

// The nodes of a rich text's parts; lists that follow each other with another indent continue their numbers.
export function richParts(parts) {
  const counts = [];
  return (parts ?? []).map((part) => {
    if (part.type === "rich_text_list") return list(part, counts);
    counts.length = 0;
    return PART[part.type]?.(part) ?? h("p", { class: "soft" }, `[${part.type}]`);
  });
}

const PART = {
  rich_text_section: (part) => h("div", { class: "text" }, inlines(part.elements)),
  rich_text_preformatted: (part) => h("pre", {}, inlines(part.elements)),
  rich_text_quote: (part) => h("blockquote", {}, inlines(part.elements)),
};

function list(part, counts) {
  const indent = part.indent ?? 0;
  const isOrdered = part.style === "ordered";
  counts.length = Math.min(counts.length, indent + 1);
  const before = counts[indent]?.style === part.style ? counts[indent].count : 0;
  const start = (part.offset ?? before) + 1;
  counts[indent] = { style: part.style, count: start - 1 + part.elements.length };
  const node = h(isOrdered ? "ol" : "ul", { class: `bk-list level-${indent % 3}${part.border ? " bordered" : ""}`, start: isOrdered && start > 1 ? start : null },
    part.elements.map((item) => h("li", {}, inlines(item.elements))));
  node.style.marginInlineStart = `${indent * 1.5}em`;
  return node;
}

const STYLES = [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"], ["highlight", "mark"], ["client_highlight", "mark"]];

function inlines(items) {
  return (items ?? []).map((item) => {
    let node = leaf(item);
    for (const [name, tag] of STYLES) if (item.style?.[name]) node = h(tag, {}, node);
    return node;
  });
}

function leaf(item) {
  switch (item.type) {
    case "text": return lines(item.text);
    case "link": return item.style?.unlink ? (item.text ?? item.url) : link(item.url, item.text);
    case "user": return mention(item.user_id);
    case "channel": return mention(item.channel_id, "channel");
    case "usergroup": return mention(item.usergroup_id, "group");
    case "broadcast": return mention(item.range, "broadcast");
    case "team": return h("span", { class: "mention" }, item.team_id);
    case "emoji": return richEmoji(item);
    case "color": return color(item.value);
    case "date": return date(item);
    default: return `[${item.type}]`;
  }
}

// Plain text keeps its line breaks; nothing in it is parsed.
function lines(text) {
  return h("span", { class: "lines" }, text);
}

function color(value) {
  const swatch = h("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.backgroundColor = value;
  return h("span", { class: "color" }, swatch, value);
}

function date(item) {
  const shown = dateNode(item.timestamp, item.format, item.fallback);
  return item.url ? link(item.url, shown) : shown;
}
