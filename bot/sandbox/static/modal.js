// Modals: a view's blocks with working inputs, the errors of the last submission, and the confirm dialog of elements.

import { h, newId } from "./dom.js";
import { renderBlock } from "./blocks.js";
import { heldValue, holding } from "./fields.js";
import { inputBlock } from "./inputs.js";
import { textObject } from "./mrkdwn.js";

const FOCUSABLE = "button, input, select, textarea, summary, a[href], [tabindex='0']";
let shown = null;
let opener = null;

const modal = () => document.getElementById("modal");
const confirmDialog = () => document.getElementById("confirm");

// showModal(view, depth, acts): acts = { submit(values), close(everything), use(element, block, choice) }
export function showModal(view, depth, acts) {
  const dialog = modal();
  if (!view) return hide(dialog);
  const print = JSON.stringify([view.id, view.hash, view.errors, view.notice, depth]);
  if (print === shown) return undefined;
  const isSame = shown !== null && dialog.dataset.view === view.id;
  const kept = isSame ? typedValues(dialog) : new Map();
  const focused = isSame ? dialog.querySelector(":focus")?.closest("[data-action]")?.dataset.action : null;
  shown = print;
  dialog.dataset.view = view.id;
  draw(dialog, view, depth, acts, kept);
  if (!dialog.open) {
    opener = rememberFocus();
    dialog.showModal();
  }
  focusFirst(dialog, focused);
  return undefined;
}

function hide(dialog) {
  shown = null;
  if (!dialog.open) return;
  dialog.close();
  dialog.replaceChildren();
  returnFocus(opener);
}

function draw(dialog, view, depth, acts, kept) {
  const titleId = newId("title");
  const submit = (event) => {
    event.preventDefault();
    const values = checkedValues(dialog);
    if (values) acts.submit(values);
  };
  dialog.setAttribute("aria-labelledby", titleId);
  dialog.oncancel = (event) => { event.preventDefault(); acts.close(false); };
  dialog.onclose = () => { if (shown !== null && !dialog.open) acts.close(false); }; // a second Escape cannot be prevented
  dialog.onkeydown = (event) => keepFocus(dialog, event);
  dialog.replaceChildren(h("form", { method: "dialog", novalidate: true, onsubmit: submit },
    h("header", { class: "modal-bar" },
      h("h2", { id: titleId }, textObject(view.title)),
      h("button", { type: "button", class: "modal-close", "aria-label": depth > 1 ? "Close all" : "Close", onclick: () => acts.close(true) }, "✕")),
    h("div", { class: "modal-body blocks" },
      view.notice ? h("p", { class: "error", role: "alert" }, view.notice) : null,
      view.blocks.map((block) => (block.type === "input" ? inputOf(block, view, kept, acts) : renderBlock(holding(block, view.state?.values), acts.use)))),
    h("footer", { class: "modal-foot" },
      h("button", { type: "button", class: "kit", onclick: () => acts.close(false) }, view.close ? textObject(view.close) : depth > 1 ? "Back" : "Cancel"),
      view.submit ? h("button", { type: "submit", class: "kit primary" }, textObject(view.submit)) : null)));
}

const keyOf = (blockId, actionId) => JSON.stringify([blockId, actionId]);

// What was typed outlives an update as long as block and action keep their ids, as in Slack.
function inputOf(block, view, kept, acts) {
  const key = keyOf(block.block_id, block.element.action_id);
  const held = kept.has(key) ? kept.get(key) : heldValue(view.state?.values?.[block.block_id]?.[block.element.action_id]);
  return inputBlock(block, { held, error: view.errors?.[block.block_id] ?? "", changed: (value) => acts.use(block.element, block, value) });
}

const inputsOf = (dialog) => [...dialog.querySelectorAll("[data-block]")].filter((node) => node.read() !== undefined);

function typedValues(dialog) {
  return new Map(inputsOf(dialog).map((node) => [keyOf(node.dataset.block, node.dataset.action), node.read()]));
}

