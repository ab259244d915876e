// Slack's mrkdwn as DOM nodes: references, links, dates, bold, italic, strike, code, quotes, emoji.

import { h } from "./dom.js";

const EMOJI = {
  fire: "🔥", white_check_mark: "✅", heavy_check_mark: "✔️", warning: "⚠️", rotating_light: "🚨", red_circle: "🔴",
  large_orange_circle: "🟠", large_yellow_circle: "🟡", large_green_circle: "🟢", large_blue_circle: "🔵",
  white_circle: "⚪", black_circle: "⚫", x: "❌", no_entry: "⛔", no_entry_sign: "🚫", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", bell: "🔔", no_bell: "🔕", eyes: "👀", wrench: "🔧", hammer_and_wrench: "🛠️", lock: "🔒",
  unlock: "🔓", mag: "🔍", memo: "📝", bar_chart: "📊", chart_with_upwards_trend: "📈", chart_with_downwards_trend: "📉",
  arrows_counterclockwise: "🔄", repeat: "🔁", leftwards_arrow_with_hook: "↩️", calendar: "📅", clock3: "🕒", stopwatch: "⏱️",
  alarm_clock: "⏰", floppy_disk: "💾", package: "📦", link: "🔗", bust_in_silhouette: "👤", busts_in_silhouette: "👥",
  raised_hand: "✋", thumbsup: "👍", "+1": "👍", "-1": "👎", question: "❓", grey_question: "❔", exclamation: "❗",
  information_source: "ℹ️", shield: "🛡️", key: "🔑", skull: "💀", tada: "🎉", ocean: "🌊", droplet: "💧", zap: "⚡", mute: "🔇",
  ballot_box_with_check: "☑️", double_vertical_bar: "⏸️", pause_button: "⏸️", arrow_forward: "▶️", black_square_for_stop: "⏹️",
  broken_heart: "💔", green_heart: "💚", pushpin: "📌", speech_balloon: "💬", bulb: "💡", construction: "🚧", robot_face: "🤖",
};

let names = { people: new Map(), groups: new Map(), channels: new Map(), me: "" };

export function setNames(seen) {
  names = {
    people: new Map(seen.people.map((person) => [person.id, person.name])),
    groups: new Map(seen.groups.map((group) => [group.id, group.handle])),
    channels: new Map(seen.channels.map((channel) => [channel.id, channel.name])),
    me: seen.me,
  };
}

export function unescape(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

export function emoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI[name] ?? whole);
}

export function userName(id) {
  return names.people.get(id) ?? id;
}

export function mention(id, kind = "user") {
  if (kind === "channel") return h("span", { class: "mention" }, `#${names.channels.get(id) ?? id}`);
  if (kind === "group") return h("span", { class: "mention" }, `@${names.groups.get(id) ?? id}`);
  if (kind === "broadcast") return h("span", { class: "mention loud" }, `@${id}`);
  return h("span", { class: id === names.me ? "mention me" : "mention" }, `@${userName(id)}`);
}

export function link(url, label) {
  const safe = /^(https?|mailto):/i.test(url) ? url : null;
  return h("a", { href: safe, target: "_blank", rel: "noopener noreferrer" }, label ?? url);
}

export function plainText(text) {
  return emoji(unescape(text ?? ""));
}

// mrkdwn(text) -> array of nodes; lines become <br>, fences <pre>, quoted lines <blockquote>.
export function mrkdwn(text) {
  const nodes = [];
  for (const [index, part] of (text ?? "").split("```").entries()) {
    if (index % 2) nodes.push(h("pre", {}, unescape(stripControl(part.replace(/^\n/, "")))));
    else nodes.push(...paragraphs(part));
  }
  return nodes;
}

function paragraphs(text) {
  const nodes = [];
  let quote = null;
  for (const [index, line] of text.split("\n").entries()) {
    const quoted = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (quoted) {
      quote ??= nodes[nodes.push(h("blockquote")) - 1];
      if (quote.childNodes.length) quote.append(h("br"));
      quote.append(...inline(quoted[1]));
      continue;
    }
    if (index && !quote) nodes.push(h("br"));
    quote = null;
    nodes.push(...inline(line.replace(/^(\s*)[*•-] /, "$1• ")));
  }
  return nodes;
}

const INLINE = [
  [/^`([^`\n]+)`/, (m) => h("code", {}, unescape(stripControl(m[1])))],
  [/^<([^<>\n]+)>/, (m) => control(m[1])],
  [/^\*(?=\S)([^*\n]*[^*\s])\*(?![\w*])/, (m) => h("strong", {}, ...inline(m[1]))],
  [/^_(?=\S)([^_\n]*[^_\s])_(?![\w_])/, (m) => h("em", {}, ...inline(m[1]))],
  [/^~(?=\S)([^~\n]*[^~\s])~(?![\w~])/, (m) => h("s", {}, ...inline(m[1]))],
];

function inline(text) {
  const nodes = [];
  let plain = "";
  let rest = text;
  const flush = () => {
    if (plain) nodes.push(emoji(unescape(plain)));
    plain = "";
  };
  while (rest) {
    const opens = !/[\w]$/.test(plain);
    const rule = INLINE.find(([pattern], index) => (opens || index < 2) && pattern.test(rest));
    if (!rule) {
      plain += rest[0];
      rest = rest.slice(1);
      continue;
    }
    const match = rest.match(rule[0]);
    flush();
    nodes.push(rule[1](match));
    rest = rest.slice(match[0].length);
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
  const at = new Date(Number(seconds) * 1000);
  if (Number.isNaN(at.getTime())) return document.createTextNode(fallback ?? target);
  const shown = h("time", { datetime: at.toISOString(), title: `${at.toLocaleString()} (${unescape(fallback ?? "")})` }, formatDate(at, format));
  return url ? h("a", { href: /^https?:/.test(url) ? url : null, rel: "noopener noreferrer" }, shown) : shown;
}

export function formatDate(at, format) {
  return format.replace(/\{(\w+)\}/g, (whole, token) => {
    const pretty = token.endsWith("_pretty") ? prettyDay(at) : null;
    if (pretty) return pretty;
    switch (token.replace("_pretty", "")) {
      case "date_num": return isoDay(at);
      case "date_slash": return isoDay(at).replaceAll("-", "/");
      case "date": return at.toLocaleDateString([], { year: "numeric", month: "long", day: "numeric" });
      case "date_short": return at.toLocaleDateString([], { year: "numeric", month: "short", day: "numeric" });
      case "date_long": return at.toLocaleDateString([], { weekday: "long", year: "numeric", month: "long", day: "numeric" });
      case "time": return at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
      case "time_secs": return at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
      case "ago": return ago(at);
      default: return whole;
    }
  });
}

function isoDay(at) {
  return [at.getFullYear(), String(at.getMonth() + 1).padStart(2, "0"), String(at.getDate()).padStart(2, "0")].join("-");
}

function prettyDay(at) {
  const days = Math.round((new Date(isoDay(at)) - new Date(isoDay(new Date()))) / 86400000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] ?? null;
}

function ago(at) {
  const seconds = Math.round((at - Date.now()) / 1000);
  const words = new Intl.RelativeTimeFormat([], { numeric: "auto" });
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return words.format(seconds, "second");
}
