// Going from place to place: the address bar remembers where, so that "back" works and a reload stays.

import { HOME, NARROW, act, draw, place, refresh, seen } from "./store.js";

const $ = (id) => document.getElementById(id);

// On a phone one pane is seen at a time; on a laptop this only says where the person is.
export function showPane(pane) {
  document.body.dataset.pane = pane;
}

export function pane() {
  return document.body.dataset.pane;
}

// Brings focus along where the pane that held it has gone out of sight.
function landOn(id) {
  if (NARROW.matches) $(id).focus({ preventScroll: true });
}

export function go(channel, thread = null) {
  place.channel = channel;
  place.thread = thread;
  showPane(thread ? "thread" : "channel");
  history.pushState(null, "", `#${channel}${thread ? `/${thread}` : ""}`);
  if (channel === HOME) act("home", {});
  draw();
  landOn(thread ? "thread" : "channel");
}

export function openThread(ts, { focus = true } = {}) {
  go(place.channel, ts);
  if (focus && !NARROW.matches) $("reply-text").focus();
}

export function closeThread() {
  const parent = place.thread;
  go(place.channel);
  const message = document.querySelector(`#messages [data-ts="${parent}"]`);
  if (NARROW.matches) message?.scrollIntoView({ block: "start" });
  else message?.focus();
}

export function showSide() {
  showPane("side");
  draw();
  landOn("side");
}

export function actAs(user) {
  place.user = user;
  localStorage.setItem("actor", user);
  refresh();
}

// Moves up or down the side's list of places, around the ends.
export function goNext(step) {
  const places = [...seen.channels.map((channel) => channel.id), HOME];
  go(places[(places.indexOf(place.channel) + step + places.length) % places.length]);
}

function readAddress() {
  const [channel, thread] = location.hash.slice(1).split("/");
  if (!channel) return;
  place.channel = channel;
  place.thread = thread ?? null;
  showPane(thread ? "thread" : "channel");
}

function readPermalink() {
  const found = location.pathname.match(/^\/archives\/([^/]+)\/p(\d+)(\d{6})$/);
  if (!found) return readAddress();
  const thread = new URLSearchParams(location.search).get("thread_ts") ?? `${found[2]}.${found[3]}`;
  [place.channel, place.thread] = [found[1], thread];
  showPane("thread");
}

export function startNavigation() {
  const asked = new URLSearchParams(location.search).get("as");
  if (asked) place.user = asked;
  readPermalink();
  addEventListener("popstate", () => { readAddress(); draw(); });
  $("open-side").addEventListener("click", showSide);
  $("close-thread").addEventListener("click", closeThread);
  $("leave-thread").addEventListener("click", closeThread);
}