// Values by block_id, as the control API takes them; null when a field holds what the client itself refuses.
function checkedValues(dialog) {
  const inputs = inputsOf(dialog);
  for (const node of inputs) node.show(node.complaint());
  const wrong = inputs.find((node) => node.control.hasAttribute("aria-invalid"));
  if (wrong) wrong.control.focus();
  return wrong ? null : Object.fromEntries(inputs.map((node) => [node.dataset.block, node.read()]));
}

// -- focus ------------------------------------------------------------------------------------------------------------

// First a field in error, then the one that had focus, the one that asks for it, the first field, the first button.
function focusFirst(dialog, action) {
  const body = dialog.querySelector(".modal-body");
  const place = body.querySelector("[aria-invalid]") ?? (action ? body.querySelector(`[data-action="${CSS.escape(action)}"]`) : null)
    ?? body.querySelector("[data-focus-on-load]") ?? body.querySelector(".bk-field") ?? dialog.querySelector(".modal-foot .primary");
  const target = place?.matches(FOCUSABLE) ? place : place?.querySelector(FOCUSABLE);
  (target ?? dialog.querySelector(".modal-foot button")).focus();
}

function keepFocus(dialog, event) {
  if (event.key !== "Tab") return;
  const places = [...dialog.querySelectorAll(FOCUSABLE)].filter((node) => !node.disabled && node.tabIndex >= 0 && node.getClientRects().length);
  const edge = event.shiftKey ? places[0] : places.at(-1);
  if (document.activeElement !== edge) return;
  event.preventDefault();
  (event.shiftKey ? places.at(-1) : places[0]).focus();
}

// The place a dialog was opened from, so that it is found again even when its message was drawn anew meanwhile.
function rememberFocus() {
  const node = document.activeElement;
  return { node, key: node?.closest("[data-key]")?.dataset.key, action: node?.closest("[data-action]")?.dataset.action };
}

function returnFocus(place) {
  if (!place?.node) return;
  if (place.node.isConnected) return void place.node.focus();
  const within = place.key ? document.querySelector(`[data-key="${CSS.escape(place.key)}"]`) : null;
  const again = place.action ? within?.querySelector(`[data-action="${CSS.escape(place.action)}"]`) : null;
  (again?.matches(FOCUSABLE) ? again : again?.querySelector(FOCUSABLE))?.focus();
}

// -- confirm ----------------------------------------------------------------------------------------------------------

// Resolves to true when the person agrees; elements without `confirm` need no asking.
export function agreed(confirm) {
  if (!confirm) return Promise.resolve(true);
  const dialog = confirmDialog();
  const from = rememberFocus();
  const [titleId, textId] = [newId("confirm"), newId("confirm")];
  return new Promise((resolve) => {
    const end = (answer) => { dialog.onclose = null; dialog.close(); returnFocus(from); resolve(answer); };
    const isDanger = confirm.style === "danger";
    dialog.setAttribute("role", "alertdialog");
    dialog.setAttribute("aria-labelledby", titleId);
    dialog.setAttribute("aria-describedby", textId);
    dialog.oncancel = (event) => { event.preventDefault(); end(false); };
    dialog.onclose = () => end(false);
    dialog.onkeydown = (event) => keepFocus(dialog, event);
    const deny = h("button", { type: "button", class: "kit", onclick: () => end(false) }, textObject(confirm.deny));
    const accept = h("button", { type: "button", class: isDanger ? "kit danger" : "kit primary", onclick: () => end(true) }, textObject(confirm.confirm));
    dialog.replaceChildren(h("form", { method: "dialog" },
      h("header", { class: "modal-bar" }, h("h2", { id: titleId }, textObject(confirm.title))),
      h("div", { class: "modal-body text", id: textId }, textObject(confirm.text)),
      h("footer", { class: "modal-foot" }, deny, accept)));
    dialog.showModal();
    (isDanger ? deny : accept).focus(); // Enter never destroys by habit
  });
}
