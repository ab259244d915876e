// A list of messages as Slack shows it: days apart, one header for what one author says in a row, a line above what is
// new, and what can be done with a message when it is pointed at.

import { avatar } from "./avatars.js";
import { menu, renderAttachments, renderBlocks } from "./blocks.js";
import { h, reconcile } from "./dom.js";
import { keepingFocus } from "./focus.js";
import { agreed } from "./modal.js";
import { emoji, mrkdwn, userName } from "./mrkdwn.js";
import { openThread } from "./navigation.js";
import { act, isOwnReply, place, seen } from "./store.js";
import { clock, dateOf, dayKey, dayName } from "./times.js";
import { firstUnread, markRead, unreadReplies } from "./unread.js";

const SAME_BREATH_S = 300;
const NEAR_END_PX = 80;
const QUICK_REACTIONS = ["eyes", "white_check_mark", "raised_hand"];

const views = new Map(); // of each list: where it stands, and which message was the first new one on arrival

// drawMessages(box, channel, messages, {thread, empty}): thread is the parent's ts in a thread's pane; empty is
// {print, build}, what an empty list shows and what that depends on.
export function drawMessages(box, channel, messages, { thread = null, empty }) {
  const isSeen = box.getClientRects().length > 0;
  if (!isSeen) views.delete(box.id); // behind another pane of a phone: nothing is read, and coming back is an arrival
  const view = viewOf(box, channel, messages, thread);
  const atEnd = view.arriving || isAtEnd(box);
  keepingFocus(box, () => reconcile(box, entries(channel, messages, thread, view.divider, empty), (entry) => nodeOf(channel, entry, empty)));
  if (view.arriving) arrive(box, view);
  else if (atEnd) box.scrollTop = box.scrollHeight;
  if (atEnd && isSeen && !document.hidden) markRead(place.user, channel.id, thread ? messages : messages.filter((message) => !isOwnReply(message)), thread);
}

export function isAtEnd(box) {
  return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX;
}

// Lets go of the dividers: what comes while nobody looks is new again.
export function forgetViews() {
  views.clear();
}

function viewOf(box, channel, messages, thread) {
  const key = [place.user, channel.id, thread].join(":");
  const known = views.get(box.id);
  if (known?.key === key) return { ...known, arriving: false };
  const view = { key, divider: firstUnread(channel, messages, thread) };
  views.set(box.id, view);
  return { ...view, arriving: true };
}

function arrive(box, view) {
  const divider = box.querySelector(".new-line");
  box.scrollTop = box.scrollHeight;
  if (divider && divider.offsetTop < box.scrollTop) box.scrollTop = divider.offsetTop - 12;
  if (!box.contains(document.activeElement)) setCurrent(box, view);
}

// -- what stands in the list ------------------------------------------------------------------------------------------

function entries(channel, messages, thread, divider, empty) {
  if (!messages.length) return [["empty", { kind: "empty", print: empty.print }]];
  const listed = [];
  let before = null;
  for (const message of messages) {
    const newDay = !before || dayKey(before.ts) !== dayKey(message.ts);
    if (newDay && !thread) listed.push([`day ${dayKey(message.ts)}`, { kind: "day", name: dayName(message.ts) }]);
    if (message.ts === divider && before) listed.push(["new", { kind: "new" }]);
    const folded = !newDay && message.ts !== divider && isSameBreath(before, message, thread);
    listed.push([message.ts, { kind: "message", message, folded, thread, fresh: thread ? 0 : unreadReplies(channel, message.ts) }]);
    if (thread && message.ts === thread) listed.push(["count", { kind: "count", count: messages.length - 1 }]);
    before = message;
  }
  return listed;
}

function isSameBreath(before, message, thread) {
  return Boolean(before) && before.user === message.user && !before.ephemeral === !message.ephemeral
    && before.ts !== thread && Number(message.ts) - Number(before.ts) < SAME_BREATH_S;
}

// Slack shows the mark on plain text only.
function isMarkedEdited(message) {
  return Boolean(message.edited) && !message.blocks?.length && !message.attachments?.length;
}

function nodeOf(channel, entry, empty) {
  switch (entry.kind) {
    case "empty": return h("div", { class: "empty" }, empty.build());
    case "day": return h("h3", { class: "day-line" }, h("span", {}, entry.name));
    case "new": return h("p", { class: "new-line" }, h("span", {}, "New"));
    case "count": return h("p", { class: "count-line" }, h("span", {}, plural(entry.count, "reply", "replies")));
    default: return messageNode(channel, entry);
  }
}

function messageNode(channel, { message, folded, thread, fresh }) {
  const use = (element, block, choice) => useOnMessage(channel, message, element, block, choice);
  const name = authorOf(message);
  return h("article", {
    class: ["message", folded ? "folded" : "", message.ephemeral ? "ephemeral" : ""].filter(Boolean).join(" "),
    "data-ts": message.ts, tabindex: "-1", "aria-label": `${name}, ${clock(message.ts)}${message.ephemeral ? ", only visible to you" : ""}`,
  },
    h("div", { class: "gutter" }, folded ? when(message.ts) : avatar(message.user)),
    h("div", { class: "content" },
      message.ephemeral ? h("p", { class: "private" }, "Only visible to you") : null,
      folded ? null : h("header", {}, h("strong", {}, name), message.bot_id ? h("span", { class: "tag" }, "APP") : null, when(message.ts)),
      message.blocks?.length ? renderBlocks(message.blocks, use) : message.text ? h("div", { class: "text" }, mrkdwn(message.text)) : null,
      renderAttachments(message.attachments, use),
      (message.files ?? []).map(fileNode),
      isMarkedEdited(message) ? h("p", { class: "edited", title: `Edited ${dateOf(message.edited.ts).toLocaleString()}` }, "(edited)") : null,
      reactions(channel, message),
      !thread && message.reply_count ? replies(message, fresh) : null),
    h("div", { class: "tools", role: "toolbar", "aria-label": "Message" }, tools(channel, message, thread)));
}

