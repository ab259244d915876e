// The two message boxes. A draft stays with the person and the place it was written for.

import { withCompletion } from "./completion.js";
import { HOME, act, place } from "./store.js";

const $ = (id) => document.getElementById(id);
const HIGHEST_PX = 180;

const drafts = new Map();
const boxes = [
  { form: "composer", field: "composer-text", suggestions: "composer-suggestions", inThread: false },
  { form: "reply-composer", field: "reply-text", suggestions: "reply-suggestions", inThread: true },
];

const draftKey = (box) => [place.user, place.channel, box.inThread ? place.thread : ""].join(":");

export function drawComposers() {
  for (const box of boxes) {
    const key = draftKey(box);
    if (box.key === key) continue;
    box.key = key;
    $(box.field).value = drafts.get(key) ?? "";
    grow($(box.field));
  }
}

function grow(field) {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, HIGHEST_PX)}px`;
}

function send(box) {
  const field = $(box.field);
  const text = field.value.trim();
  if (!text || place.channel === HOME) return;
  field.value = "";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  const where = { channel: place.channel, text, ...(box.inThread ? { thread_ts: place.thread } : {}) };
  act(text.startsWith("/") ? "command" : "say", where);
}

function insert(field, sign) {
  const needsSpace = sign !== "/" && /\S$/.test(field.value.slice(0, field.selectionStart));
  if (sign === "/") field.value = "";
  field.focus();
  field.setRangeText((needsSpace ? " " : "") + sign, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

export function startComposers() {
  for (const box of boxes) {
    const [form, field] = [$(box.form), $(box.field)];
    const completion = withCompletion(field, $(box.suggestions), box);
    form.addEventListener("submit", (event) => { event.preventDefault(); send(box); });
    field.addEventListener("input", () => {
      drafts.set(draftKey(box), field.value);
      grow(field);
    });
    field.addEventListener("keydown", (event) => {
      if (event.isComposing || completion.takesKey(event)) return;
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      send(box);
    });
    for (const button of form.querySelectorAll("[data-insert]")) button.addEventListener("click", () => insert(field, button.dataset.insert));
  }
}
