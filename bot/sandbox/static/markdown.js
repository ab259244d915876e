// Standard Markdown of a `markdown` block as DOM nodes: what Slack renders of it, without HTML.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { link } from "./references.js";

const FENCE = /^\s*(```+|~~~+)\s*(\w*)/;
const RULE = /^\s*([-*_])(\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d+[.)])\s+(.*)$/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*\s*$/;
const QUOTE = /^\s*>/;
const ROW = /^\s*\|.*\|\s*$/;

// markdown(text) -> array of block nodes.
export function markdown(text) {
  const lines = text.split("\n");
  const nodes = [];
  while (lines.length) nodes.push(nextBlock(lines));
  return nodes.filter(Boolean);
}

// Takes the lines of one block off the front; null for an empty line.
function nextBlock(lines) {
  const line = lines[0];
  if (FENCE.test(line)) return fence(lines);
  if (QUOTE.test(line)) return quote(taken(lines, (next) => QUOTE.test(next)));
  if (ROW.test(line) && /^[\s|:-]+$/.test(lines[1] ?? "")) return table(taken(lines, (next) => ROW.test(next)));
  if (ITEM.test(line) && !RULE.test(line)) return list(lines, line.match(ITEM)[1].length);
  if (!isPlain(line)) return oneLine(lines.shift());
  return h("p", {}, paragraph(taken(lines, (next) => isPlain(next) && !FENCE.test(next) && !QUOTE.test(next) && !ITEM.test(next))));
}

const isPlain = (line) => line.trim() && !RULE.test(line) && !HEADING.test(line);

function oneLine(line) {
  const heading = line.match(HEADING);
  if (!heading) return line.trim() ? h("hr") : null;
  const level = heading[1].length;
  return h(`h${Math.min(level + 2, 6)}`, { class: `bk-header level-${Math.min(level, 4)}` }, inline(heading[2]));
}

function quote(lines) {
  return h("blockquote", {}, markdown(lines.map((line) => line.replace(/^\s*> ?/, "")).join("\n")));
}

function taken(lines, belongs) {
  const own = [lines.shift()];
  while (lines.length && belongs(lines[0])) own.push(lines.shift());
  return own;
}

function fence(lines) {
  const [, mark] = lines.shift().match(FENCE);
  const code = [];
  while (lines.length && !lines[0].trim().startsWith(mark)) code.push(lines.shift());
  lines.shift();
  return h("pre", {}, code.join("\n"));
}

function list(lines, indent) {
  const first = lines[0].match(ITEM);
  const isOrdered = /\d/.test(first[2]);
  const node = h(isOrdered ? "ol" : "ul", { start: isOrdered ? parseInt(first[2], 10) : null });
  while (lines.length) {
    const item = lines[0].match(ITEM);
    if (!item || item[1].length < indent) break;
    if (item[1].length > indent && node.lastChild) {
      node.lastChild.append(list(lines, item[1].length));
      continue;
    }
    lines.shift();
    const task = item[3].match(/^\[([ xX])\]\s+(.*)$/);
    node.append(h("li", { class: task ? "task" : null }, task ? [h("span", {}, task[1] === " " ? "☐ " : "☑ "), inline(task[2])] : inline(item[3])));
  }
  return node;
}

function table(lines) {
  const cells = (line) => line.trim().slice(1, -1).split("|").map((cell) => cell.trim());
  const [head, marks, ...body] = lines.map(cells);
  const align = marks.map((mark) => (mark.endsWith(":") ? (mark.startsWith(":") ? "center" : "right") : "left"));
  const row = (values, tag, scope) => h("tr", {}, values.map((value, index) => h(tag, { scope, class: `align-${align[index] ?? "left"}` }, inline(value))));
  return h("div", { class: "bk-table-box", tabindex: "0", role: "region", "aria-label": "Table" },
    h("table", { class: "bk-table" }, h("thead", {}, row(head, "th", "col")), h("tbody", {}, body.map((values) => row(values, "td")))));
}

function paragraph(lines) {
  return lines.flatMap((line, index) => [index ? h("br") : null, ...inline(line.trim())]);
}

const INLINE = [
  [/^`([^`]+)`/, (found) => h("code", {}, found[1])],
  [/^!?\[([^\]]*)\]\(([^()\s]+)[^()]*\)/, (found) => link(found[2], found[1] || found[2])],
  [/^\*\*(?=\S)(.+?)\*\*/, (found) => h("strong", {}, inline(found[1]))],
  [/^__(?=\S)(.+?)__/, (found) => h("strong", {}, inline(found[1]))],
  [/^\*(?=\S)([^*]+)\*/, (found) => h("em", {}, inline(found[1]))],
  [/^_(?=\S)([^_]+)_(?!\w)/, (found) => h("em", {}, inline(found[1]))],
  [/^~~(?=\S)(.+?)~~/, (found) => h("s", {}, inline(found[1]))],
  [/^https?:\/\/[^\s<>]*[^\s<>.,;:!?)'"]/, (found) => link(found[0])],
  [/^\\([\\`*_{}[\]()#+\-.!|~])/, (found) => found[1]],
];

function inline(text) {
  const nodes = [];
  let plain = "";
  let rest = text;
  while (rest) {
    const begins = !/\w$/.test(plain);
    const rule = INLINE.find(([pattern], index) => (begins || index < 3) && pattern.test(rest));
    if (!rule) {
      plain += rest[0];
      rest = rest.slice(1);
      continue;
    }
    const found = rest.match(rule[0]);
    nodes.push(emoji(plain), rule[1](found));
    plain = "";
    rest = rest.slice(found[0].length);
  }
  return [...nodes, emoji(plain)].filter((node) => node !== "");
}