export function authorOf(message) {
  return message.user === "USLACKBOT" ? "Slackbot" : userName(message.user);
}

function when(ts) {
  return h("time", { datetime: dateOf(ts).toISOString(), title: dateOf(ts).toLocaleString() }, clock(ts));
}

function plural(count, one, more) {
  return `${count} ${count === 1 ? one : more}`;
}

function fileNode(file) {
  const isImage = /\.(png|jpe?g|gif)$/i.test(file.name);
  return h("figure", { class: "file" },
    isImage ? h("img", { src: `/files/${file.id}`, alt: file.title }) : null,
    h("figcaption", {}, h("a", { href: `/files/${file.id}`, download: file.name }, file.title), h("span", { class: "soft" }, ` ${file.name}, ${file.size} bytes`)));
}

function reactions(channel, message) {
  if (!message.reactions) return null;
  return h("p", { class: "reactions" }, message.reactions.map((one) => h("button", {
    type: "button", class: one.users.includes(place.user) ? "mine" : "", title: one.users.map(userName).join(", "),
    "aria-label": `${one.name}: ${plural(one.count, "reaction", "reactions")}`,
    onclick: () => act("react", { channel: channel.id, ts: message.ts, name: one.name }),
  }, emoji(`:${one.name}:`), ` ${one.count}`)));
}

function replies(message, fresh) {
  return h("button", { type: "button", class: "replies", onclick: () => openThread(message.ts) },
    h("span", { class: "faces", "aria-hidden": "true" }, message.reply_users.slice(0, 4).map((user) => avatar(user, "small"))),
    h("b", {}, plural(message.reply_count, "reply", "replies")),
    fresh ? h("span", { class: "fresh" }, `${fresh} new`) : null,
    h("span", { class: "soft" }, ` Last reply ${clock(message.latest_reply)}`));
}

// -- what can be done with a message ----------------------------------------------------------------------------------

function tools(channel, message, thread) {
  const where = { channel: channel.id, ts: message.ts };
  if (message.ephemeral) return tool("✕", "Dismiss message", () => act("dismiss", { ts: message.ts }));
  const canOpen = !thread && !isOwnReply(message);
  const react = (name) => act("react", { ...where, name });
  const more = [
    ...(canOpen ? [["Reply in thread", () => openThread(message.ts)]] : []),
    ...seen.shortcuts.map((one) => [one.name, () => act("message_shortcut", { ...where, callback_id: one.callback_id })]),
    ["Copy link", () => copyLink(message)],
    ["Delete message", () => act("delete", where)],
  ].map(([text, run]) => ({ text: { type: "plain_text", text }, run }));
  return [
    QUICK_REACTIONS.map((name) => tool(emoji(`:${name}:`), `React with ${name.replaceAll("_", " ")}`, () => react(name), "quick")),
    canOpen ? tool("Reply", "Reply in thread", () => openThread(message.ts), "quick") : null,
    menu(more, (entry) => entry.run(), "Message actions"),
  ];
}

function tool(sign, label, run, kind = "") {
  return h("button", { type: "button", class: `tool ${kind}`, "aria-label": label, title: label, onclick: run }, sign);
}

function copyLink(message) {
  const thread = isOwnReply(message) ? `?thread_ts=${message.thread_ts}` : "";
  navigator.clipboard?.writeText(`${location.origin}/archives/${place.channel}/p${message.ts.replace(".", "")}${thread}`);
}

async function useOnMessage(channel, message, element, block, choice) {
  if (!(await agreed(element.confirm))) return;
  await act("click", { channel: channel.id, ts: message.ts, action_id: element.action_id, block_id: block.block_id, choice });
}

// -- by keyboard: one message of a list is a stop for Tab, arrows go on from there -------------------------------------

function setCurrent(box, view) {
  const current = box.querySelector(view.divider ? `[data-ts="${view.divider}"]` : "article:last-of-type");
  for (const article of box.querySelectorAll("article")) article.tabIndex = article === current ? 0 : -1;
}

export function keepOneStop(box) {
  const articles = [...box.querySelectorAll("article")];
  if (articles.length && !articles.some((article) => article.tabIndex === 0)) articles.at(-1).tabIndex = 0;
}

export function moveAmongMessages(event) {
  const box = event.currentTarget;
  const from = event.target.closest("article");
  if (event.target !== from) return;
  const articles = [...box.querySelectorAll("article")];
  const at = articles.indexOf(from);
  const to = { ArrowDown: articles[at + 1], ArrowUp: articles[at - 1], Home: articles[0], End: articles.at(-1) }[event.key];
  if (!to) return;
  event.preventDefault();
  from.tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}
