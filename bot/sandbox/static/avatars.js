// Faces: two initials on a colour of one's own; the bot has its eye.

import { h } from "./dom.js";
import { seen } from "./store.js";

const COLOURS = 6;

export function avatar(user, size = "") {
  if (user === seen.bot.id) return h("span", { class: `avatar bot ${size}`, "aria-hidden": "true" }, h("img", { src: "/static/icon.svg", alt: "" }));
  const at = seen.people.findIndex((person) => person.id === user);
  const name = seen.people[at]?.real_name ?? "Slackbot";
  return h("span", { class: `avatar ${at < 0 ? "slackbot" : `face-${at % COLOURS}`} ${size}`, "aria-hidden": "true" }, initials(name));
}

function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return (words.length > 1 ? words[0][0] + words.at(-1)[0] : name.slice(0, 2)).replace(/^./, (letter) => letter.toUpperCase());
}
