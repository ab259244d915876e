// Everything a person can enter or choose, one field for each element; a field's `read()` gives its value as
// the control API takes it, null or an empty list when nothing is entered.

import { h, newId } from "./dom.js";
import { externalSelect } from "./external_select.js";
import { multiSelect } from "./multi_select.js";
import { plainText, textObject } from "./mrkdwn.js";
import { optionNodes } from "./options.js";

// field(element, { held, changed, name }): `held` is the value to begin with, `changed(value)` hears every choice,
// `name` labels the field where no visible label does.
export function field(element, { held = initialValue(element), changed = null, name = null } = {}) {
  const build = FIELD[element.type] ?? unsupported;
  const node = build(element, { held, changed: changed ?? (() => {}), dispatches: changed !== null, name, placeholder: element.placeholder ? plainText(element.placeholder.text) : "" });
  node.read ??= () => node.value || null;
  if (element.focus_on_load) node.dataset.focusOnLoad = "";
  return node;
}

export const isField = (element) => element.type in FIELD;

// The value an untouched element holds.
function initialValue(element) {
  const many = element.initial_options?.map((option) => option.value) ?? element.initial_users ?? element.initial_conversations ?? element.initial_channels;
  return many ?? element.initial_value ?? element.initial_option?.value ?? element.initial_user ?? element.initial_conversation
    ?? element.initial_channel ?? element.initial_date ?? element.initial_time ?? element.initial_date_time ?? null;
}

// The value in one entry of `state.values`; undefined when the view has no state for it.
export function heldValue(state) {
  if (!state) return undefined;
  const { type, ...rest } = state;
  const value = Object.values(rest)[0];
  if (type === "rich_text_input") return value ?? undefined;
  if (Array.isArray(value)) return value.map((item) => item?.value ?? item);
  return value?.value ?? value ?? undefined;
}

// The block with what the view holds for its elements outside inputs; `values` is a view's state.values.
export function holding(block, values) {
  const states = values?.[block.block_id];
  if (!states) return block;
  const held = (element) => (element?.action_id in states ? { ...element, held: heldValue(states[element.action_id]) } : element);
  return { ...block, accessory: block.accessory && held(block.accessory), elements: block.elements?.map?.(held) };
}

const FIELD = {
  plain_text_input: (element, given) => typed(h(element.multiline ? "textarea" : "input",
    { type: element.multiline ? null : "text", rows: element.multiline ? "4" : null, maxlength: element.max_length }), element, given),
  email_text_input: (element, given) => typed(h("input", { type: "email", autocomplete: "off" }), element, given),
  url_text_input: (element, given) => typed(h("input", { type: "url", autocomplete: "off" }), element, given),
  number_input: (element, given) => typed(h("input", { type: "text", inputmode: "decimal", autocomplete: "off" }), element, given),
  rich_text_input: (element, given) => richTextInput(element, given),
  datepicker: (_element, given) => picked(h("input", { type: "date", "aria-label": "Date" }), given),
  timepicker: (_element, given) => picked(h("input", { type: "time", "aria-label": "Time" }), given),
  datetimepicker: (_element, given) => {
    const node = picked(h("input", { type: "datetime-local", "aria-label": "Date and time" }), { ...given, held: given.held ? localTime(given.held) : "" });
    node.read = () => (node.value ? Math.floor(new Date(node.value).getTime() / 1000) : null);
    return node;
  },
  static_select: select, users_select: select, conversations_select: select, channels_select: select,
  multi_static_select: multiSelect, multi_users_select: multiSelect, multi_conversations_select: multiSelect, multi_channels_select: multiSelect,
  external_select: externalSelect, multi_external_select: externalSelect,
  radio_buttons: (element, given) => choices(element, given, "radio"),
  checkboxes: (element, given) => choices(element, given, "checkbox"),
};

function typed(node, element, { held, changed, dispatches, name, placeholder }) {
  node.classList.add("bk-input");
  if (placeholder) node.placeholder = placeholder;
  if (name) node.setAttribute("aria-label", name);
  node.value = held ?? "";
  if (dispatches) dispatch(node, element, changed);
  return node;
}

// Slack tells the app on Enter, or on every character where the element asks for that.
function dispatch(node, element, changed) {
  const wanted = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const tell = () => changed(node.read());
  if (wanted.includes("on_character_entered")) node.addEventListener("input", tell);
  if (!wanted.includes("on_enter_pressed")) return;
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || (element.multiline && event.shiftKey)) return;
    event.preventDefault();
    tell();
  });
}

// The editor of a rich text input takes plain paragraphs; what it gives is one rich text section.
function richTextInput(element, given) {
  const node = typed(h("textarea", { rows: "4" }), element, { ...given, held: richTextLines(given.held) });
  node.read = () => (node.value ? { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text: node.value }] }] } : null);
  return node;
}

function richTextLines(held) {
  if (typeof held === "string" || !held) return held ?? "";
  const text = (item) => item.text ?? item.elements?.map(text).join("") ?? item.url ?? (item.name ? `:${item.name}:` : "");
  return held.elements.map(text).join("\n");
}

function picked(node, { held, changed, name, placeholder }) {
  node.classList.add("bk-input", "bk-picker");
  if (name || placeholder) node.setAttribute("aria-label", name ?? placeholder);
  node.value = held ?? "";
  node.addEventListener("change", () => changed(node.read()));
  return node;
}

function select(element, { held, changed, name, placeholder }) {
  const label = placeholder || "Select an option";
  const node = h("select", { class: "bk-select", "aria-label": name ?? label, onchange: () => changed(node.value || null) },
    h("option", { value: "" }, label), optionNodes(element, held));
  return node;
}

function choices(element, { held, changed, name }, type) {
  const group = newId("choice");
  const chosen = [held].flat();
  const node = h("fieldset", { class: "choices", role: type === "radio" ? "radiogroup" : "group", "aria-label": name, onchange: () => changed(node.read()) },
    element.options.map((option) => h("label", { class: "choice" },
      h("input", { type, name: group, value: option.value, checked: chosen.includes(option.value) }),
      h("span", {}, textObject(option.text), option.description ? h("span", { class: "option-note" }, textObject(option.description)) : null))));
  const checked = () => [...node.querySelectorAll("input:checked")].map((box) => box.value);
  node.read = () => (type === "radio" ? checked()[0] ?? null : checked());
  return node;
}

function unsupported(element) {
  const words = element.type === "file_input" ? "File uploads are not part of the stand-in; use this field in Slack." : `A field of type “${element.type}”; use it in Slack.`;
  const node = h("p", { class: "bk-unsupported" }, words);
  node.read = () => undefined;
  return node;
}

function localTime(seconds) {
  const at = new Date(seconds * 1000);
  return new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}
