// The page: one person's view of the workspace, kept true by server-sent events.

import { h, reconcile } from "./dom.js";
import { menu, renderAttachments, renderBlocks, setPeople } from "./blocks.js";
import { agreed, showModal } from "./modal.js";
import { emoji, mrkdwn, setNames, userName } from "./mrkdwn.js";

const $ = (id) => document.getElementById(id);
const HOME = "home";
const place = { user: localStorage.getItem("actor") ?? "U0BEN", channel: location.hash.slice(1) || "C0INC", thread: null };
let seen = null;

async function post(path, content) {
  const response = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(content) });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) toast(answer.error ?? `${path} answered ${response.status}`);
  return answer;
}

const act = (name, content) => post(`/control/act/${name}`, { user: place.user, ...content });

function toast(text) {
  const note = h("p", {}, text);
  $("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}

// -- drawing ----------------------------------------------------------------------------------------------------------

async function refresh() {
  const response = await fetch(`/page/state?as=${encodeURIComponent(place.user)}`);
  if (!response.ok) return;
  seen = await response.json();
  setNames(seen);
  setPeople(seen);
  draw();
}

function draw() {
  drawActor();
  drawChannels();
  drawChannel();
  drawThread();
  showModal(seen.modal, seen.depth, {
    submit: (values) => act("submit", { values }),
    close: (everything) => act("close", { everything }),
    use: (element, block, choice) => useInView(seen.modal.id, element, block, choice),
  });
}

function drawActor() {
  const active = seen.people.filter((person) => person.part !== "bot");
  reconcile($("actor"), active.map((person) => [person.id, person]), (person) =>
    h("option", { value: person.id }, `${person.real_name} (${person.deleted ? "deactivated" : person.part})`));
  $("actor").value = place.user;
}

function drawChannels() {
  const entries = seen.channels.map((channel) => [channel.id, { id: channel.id, label: channel.is_im ? `@ ${channel.name}` : `# ${channel.name}`, current: channel.id === place.channel, unread: isUnread(channel) }]);
  reconcile($("channels"), entries, channelEntry);
  reconcile($("apps"), [[HOME, { id: HOME, label: "⌂ watchkeeper home", current: place.channel === HOME, unread: false }]], channelEntry);
}

function channelEntry(entry) {
  return h("li", {}, h("button", { type: "button", class: entry.unread ? "unread" : "", "aria-current": entry.current ? "page" : null, onclick: () => go(entry.id) },
    h("span", {}, entry.label), entry.unread ? h("span", { class: "dot" }, h("span", { class: "hidden" }, "unread")) : null));
}

function drawChannel() {
  if (place.channel === HOME) return drawHome();
  const channel = seen.channels.find((one) => one.id === place.channel) ?? seen.channels[0];
  place.channel = channel.id;
  $("title").textContent = channel.is_im ? `@ ${channel.name}` : `# ${channel.name}`;
  $("purpose").textContent = channel.has_bot ? channel.purpose : `${channel.purpose} (the bot is not a member)`;
  $("composer").hidden = false;
  const named = `Message ${$("title").textContent.replace(" ", "")}`;
  $("composer-text").placeholder = matchMedia("(max-width: 760px)").matches ? named : `${named}, /ops …, or @watchkeeper …`;
  const top = channel.messages.filter((message) => !message.thread_ts || message.thread_ts === message.ts || message.subtype === "thread_broadcast");
  drawMessages($("messages"), channel, top, true);
  markRead(channel);
  drawChannels();
}

function drawHome() {
  $("title").textContent = "watchkeeper home";
  $("purpose").textContent = "App Home";
  $("composer").hidden = true;
  const view = seen.home;
  reconcile($("messages"), [["home", view]], () => h("div", { class: "home" }, view
    ? renderBlocks(view.blocks, (element, block, choice) => useInView(view.id, element, block, choice))
    : h("p", { class: "empty" }, "Nothing is published here yet.")));
}

function drawThread() {
  const channel = seen.channels.find((one) => one.id === place.channel);
  const parent = place.thread && channel?.messages.find((message) => message.ts === place.thread);
  $("thread").hidden = !parent;
  document.body.classList.toggle("with-thread", Boolean(parent));
  if (!parent) return;
  $("thread-of").textContent = `# ${channel.name}`;
  const replies = channel.messages.filter((message) => message.thread_ts === place.thread && message.ts !== place.thread);
  drawMessages($("replies"), channel, [parent, ...replies], false);
}

function drawMessages(box, channel, messages, withThreads) {
  const nearEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 80 || box.dataset.place !== channel.id + place.user;
  box.dataset.place = channel.id + place.user;
  const entries = messages.map((message) => [message.ts, { ...message, with_thread: withThreads }]);
  if (!entries.length) entries.push(["empty", null]);
  reconcile(box, entries, (message) => message ? messageNode(channel, message) : h("p", { class: "empty" }, "No messages yet."));
  if (nearEnd) box.scrollTop = box.scrollHeight;
}

function messageNode(channel, message) {
  const isBot = Boolean(message.bot_id);
  const use = (element, block, choice) => useOnMessage(channel, message, element, block, choice);
  const name = message.user === "USLACKBOT" ? "Slackbot" : userName(message.user);
  return h("article", { class: `message ${message.ephemeral ? "ephemeral" : ""}` },
    h("div", { class: `avatar ${isBot ? "bot" : ""}`, "aria-hidden": "true" }, name.slice(0, 1).toUpperCase()),
    h("div", { class: "content" },
      h("header", {}, h("strong", {}, name), isBot ? h("span", { class: "tag" }, "APP") : null, when(message.ts),
        message.edited ? h("span", { class: "hint" }, "(edited)") : null,
        h("span", { class: "tools" }, tools(channel, message))),
      message.ephemeral ? h("p", { class: "private" }, "Only visible to you") : null,
      message.blocks?.length ? renderBlocks(message.blocks, use) : h("div", { class: "text" }, mrkdwn(message.text)),
      renderAttachments(message.attachments, use),
      (message.files ?? []).map(fileNode),
      message.reactions ? h("p", { class: "reactions" }, message.reactions.map((one) => h("span", { title: one.users.map(userName).join(", ") }, emoji(`:${one.name}:`), ` ${one.count}`))) : null,
      message.with_thread && message.reply_count ? h("button", { type: "button", class: "replies", onclick: () => openThread(message.ts) },
        `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`, h("span", { class: "hint" }, ` last ${clock(message.latest_reply)}`)) : null));
}

function fileNode(file) {
  const name = h("a", { href: `/files/${file.id}`, download: file.name }, `${file.title} (${file.name}, ${file.size} bytes)`);
  const isImage = /\.(png|jpe?g|gif)$/i.test(file.name);
  return h("figure", { class: "file" }, isImage ? h("img", { src: `/files/${file.id}`, alt: file.title }) : null, h("figcaption", {}, name));
}

function tools(channel, message) {
  if (message.ephemeral) {
    return h("button", { type: "button", class: "kit more", "aria-label": "Dismiss message", onclick: () => act("dismiss", { ts: message.ts }) }, "✕");
  }
  const where = { channel: channel.id, ts: message.ts };
  const entries = [
    ...seen.shortcuts.map((one) => [one.name, () => act("message_shortcut", { ...where, callback_id: one.callback_id })]),
    ["React with 👀", () => act("react", { ...where, name: "eyes" })],
    ["Delete message", () => act("delete", where)],
  ].map(([text, run]) => ({ text: { type: "plain_text", text }, run }));
  return [
    message.with_thread && !(message.thread_ts && message.thread_ts !== message.ts)
      ? h("button", { type: "button", class: "kit more", "aria-label": "Reply in thread", onclick: () => openThread(message.ts) }, "Reply") : null,
    menu(entries, (entry) => entry.run(), "Message actions"),
  ];
}

function clock(ts) {
  return new Date(Number(ts) * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function when(ts) {
  const at = new Date(Number(ts) * 1000);
  return h("time", { datetime: at.toISOString(), title: at.toLocaleString() }, clock(ts));
}

// -- acting -----------------------------------------------------------------------------------------------------------

async function useOnMessage(channel, message, element, block, choice) {
  if (!(await agreed(element.confirm))) return;
  await act("click", { channel: channel.id, ts: message.ts, action_id: element.action_id, block_id: block.block_id, choice });
}

async function useInView(viewId, element, block, choice) {
  if (!(await agreed(element.confirm))) return;
  await act("click_view", { view_id: viewId, action_id: element.action_id, block_id: block.block_id, choice });
}

function send(field, thread) {
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  grow(field);
  const where = { channel: place.channel, text, ...(thread ? { thread_ts: thread } : {}) };
  act(text.startsWith("/") ? "command" : "say", where);
}

function go(id) {
  place.channel = id;
  place.thread = null;
  history.replaceState(null, "", `#${id}`);
  showSide(false);
  if (id === HOME) act("home", {});
  draw();
}

function openThread(ts) {
  place.thread = ts;
  drawThread();
  $("reply-text").focus();
}

function showSide(on) {
  document.body.classList.toggle("with-side", on);
  $("open-side").setAttribute("aria-expanded", String(on));
}

function grow(field) {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 160)}px`;
}

// -- unread marks -----------------------------------------------------------------------------------------------------

const readKey = (channel) => `read:${place.user}:${channel.id}`;
const lastTs = (channel) => channel.messages.filter((message) => message.user !== place.user).at(-1)?.ts ?? "0";

function isUnread(channel) {
  return channel.id !== place.channel && Number(lastTs(channel)) > Number(localStorage.getItem(readKey(channel)) ?? 0);
}

function markRead(channel) {
  if (!document.hidden) localStorage.setItem(readKey(channel), lastTs(channel));
}

// -- the simulated platform -------------------------------------------------------------------------------------------

async function drawPlatform() {
  const state = await (await fetch("/page/platform")).json().catch(() => ({ configured: true, error: "no answer" }));
  $("platform").hidden = !state.configured;
  if (!state.configured) return;
  const services = Object.entries(state.services ?? {});
  $("platform-services").replaceChildren(...(services.length ? services : [["platform", { status: state.error ?? "no services" }]]).map(([name, service]) =>
    h("div", {}, h("dt", {}, name), h("dd", { class: service.broken ? "bad" : "" }, service.status))));
  const change = (path, service) => post(`/page/platform/${path}`, { service }).then(drawPlatform);
  reconcile($("platform-actions"), [["buttons", state.services?.qdrant?.broken ?? false]], (broken) => h("div", {},
    h("button", { type: "button", disabled: broken, onclick: () => change("break", "qdrant") }, "Stop qdrant"),
    h("button", { type: "button", disabled: !broken, onclick: () => change("mend", "qdrant") }, "Start qdrant")));
}

// -- wiring -----------------------------------------------------------------------------------------------------------

for (const [form, field, thread] of [["composer", "composer-text", () => null], ["reply-composer", "reply-text", () => place.thread]]) {
  $(form).addEventListener("submit", (event) => { event.preventDefault(); send($(field), thread()); });
  $(field).addEventListener("input", () => grow($(field)));
  $(field).addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send($(field), thread());
  });
}
$("actor").addEventListener("change", (event) => {
  place.user = event.target.value;
  localStorage.setItem("actor", place.user);
  refresh();
});
$("close-thread").addEventListener("click", () => { place.thread = null; drawThread(); });
$("open-side").addEventListener("click", () => showSide(!document.body.classList.contains("with-side")));
$("channel").addEventListener("click", (event) => { if (!$("open-side").contains(event.target)) showSide(false); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") showSide(false); });

const params = new URLSearchParams(location.search);
const permalink = location.pathname.match(/^\/archives\/([^/]+)\/p(\d+)(\d{6})$/);
if (params.has("as")) place.user = params.get("as");
if (permalink) [place.channel, place.thread] = [permalink[1], params.get("thread_ts") ?? `${permalink[2]}.${permalink[3]}`];

const changes = new EventSource("/page/changes");
let pending = null;
changes.onmessage = () => {
  $("link-state").textContent = "";
  pending ??= setTimeout(() => { pending = null; refresh(); }, 30);
};
changes.onerror = () => { $("link-state").textContent = "connecting…"; };
drawPlatform();
setInterval(() => { if (!$("platform").hidden && !document.hidden) drawPlatform(); }, 2000);
