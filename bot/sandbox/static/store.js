// What the page knows: who acts, where they look, and the workspace as that person sees it. Drawing is the others' part.

import { h } from "./dom.js";

export const HOME = "home";
export const NARROW = matchMedia("(max-width: 760px)");
export const place = { user: localStorage.getItem("actor") ?? "U0BEN", channel: "C0INC", thread: null };
export let seen = null;
export let platform = null;

const drawers = [];

export function onDraw(drawer) {
  drawers.push(drawer);
}

export function draw() {
  if (seen) for (const drawer of drawers) drawer();
}

// -- reading ----------------------------------------------------------------------------------------------------------

// Reads the workspace anew. Rejects when the stand-in does not answer; a person it does not know becomes Ben.
export async function refresh() {
  const asked = place.user;
  const response = await fetch(`/page/state?as=${encodeURIComponent(asked)}`);
  if (response.status === 404) {
    place.user = "U0BEN";
    return refresh();
  }
  if (!response.ok) throw new Error(`/page/state answered ${response.status}`);
  const fresh = await response.json();
  if (asked !== place.user) return; // somebody else sat down meanwhile, and their own answer is on its way
  seen = fresh;
  draw();
}

export async function refreshPlatform() {
  const asked = await fetch("/page/platform").then((response) => response.json()).catch(() => null);
  platform = asked ?? { configured: platform?.configured ?? false, error: "no answer" };
  draw();
}

export function currentChannel() {
  return seen.channels.find((channel) => channel.id === place.channel) ?? seen.channels[0];
}

export function people() {
  return seen.people.filter((person) => person.part !== "bot");
}

export function isOwnReply(message) {
  return Boolean(message.thread_ts) && message.thread_ts !== message.ts;
}

export function topLevel(channel) {
  return channel.messages.filter((message) => !isOwnReply(message) || message.subtype === "thread_broadcast");
}

export function repliesOf(channel, ts) {
  return channel.messages.filter((message) => message.thread_ts === ts && message.ts !== ts);
}

// -- acting -----------------------------------------------------------------------------------------------------------

export async function post(path, content) {
  const answered = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(content) })
    .catch(() => null);
  if (!answered) return say("The sandbox does not answer. Nothing was done.");
  const answer = await answered.json().catch(() => ({}));
  if (!answered.ok) say(answer.error ?? `${path} answered ${answered.status}`);
  return answer;
}

export const act = (name, content) => post(`/control/act/${name}`, { user: place.user, ...content });

export async function change(kind, content) {
  const answer = await post(`/page/platform/${kind}`, content);
  await refreshPlatform();
  return answer;
}

export function say(text) {
  const note = h("p", {}, text);
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 6000);
}
