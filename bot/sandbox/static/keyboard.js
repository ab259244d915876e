// Keys that work everywhere, and the list of them.

import { h } from "./dom.js";
import { rove } from "./focus.js";
import { moveAmongMessages } from "./messages.js";
import { closeThread, go, goNext, pane } from "./navigation.js";
import { NARROW, place } from "./store.js";

const $ = (id) => document.getElementById(id);
const KEYS = [
  [["?"], "this list"],
  [["Alt", "↑"], "channel above"],
  [["Alt", "↓"], "channel below"],
  [["F6"], "next part of the page"],
  [["↑", "↓"], "in lists, menus and messages: one up or down"],
  [["Tab"], "into a message: its buttons and tools"],
  [["/"], "in the message box: commands of the app"],
  [["Tab"], "take the chosen suggestion"],
  [["Shift", "Enter"], "break the line; Enter alone sends"],
  [["Esc"], "close a menu, a thread, a window"],
];
const PARTS = ["side", "channel", "thread"];

export function showKeys() {
  $("keys").replaceChildren(
    h("form", { method: "dialog" },
      h("h2", { id: "keys-title" }, "Keyboard"),
      h("dl", {}, KEYS.map(([keys, what]) => h("div", {}, h("dt", {}, keys.map((key) => h("kbd", {}, key))), h("dd", {}, what)))),
      h("footer", {}, h("button", { class: "call", autofocus: true }, "Close"))));
  $("keys").showModal();
}

function isTyping(target) {
  return target.matches?.("input, textarea, select");
}

function nextPart(step) {
  const parts = PARTS.filter((id) => $(id).getClientRects().length);
  const at = parts.findIndex((id) => $(id).contains(document.activeElement));
  $(parts[(at + step + parts.length) % parts.length]).focus();
}

function onKey(event) {
  if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) goNext(event.key === "ArrowUp" ? -1 : 1);
  else if (event.key === "F6") nextPart(event.shiftKey ? -1 : 1);
  else if (event.key === "?" && !isTyping(event.target)) showKeys();
  else if (event.key === "Escape" && place.thread) closeThread();
  else if (event.key === "Escape" && NARROW.matches && pane() === "side") go(place.channel);
  else return rove(event);
  event.preventDefault();
}

export function startKeyboard() {
  document.addEventListener("keydown", onKey);
  $("show-keys").addEventListener("click", showKeys);
  for (const id of ["messages", "replies"]) $(id).addEventListener("keydown", moveAmongMessages);
}
