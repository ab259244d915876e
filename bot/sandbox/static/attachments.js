// Attachments: a bar of colour beside blocks, or the legacy fields with folding of long text.

import { h } from "./dom.js";
import { pictureElement } from "./media.js";
import { mrkdwn, plainText } from "./mrkdwn.js";
import { dateNode } from "./dates.js";
import { link } from "./references.js";

const NAMED = { good: "#2eb886", warning: "#daa038", danger: "#a30200" };
const FOLD_CHARACTERS = 700;
const FOLD_LINES = 5;

// attachment(value, blocks): `blocks` are the rendered blocks of an attachment that has some, else null.
export function attachment(value, blocks) {
  const pretext = value.pretext && !blocks ? h("div", { class: "text" }, formatted(value, "pretext")) : null;
  const bar = h("div", { class: "attachment", role: "group", "aria-label": blocks && value.fallback ? plainText(value.fallback) : null }, blocks ?? legacy(value));
  const color = barColor(value.color);
  if (color) bar.style.borderInlineStartColor = color;
  return h("div", { class: "attachment-box" }, pretext, bar);
}

// A named or hex colour as CSS; empty for anything else, and the bar stays grey.
function barColor(value) {
  const hex = `${value ?? ""}`.replace(/^#/, "");
  return NAMED[value] ?? (/^([0-9a-f]{3}|[0-9a-f]{6})$/i.test(hex) ? `#${hex}` : "");
}

function formatted(value, name) {
  return !value.mrkdwn_in || value.mrkdwn_in.includes(name) ? mrkdwn(value[name]) : [plainText(value[name])];
}

function legacy(value) {
  const isEmpty = !["author_name", "title", "text", "fields", "footer", "image_url", "thumb_url", "pretext"].some((name) => value[name]);
  if (isEmpty) return h("div", { class: "text" }, plainText(value.fallback || "[no preview available]"));
  return h("div", { class: "legacy" },
    value.author_name ? h("p", { class: "soft" }, value.author_link ? link(value.author_link, plainText(value.author_name)) : plainText(value.author_name)) : null,
    value.title ? h("p", { class: "legacy-title" }, value.title_link ? link(value.title_link, plainText(value.title)) : plainText(value.title)) : null,
    value.text ? folded(value) : null,
    value.fields?.length ? h("dl", { class: "legacy-fields" }, value.fields.map((field) =>
      h("div", { class: field.short ? "short" : "long" }, h("dt", {}, plainText(String(field.title ?? ""))), h("dd", {}, mrkdwn(String(field.value ?? "")))))) : null,
    value.image_url ? pictureElement({ image_url: value.image_url, alt_text: plainText(value.fallback ?? value.title ?? "Image") }, "whole") : null,
    value.footer || value.ts ? h("p", { class: "soft small" }, plainText(value.footer ?? ""), value.footer && value.ts ? " | " : "", value.ts ? dateNode(value.ts, "{date_short_pretty} at {time}") : null) : null);
}

// Slack folds text of more than 700 characters or five lines.
function folded(value) {
  const whole = formatted(value, "text");
  const lines = value.text.split("\n");
  if (value.text.length <= FOLD_CHARACTERS && lines.length <= FOLD_LINES) return h("div", { class: "text" }, whole);
  const head = beginning(value.text, lines);
  const body = h("div", { class: "text" });
  const toggle = h("button", { type: "button", class: "show-more", "aria-expanded": "false", onclick: () => show(toggle.getAttribute("aria-expanded") === "false") });
  const show = (everything) => {
    body.replaceChildren(...(everything ? whole : [...formatted({ ...value, text: head }, "text"), "…"]));
    toggle.setAttribute("aria-expanded", String(everything));
    toggle.textContent = everything ? "Show less" : "Show more";
  };
  show(false);
  return h("div", {}, body, toggle);
}

// The first lines within both limits, never ending inside a reference.
function beginning(text, lines) {
  const head = lines.slice(0, FOLD_LINES).join("\n").slice(0, FOLD_CHARACTERS);
  const opened = head.lastIndexOf("<");
  const cut = opened > head.lastIndexOf(">") ? head.slice(0, opened) : head;
  return cut.split("```").length % 2 === 0 ? `${cut}\n\`\`\`` : cut;
}
