// The side's places and the pane in the middle: a channel, a conversation with the bot, or the bot's home.

import { avatar } from "./avatars.js";
import { renderBlocks } from "./blocks.js";
import { h, reconcile } from "./dom.js";
import { keepingFocus, oneStop } from "./focus.js";
import { drawMessages, isAtEnd, keepOneStop } from "./messages.js";
import { agreed } from "./modal.js";
import { go } from "./navigation.js";
import { HOME, NARROW, act, change, currentChannel, place, platform, seen, topLevel } from "./store.js";
import { startTour } from "./tour.js";
import { unreadIn } from "./unread.js";

const INCIDENTS = "C0INC"; // where the bot of the demo puts them
const $ = (id) => document.getElementById(id);

export function drawChannels() {
  const of = (channel) => [channel.id, { id: channel.id, name: channel.name, isDirect: channel.is_im, current: channel.id === place.channel, ...unreadIn(channel) }];
  list("channels", seen.channels.filter((channel) => !channel.is_im).map(of));
  list("directs", seen.channels.filter((channel) => channel.is_im).map(of));
  list("apps", [[HOME, { id: HOME, name: `${seen.bot.name} home`, isApp: true, current: place.channel === HOME, count: 0, mentions: 0 }]]);
  const waiting = seen.channels.reduce((sum, channel) => sum + (channel.id === place.channel ? 0 : unreadIn(channel).mentions), 0);
  $("open-side").dataset.mentions = waiting || "";
}

function list(id, entries) {
  keepingFocus($(id), () => reconcile($(id), entries, placeNode));
  oneStop($(id));
}

function placeNode({ id, name, isDirect, isApp, current, count, mentions }) {
  const badge = mentions ? h("span", { class: "badge mentions" }, String(mentions), h("span", { class: "hidden" }, mentions === 1 ? " mention" : " mentions"))
    : count ? h("span", { class: "badge" }, String(count), h("span", { class: "hidden" }, " new")) : null;
  const sign = isDirect ? avatar(seen.bot.id, "small") : h("span", { class: "sign", "aria-hidden": "true" }, isApp ? "⌂" : "#");
  return h("li", {}, h("button", {
    type: "button", class: count ? "unread" : "", "aria-current": current ? "page" : null, "data-place": id, onclick: () => go(id),
  }, sign, h("span", { class: "place-name" }, name), badge));
}

// -- the pane in the middle -------------------------------------------------------------------------------------------

export function drawChannel() {
  if (place.channel === HOME) return drawHome();
  const channel = currentChannel();
  place.channel = channel.id;
  const name = channel.is_im ? channel.name : `#${channel.name}`;
  $("title").textContent = channel.is_im ? channel.name : `# ${channel.name}`;
  $("purpose").textContent = channel.is_im ? "Direct message with the app" : channel.has_bot ? channel.purpose : `${channel.purpose} · ${seen.bot.name} is not a member`;
  document.title = `${name} · Watchkeeper sandbox`;
  $("composer").hidden = false;
  $("messages").setAttribute("aria-label", `Messages in ${name}`);
  $("composer-text").placeholder = NARROW.matches ? `Message ${name}` : `Message ${name}, or type / for commands`;
  drawMessages($("messages"), channel, topLevel(channel), { empty: emptyChannel(channel) });
  keepOneStop($("messages"));
  drawNewest();
}

function emptyChannel(channel) {
  if (channel.id !== INCIDENTS || !platform?.configured) return { print: channel.id, build: () => beginning(channel) };
  const isBroken = Object.values(platform.services ?? {}).some((service) => service.broken);
  return { print: `quiet ${isBroken}`, build: isBroken ? soon : quiet };
}

function beginning(channel) {
  return [h("p", { class: "empty-title" }, `This is the very beginning of ${channel.is_im ? channel.name : `#${channel.name}`}`), h("p", {}, channel.purpose)];
}

function soon() {
  return [
    h("img", { src: "/static/icon.svg", alt: "", width: "56", height: "56" }),
    h("p", { class: "empty-title" }, "Something is broken now."),
    h("p", {}, "The platform's monitoring has to notice, and its alert has to last for a moment. Then the incident appears here."),
  ];
}

function quiet() {
  return [
    h("img", { src: "/static/icon.svg", alt: "", width: "56", height: "56" }),
    h("p", { class: "empty-title" }, "All quiet. Break something."),
    h("p", {}, "A simulated platform runs beside this page. Stop its vector database, and about ten seconds later the first incident is here, with its evidence and the next move."),
    h("p", { class: "empty-buttons" },
      h("button", { type: "button", class: "call", onclick: () => startTour() }, "Take the tour"),
      h("button", { type: "button", class: "quiet", onclick: () => change("break", { service: "qdrant", kind: "stop" }) }, "Stop qdrant")),
  ];
}

export function drawNewest() {
  const box = $("messages");
  const hidden = place.channel === HOME || isAtEnd(box);
  $("newest").hidden = hidden;
  if (hidden) return;
  const { count } = unreadIn(currentChannel());
  $("newest").textContent = count ? `${count} new ↓` : "Jump to newest ↓";
}

export function startChannels() {
  $("newest").addEventListener("click", () => { $("messages").scrollTop = $("messages").scrollHeight; });
  $("messages").addEventListener("scroll", () => { if (seen && !$("newest").hidden === isAtEnd($("messages"))) drawChannel(); }, { passive: true });
}

function drawHome() {
  const view = seen.home;
  $("title").textContent = seen.bot.name;
  $("purpose").textContent = "Home of the app: what is yours, what waits for you";
  document.title = "Home · Watchkeeper sandbox";
  $("composer").hidden = true;
  $("newest").hidden = true;
  $("messages").setAttribute("aria-label", "Home of the app");
  const use = async (element, block, choice) => {
    if (await agreed(element.confirm)) await act("click_view", { view_id: view.id, action_id: element.action_id, block_id: block.block_id, choice });
  };
  keepingFocus($("messages"), () => reconcile($("messages"), [["home", view]], () => h("div", { class: "home" }, view
    ? renderBlocks(view.blocks, use)
    : h("p", { class: "empty" }, "Nothing is published here yet."))));
}
