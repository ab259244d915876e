// Slack's mrkdwn as DOM nodes: references, links, dates, bold, italic, strike, code, fences, quotes, lists, emoji.

import { dateNode } from "./dates.js";
import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { channelNamed, link, mention } from "./references.js";

export { emoji } from "./emoji.js";
export { setNames, userName } from "./references.js";

function unescape(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

export function plainText(text, withEmoji = true) {
  const shown = unescape(text ?? "");
  return withEmoji ? emoji(shown) : shown;
}

// The nodes of a text object: plain text is never parsed, verbatim mrkdwn finds no links of its own.
export function textObject(object) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text, object.verbatim ? VERBATIM : PARSED);
  return [plainText(object.text, object.emoji !== false)];
}

const VERBATIM = { urls: false, names: false };
const PARSED = { urls: true, names: true };
const MESSAGE_TEXT = { urls: true, names: false };

// mrkdwn(text) -> array of nodes; lines become <br>, fences <pre>, quoted lines <blockquote>, "- " lines a list.
export function mrkdwn(text, parse = MESSAGE_TEXT) {
  const parts = (text ?? "").split("```");
  const isOpen = parts.length % 2 === 0; // the last fence has no end: it is text
  return parts.flatMap((part, index) => {
    if (index % 2 === 0) return paragraphs(index ? part.replace(/^\n/, "") : part, parse);
    if (isOpen && index === parts.length - 1) return paragraphs(`\`\`\`${part}`, parse);
    return [h("pre", {}, unescape(stripControl(part.replace(/^\n/, "").replace(/\n$/, ""))))];
  });
}

function paragraphs(text, parse) {
  const nodes = [];
  let quote = null;
  for (const [index, line] of text.split("\n").entries()) {
    const quoted = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (quoted) {
      quote ??= nodes[nodes.push(h("blockquote")) - 1];
      if (quote.childNodes.length) quote.append(h("br"));
      quote.append(...inline(quoted[1], parse));
      continue;
    }
    if (index && !quote) nodes.push(h("br"));
    quote = null;
    const item = line.match(/^(\s*)(?:[•◦▪-]|\d+[.)])\s+(.*)$/);
    nodes.push(...(item ? [listLine(line, item, parse)] : inline(line, parse)));
  }
  while (nodes.at(-1)?.tagName === "BR") nodes.pop();
  return nodes;
}

// A line typed as a list item keeps its mark and hangs behind it when it wraps.
function listLine(line, [, indent, content], parse) {
  const [mark] = line.trim().match(/^\S+/);
  const node = h("span", { class: "list-line" }, h("span", { class: "list-mark" }, mark), h("span", {}, inline(content, parse)));
  node.style.paddingInlineStart = `${Math.min(indent.length, 12) * 0.5}em`;
  return node;
}

const INLINE = [
  { pattern: /^`([^`\n]+)`/, node: (found) => h("code", {}, unescape(stripControl(found[1]))), anywhere: true },
  { pattern: /^<([^<>\n]+)>/, node: (found) => control(found[1]), anywhere: true },
  { pattern: /^\*(?=\S)([^*\n]*[^*\s])\*(?![\w*])/, node: (found, parse) => h("strong", {}, inline(found[1], parse)) },
  { pattern: /^_(?=\S)([^_\n]*[^_\s])_(?![\w_])/, node: (found, parse) => h("em", {}, inline(found[1], parse)) },
  { pattern: /^~(?=\S)([^~\n]*[^~\s])~(?![\w~])/, node: (found, parse) => h("s", {}, inline(found[1], parse)) },
  { pattern: /^https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)'"]/, node: (found) => link(unescape(found[0])), when: "urls" },
  { pattern: /^@(here|channel|everyone)\b/, node: (found) => mention(found[1], "broadcast"), when: "names" },
  { pattern: /^#([a-z0-9_-]+)/, node: (found) => channelLink(found), when: "names" },
];

function channelLink([whole, name]) {
  const channel = channelNamed(name);
  return channel ? mention(channel.id, "channel") : whole;
}

function inline(text, parse) {
  const nodes = [];
  let plain = "";
  let rest = text;
  const flush = () => {
    if (plain) nodes.push(emoji(unescape(plain)));
    plain = "";
  };
  while (rest) {
    const begins = !/[\w]$/.test(plain);
    const rule = INLINE.find(({ pattern, anywhere, when }) => (begins || anywhere) && (!when || parse[when]) && pattern.test(rest));
    if (!rule) {
      plain += rest[0];
      rest = rest.slice(1);
      continue;
    }
    const found = rest.match(rule.pattern);
    flush();
    nodes.push(rule.node(found, parse));
    rest = rest.slice(found[0].length);
  }
  flush();
  return nodes;
}

function stripControl(text) {
  return text.replace(/<([^<>|]+)(?:\|([^<>]*))?>/g, (_, target, label) => label ?? target);
}

function control(inside) {
  const [target, label] = splitOnce(inside, "|");
  if (target.startsWith("@")) return mention(target.slice(1));
  if (target.startsWith("#")) return mention(target.slice(1), "channel");
  if (target.startsWith("!subteam^")) return mention(target.slice(9), "group");
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!")) return mention(target.slice(1), "broadcast");
  return link(unescape(target), label ? emoji(unescape(label)) : undefined);
}

function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function date(target, fallback) {
  const [, seconds, format, url] = target.split("^");
  const shown = dateNode(seconds, unescape(format ?? ""), unescape(fallback ?? ""));
  return url ? link(unescape(url), shown) : shown;
}
