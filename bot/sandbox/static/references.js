// People, groups, channels and links by the names the reader knows, from the last state of the workspace.

import { h } from "./dom.js";

let known = { people: [], groups: [], channels: [], me: "" };
let names = new Map();

// setNames(state): the answer of /page/state, or any part of it with people, groups, channels and me.
export function setNames(seen) {
  known = { ...known, ...seen };
  names = new Map([
    ...known.people.map((person) => [person.id, person.name]),
    ...known.groups.map((group) => [group.id, group.handle]),
    ...known.channels.map((channel) => [channel.id, channel.name]),
  ]);
}

export const me = () => known.me;
export const activePeople = () => known.people.filter((person) => person.part !== "bot" && !person.deleted);
export const openChannels = () => known.channels.filter((channel) => !channel.is_im);
export const channelNamed = (name) => openChannels().find((channel) => channel.name === name);

export function userName(id) {
  return names.get(id) ?? id;
}

// A mention as Slack highlights it: the reader's own and those of everybody stand out.
export function mention(id, kind = "user") {
  const name = names.get(id) ?? id;
  if (kind === "channel") return h("span", { class: "mention" }, `#${name}`);
  if (kind === "group") return h("span", { class: "mention" }, `@${name}`);
  if (kind === "broadcast") return h("span", { class: "mention loud" }, `@${id}`);
  return h("span", { class: id === known.me ? "mention own" : "mention" }, `@${name}`);
}

// A link that opens apart; an address of another scheme than http, https, mailto and tel goes nowhere.
export function link(url, label) {
  const safe = /^(https?|mailto|tel):/i.test(url ?? "") ? url : null;
  return h("a", { href: safe, target: "_blank", rel: "noopener noreferrer" }, label ?? url);
}
