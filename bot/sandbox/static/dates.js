// Slack's date tokens in the reader's own time zone, kept true while the page stays open.

import { h } from "./dom.js";

const SIX_MONTHS_MS = 183 * 86400000;
const UNTIL_NEXT_LOOK_MS = 15000;

// A <time> for Unix `seconds`; `fallback` is shown when the moment or the format cannot be read.
export function dateNode(seconds, format, fallback) {
  const at = new Date(Number(seconds) * 1000);
  if (Number.isNaN(at.getTime()) || !format) return h("span", {}, fallback || String(seconds));
  const title = `${at.toLocaleString()}${fallback ? ` (${fallback})` : ""}`;
  return h("time", { datetime: at.toISOString(), title, "data-format": format }, formatDate(at, format));
}

// Slack's text for a format such as "{date_short_pretty} at {time}"; a token nobody knows stays as typed.
export function formatDate(at, format) {
  return format.replace(/\{(\w+)\}/g, (whole, token, place) => {
    const text = TOKENS[token]?.(at);
    if (text === undefined) return whole;
    return place === 0 ? text[0].toUpperCase() + text.slice(1) : text; // Slack begins with a capital: "Today"
  });
}

const TOKENS = {
  date_num: (at) => isoDay(at),
  date_slash: (at) => at.toLocaleDateString([], { year: "numeric", month: "2-digit", day: "2-digit" }),
  date: (at) => `${month(at, "long")} ${ordinal(at.getDate())}${yearOf(at)}`,
  date_short: (at) => `${month(at, "short")} ${at.getDate()}${yearOf(at)}`,
  date_long: (at) => `${weekday(at)}, ${TOKENS.date(at)}`,
  date_long_full: (at) => `${month(at, "long")} ${at.getDate()}, ${at.getFullYear()}`,
  date_pretty: (at) => nearDay(at) ?? TOKENS.date(at),
  date_short_pretty: (at) => nearDay(at) ?? TOKENS.date_short(at),
  date_long_pretty: (at) => nearDay(at) ?? TOKENS.date_long(at),
  date_num_pretty: (at) => nearDay(at) ?? TOKENS.date_num(at),
  day_divider_pretty: (at) => nearDay(at) ?? TOKENS.date_long(at),
  time: (at) => clock(at, { hour: "numeric", minute: "2-digit" }),
  time_secs: (at) => clock(at, { hour: "numeric", minute: "2-digit", second: "2-digit" }),
  ago: (at) => ago(at),
};

const month = (at, length) => at.toLocaleDateString("en", { month: length });
const weekday = (at) => at.toLocaleDateString("en", { weekday: "long" });
const clock = (at, parts) => at.toLocaleTimeString([], parts).replace(/\s/g, " ");

// Slack leaves out the year of a day less than six months away.
function yearOf(at) {
  return Math.abs(at - Date.now()) < SIX_MONTHS_MS ? "" : `, ${at.getFullYear()}`;
}

function ordinal(day) {
  const ending = day % 100 >= 11 && day % 100 <= 13 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[day % 10] ?? "th";
  return `${day}${ending}`;
}

function isoDay(at) {
  return [at.getFullYear(), String(at.getMonth() + 1).padStart(2, "0"), String(at.getDate()).padStart(2, "0")].join("-");
}

function nearDay(at) {
  const days = Math.round((new Date(isoDay(at)) - new Date(isoDay(new Date()))) / 86400000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
}

function ago(at) {
  const seconds = Math.round((at - Date.now()) / 1000);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [unit, size] of [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return words.format(Math.round(seconds / size), unit);
  }
  return words.format(seconds, "second");
}

setInterval(() => {
  if (document.hidden) return;
  for (const node of document.querySelectorAll("time[data-format]")) {
    const text = formatDate(new Date(node.dateTime), node.dataset.format);
    if (node.textContent !== text) node.textContent = text;
  }
}, UNTIL_NEXT_LOOK_MS);
