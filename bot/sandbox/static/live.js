// Staying true: changes are streamed, a lost connection is said and mended, and what is new is announced once, briefly.

import { h } from "./dom.js";
import { authorOf } from "./messages.js";
import { mrkdwn } from "./mrkdwn.js";
import { currentChannel, isOwnReply, onDraw, place, refresh, seen, HOME } from "./store.js";
import { calls } from "./unread.js";

const $ = (id) => document.getElementById(id);
const COALESCE_MS = 40;
const RETRY_MS = 1000;
const REGAINED_MS = 3000;
const ANNOUNCE_MS = 700;

let stream = null;
let pending = null;
let isLost = false;

function look() {
  pending ??= setTimeout(() => {
    pending = null;
    refresh().then(regained, lost);
  }, COALESCE_MS);
}

function lost() {
  isLost = true;
  $("connection").className = "connection lost";
  $("connection").textContent = "Connection lost. Trying again …";
  stream?.close();
  stream = null;
  setTimeout(listen, RETRY_MS);
}

function regained() {
  if (!isLost) return;
  isLost = false;
  $("connection").className = "connection regained";
  $("connection").textContent = "Connected again.";
  setTimeout(() => { if (!isLost) $("connection").textContent = ""; }, REGAINED_MS);
}

function listen() {
  if (stream) return;
  stream = new EventSource("/page/changes");
  stream.onmessage = look;
  stream.onerror = () => { if (stream) lost(); };
}

// -- for those who listen ---------------------------------------------------------------------------------------------

let heardUntil = null;
let heardAs = null;
let unheard = [];
let timer = null;

// Says who wrote where the person is, or who calls them elsewhere; several at once are counted, and edits are silent.
function announce() {
  const newest = Math.max(0, ...seen.channels.flatMap((channel) => channel.messages.map((message) => Number(message.ts))));
  if (heardAs !== place.user || heardUntil === null) [heardAs, heardUntil] = [place.user, newest];
  const here = place.channel === HOME ? null : currentChannel().id;
  for (const channel of seen.channels) {
    for (const message of channel.messages) {
      if (Number(message.ts) <= heardUntil || message.user === place.user) continue;
      const isHere = channel.id === here && (!isOwnReply(message) || message.thread_ts === place.thread);
      if (isHere || calls(message, place.user)) unheard.push(`${authorOf(message)}: ${spoken(message)}`);
    }
  }
  heardUntil = newest;
  if (unheard.length) timer ??= setTimeout(speak, ANNOUNCE_MS);
}

// The words of a message as they are shown: names, groups, the reader's own time; never the markup behind them.
function spoken(message) {
  const node = h("div", {}, mrkdwn(message.attachments?.[0]?.fallback ?? message.text));
  for (const end of node.querySelectorAll("br")) end.replaceWith(" ");
  return node.textContent;
}

function speak() {
  timer = null;
  $("announcer").textContent = unheard.length === 1 ? unheard[0].slice(0, 200) : `${unheard.length} new messages`;
  unheard = [];
}

export function startLive() {
  onDraw(announce);
  listen();
}
