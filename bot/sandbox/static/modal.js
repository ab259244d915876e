// Modals: a view's blocks with working inputs, the errors of the last submission, and the confirm dialog of elements.

import { h } from "./dom.js";
import { optionNodes, personOptions, renderBlocks, textObject } from "./blocks.js";
import { plainText } from "./mrkdwn.js";

const dialog = document.getElementById("modal");
const confirmDialog = document.getElementById("confirm");
let shown = null;

// showModal(view, depth, acts): acts = { submit(values), close(everything), use(element, block, choice) }
export function showModal(view, depth, acts) {
  if (!view) {
    shown = null;
    if (dialog.open) dialog.close();
    return;
  }
  const print = JSON.stringify([view.id, view.hash, view.errors, view.notice]);
  if (print === shown) return;
  const kept = shown && dialog.dataset.view === view.id ? gather() : {};
  shown = print;
  dialog.dataset.view = view.id;
  dialog.replaceChildren(body(view, depth, acts, kept));
  if (!dialog.open) dialog.showModal();
}

function body(view, depth, acts, kept) {
  const form = h("form", { method: "dialog", onsubmit: (event) => { event.preventDefault(); acts.submit(gather()); } },
    h("header", { class: "modal-bar" },
      h("h2", {}, textObject(view.title)),
      h("button", { type: "button", class: "icon", "aria-label": "Close", onclick: () => acts.close(true) }, "✕")),
    h("div", { class: "modal-body" },
      view.notice ? h("p", { class: "error", role: "alert" }, view.notice) : null,
      view.blocks.map((block) => block.type === "input" ? inputBlock(block, view, kept) : renderBlocks([block], acts.use))),
    h("footer", { class: "modal-foot" },
      h("button", { type: "button", onclick: () => acts.close(false) }, view.close ? textObject(view.close) : depth > 1 ? "Back" : "Cancel"),
      view.submit ? h("button", { type: "submit", class: "primary" }, textObject(view.submit)) : null));
  dialog.oncancel = (event) => { event.preventDefault(); acts.close(false); };
  return form;
}

function inputBlock(block, view, kept) {
  const id = `in-${block.block_id}`;
  const error = view.errors[block.block_id];
  const held = kept[block.block_id] ?? heldValue(view.state.values[block.block_id]?.[block.element.action_id]) ?? initial(block.element);
  const field = input(block.element, id, held);
  field.dataset.block = block.block_id;
  const grouped = field.tagName === "FIELDSET";
  if (error && !grouped) field.setAttribute("aria-invalid", "true");
  if (!grouped) field.setAttribute("aria-describedby", `${id}-note`);
  return h("div", { class: "input" },
    h(grouped ? "p" : "label", grouped ? { class: "label" } : { for: id, class: "label" }, plainText(block.label.text), block.optional ? h("span", { class: "optional" }, " (optional)") : null),
    field,
    h("p", { id: `${id}-note`, class: error ? "error" : "hint", role: error ? "alert" : null }, error ?? (block.hint ? plainText(block.hint.text) : "")));
}

function input(element, id, held) {
  const placeholder = element.placeholder ? plainText(element.placeholder.text) : "";
  switch (element.type) {
    case "plain_text_input":
      return element.multiline
        ? h("textarea", { id, rows: "4", placeholder, value: held ?? "", autofocus: element.focus_on_load ?? false })
        : h("input", { id, type: "text", placeholder, value: held ?? "", autofocus: element.focus_on_load ?? false });
    case "number_input": return h("input", { id, type: "text", inputmode: "decimal", placeholder, value: held ?? "" });
    case "email_text_input": return h("input", { id, type: "email", placeholder, value: held ?? "" });
    case "url_text_input": return h("input", { id, type: "url", placeholder, value: held ?? "" });
    case "datepicker": return h("input", { id, type: "date", value: held ?? "" });
    case "timepicker": return h("input", { id, type: "time", value: held ?? "" });
    case "datetimepicker": return h("input", { id, type: "datetime-local", "data-kind": "unix", value: held ? localTime(held) : "" });
    case "static_select": return h("select", { id }, h("option", { value: "" }, placeholder || "Choose an option"), optionNodes(element, held));
    case "multi_static_select": return h("select", { id, multiple: true }, optionNodes(element, null));
    case "users_select": return h("select", { id }, h("option", { value: "" }, placeholder || "Select a person"), personOptions(held));
    case "radio_buttons": return choices(element, "radio", id, [held]);
    case "checkboxes": return choices(element, "checkbox", id, held ?? []);
    default: return h("input", { id, type: "text", placeholder: `${element.type}`, value: held ?? "" });
  }
}

function choices(element, type, id, held) {
  return h("fieldset", { class: "choices", "data-kind": type }, element.options.map((option) => h("label", {},
    h("input", { type, name: id, value: option.value, checked: held.includes(option.value) }),
    h("span", {}, textObject(option.text), option.description ? h("span", { class: "hint" }, " ", textObject(option.description)) : null))));
}

// Values by block_id, as the control API takes them; empty fields are null.
function gather() {
  const values = {};
  for (const field of dialog.querySelectorAll("[data-block]")) values[field.dataset.block] = fieldValue(field);
  return values;
}

function fieldValue(field) {
  const checked = () => [...field.querySelectorAll("input:checked")].map((box) => box.value);
  if (field.dataset.kind === "radio") return checked()[0] ?? null;
  if (field.dataset.kind === "checkbox") return checked();
  if (field.dataset.kind === "unix") return field.value ? Math.floor(new Date(field.value).getTime() / 1000) : null;
  if (field.multiple) return [...field.selectedOptions].map((option) => option.value);
  return field.value || null;
}

function heldValue(state) {
  if (!state) return undefined;
  const { type, ...rest } = state;
  const value = Object.values(rest)[0];
  if (Array.isArray(value)) return value.map((item) => item?.value ?? item);
  return value?.value ?? value ?? undefined;
}

function initial(element) {
  return element.initial_value ?? element.initial_option?.value ?? element.initial_options?.map((option) => option.value)
    ?? element.initial_user ?? element.initial_date ?? element.initial_time ?? element.initial_date_time ?? null;
}

function localTime(seconds) {
  const at = new Date(seconds * 1000);
  return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

// Resolves to true when the person agrees; elements without `confirm` need no asking.
export function agreed(confirm) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (answer) => { confirmDialog.close(); resolve(answer); };
    confirmDialog.oncancel = () => resolve(false);
    confirmDialog.replaceChildren(h("form", { method: "dialog" },
      h("h2", {}, textObject(confirm.title)),
      h("div", { class: "modal-body" }, textObject(confirm.text)),
      h("footer", { class: "modal-foot" },
        h("button", { type: "button", onclick: () => end(false) }, textObject(confirm.deny)),
        h("button", { type: "button", class: confirm.style === "danger" ? "danger" : "primary", onclick: () => end(true) }, textObject(confirm.confirm)))));
    confirmDialog.showModal();
  });
}
